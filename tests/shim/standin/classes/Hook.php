<?php

declare(strict_types=1);

use PrestaShop\PrestaShop\Core\Module\Exception\ModuleErrorInterface;

/**
 * Hooks and who is registered in them, from ps_hook, ps_hook_module, ps_module, ps_module_shop and ps_module_group: a
 * module is left out where a customer's groups may not use it, before 9.0 on devices for which it is switched off, and
 * everywhere with PS_DISABLE_NON_NATIVE_MODULE.
 */
class Hook
{
    /** @var array<string, array<string, list<array{id_hook: int, module: string, id_module: int}>>> by customer and hook */
    private static $listeners = [];

    /** @var string[] */
    public static $executed_hooks = [];

    /** @var int|null */
    public $id;
    /** @var string|null */
    public $name;

    public function __construct($id = null)
    {
        $row = Db::getInstance()->getRow('SELECT * FROM `' . _DB_PREFIX_ . 'hook` WHERE `id_hook` = ' . (int) $id);
        $this->id = $row ? (int) $row['id_hook'] : null;
        $this->name = $row['name'] ?? null;
    }

    public function delete()
    {
        return Db::getInstance()->delete('hook', '`id_hook` = ' . (int) $this->id);
    }

    public static function exec(
        $hook_name,
        $hook_args = [],
        $id_module = null,
        $array_return = false,
        $check_exceptions = true,
        $use_push = false,
        $id_shop = null,
        $chain = false
    ) {
        if (!Validate::isHookName($hook_name)) {
            throw new PrestaShopException('Invalid hook name');
        }
        if (!self::existsHere($hook_name)) {
            return $array_return ? [] : null;
        }
        Standin::note('hook ' . $hook_name);
        self::$executed_hooks[] = $hook_name;
        $context = Context::getContext();
        if (empty($hook_args['cookie'])) {
            $hook_args['cookie'] = $context->cookie;
        }
        if (empty($hook_args['cart'])) {
            $hook_args['cart'] = $context->cart;
        }
        $output = $array_return ? [] : '';
        $listeners = Configuration::get('PS_DISABLE_NON_NATIVE_MODULE') ? [] : self::getHookModuleExecList($hook_name);
        foreach ($listeners as $listener) {
            $timer = Standin::startTimer();
            $module = Module::getInstanceByName($listener['module']);
            if (!$module || ($id_module && (int) $id_module !== $listener['id_module'])) {
                continue;
            }
            $answer = self::callHookOn($module, $hook_name, $hook_args);
            Standin::stopTimer($timer);
            if ($array_return) {
                $output[$listener['module']] = $answer;
            } else {
                $output .= is_scalar($answer) ? (string) $answer : '';
            }
        }

        return $output;
    }

    public static function getHookModuleExecList($hook_name = null)
    {
        $customer = Context::getContext()->customer;
        $key = $customer ? (string) $customer->id : '';
        if (!isset(self::$listeners[$key])) {
            self::$listeners[$key] = [];
            $rows = Db::getInstance()->executeS(
                'SELECT h.`id_hook`, LOWER(h.`name`) AS hook, m.`id_module`, m.`name` AS module
                 FROM `' . _DB_PREFIX_ . 'module` m
                 INNER JOIN `' . _DB_PREFIX_ . 'module_shop` ms ON ms.`id_module` = m.`id_module` AND ms.`id_shop` = 1
                 ' . (version_compare(_PS_VERSION_, '9.0', '<') ? 'AND ms.`enable_device` & ' . self::device() : '') . '
                 INNER JOIN `' . _DB_PREFIX_ . 'module_group` mg ON mg.`id_module` = m.`id_module` AND mg.`id_shop` = 1
                 AND mg.`id_group` IN (' . implode(', ', self::groupsOf($customer)) . ')
                 INNER JOIN `' . _DB_PREFIX_ . 'hook_module` hm ON hm.`id_module` = m.`id_module` AND hm.`id_shop` = 1
                 INNER JOIN `' . _DB_PREFIX_ . 'hook` h ON h.`id_hook` = hm.`id_hook` AND h.`active` = 1
                 GROUP BY hm.`id_hook`, hm.`id_module` ORDER BY hm.`position`'
            );
            foreach ($rows ?: [] as $row) {
                self::$listeners[$key][$row['hook']][] = [
                    'id_hook' => (int) $row['id_hook'],
                    'module' => $row['module'],
                    'id_module' => (int) $row['id_module'],
                ];
            }
        }

        return self::$listeners[$key][strtolower((string) $hook_name)] ?? [];
    }

    /** Who is not logged in counts as a visitor, also the owner of a webhook's cart. @return int[] */
    private static function groupsOf(?Customer $customer): array
    {
        return $customer !== null && $customer->isLogged() ? $customer->getGroups() : [1];
    }

    /** 1 for a computer, 4 for a phone. */
    private static function device(): int
    {
        return strpos($_SERVER['HTTP_USER_AGENT'] ?? '', 'Mobile') === false ? 1 : 4;
    }

    public static function getIdByName($hook_name, $withAliases = true, $refreshCache = false)
    {
        $found = Db::getInstance()->getValue(
            'SELECT `id_hook` FROM `' . _DB_PREFIX_ . "hook` WHERE `name` = '" . pSQL($hook_name) . "'"
        );

        return $found === false ? false : (int) $found;
    }

    public static function isModuleRegisteredOnHook($module_instance, $hook_name, $id_shop)
    {
        return (bool) Db::getInstance()->getValue(
            'SELECT COUNT(*) FROM `' . _DB_PREFIX_ . 'hook_module` hm
             INNER JOIN `' . _DB_PREFIX_ . 'hook` h ON h.`id_hook` = hm.`id_hook`
             WHERE h.`name` = \'' . pSQL($hook_name) . '\' AND hm.`id_module` = ' . (int) $module_instance->id . '
             AND hm.`id_shop` = ' . (int) $id_shop
        );
    }

    /** As in PrestaShop, a name that ps_hook does not hold is added to it, and nobody ever takes it out again. */
    public static function registerHook($module_instance, $hook_name, $shop_list = null)
    {
        $done = true;
        foreach ((array) $hook_name as $name) {
            if (!Validate::isHookName($name)) {
                throw new PrestaShopException('Invalid hook name');
            }
            if (!$module_instance->id) {
                return false;
            }
            if (self::isModuleRegisteredOnHook($module_instance, $name, 1)) {
                continue;
            }
            $db = Db::getInstance();
            $id = self::getIdByName($name);
            if (!$id) {
                $db->insert('hook', ['name' => pSQL($name), 'title' => pSQL($name)]);
                $id = (int) $db->Insert_ID();
            }
            $last = (int) $db->getValue('SELECT MAX(`position`) FROM `' . _DB_PREFIX_ . 'hook_module` WHERE `id_hook` = ' . $id);
            $row = ['id_module' => (int) $module_instance->id, 'id_hook' => $id, 'id_shop' => 1, 'position' => $last + 1];
            $done = $db->insert('hook_module', $row) && $done;
        }
        self::$listeners = [];

        return $done;
    }

    public static function unregisterHook($module_instance, $hook_name, $shop_list = null)
    {
        $id = is_numeric($hook_name) ? (int) $hook_name : (int) self::getIdByName($hook_name);
        self::$listeners = [];

        return Db::getInstance()->delete('hook_module', '`id_module` = ' . (int) $module_instance->id . ' AND `id_hook` = ' . $id);
    }

    /**
     * Before 8.0 nothing that a module throws is swallowed; later an ordinary exception is, outside of debug mode, and a
     * PHP Error never. Since 9.0 a module may insist.
     */
    private static function callHookOn(Module $module, string $hookName, array $hookArgs)
    {
        $method = 'hook' . ucfirst($hookName);
        if (!is_callable([$module, $method])) {
            return '';
        }
        try {
            return $module->$method($hookArgs);
        } catch (Exception $error) {
            $insists = $error instanceof ModuleErrorInterface && version_compare(_PS_VERSION_, '9.0', '>=');
            if ($insists || _PS_MODE_DEV_ || version_compare(_PS_VERSION_, '8.0', '<')) {
                throw $error;
            }
            error_log('a hook of ' . $module->name . ' failed: ' . $error->getMessage());
        }

        return '';
    }

    /** Which of the hooks this version's code calls; a hook that is not called has no effect, registered or not. */
    private static function existsHere(string $name): bool
    {
        $since = [
            'actionFrontControllerInitBefore' => '1.7.8',
            'actionFrontControllerInitAfter' => '1.7.8',
            'actionControllerInitBefore' => '1.7.8',
            'actionControllerInitAfter' => '1.7.8',
            'actionPresentPaymentOptions' => '8.2',
            'actionValidateOrderBefore' => '9.0',
        ];

        return !isset($since[$name]) || version_compare(_PS_VERSION_, $since[$name], '>=');
    }
}
