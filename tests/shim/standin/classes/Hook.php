<?php

declare(strict_types=1);

use PrestaShop\PrestaShop\Core\Module\Exception\ModuleErrorInterface;

/** Hooks and who is registered in them, from ps_hook, ps_hook_module, ps_module and ps_module_shop. */
class Hook
{
    /** @var array<string, list<array{id_hook: int, module: string, id_module: int}>>|null */
    private static $listeners;

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
            return $array_return ? [] : '';
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
        foreach (self::getHookModuleExecList($hook_name) as $listener) {
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
        if (self::$listeners === null) {
            self::$listeners = [];
            $rows = Db::getInstance()->executeS(
                'SELECT h.`id_hook`, LOWER(h.`name`) AS hook, m.`id_module`, m.`name` AS module
                 FROM `' . _DB_PREFIX_ . 'module` m
                 INNER JOIN `' . _DB_PREFIX_ . 'module_shop` ms ON ms.`id_module` = m.`id_module` AND ms.`id_shop` = 1
                 INNER JOIN `' . _DB_PREFIX_ . 'hook_module` hm ON hm.`id_module` = m.`id_module` AND hm.`id_shop` = 1
                 INNER JOIN `' . _DB_PREFIX_ . 'hook` h ON h.`id_hook` = hm.`id_hook` AND h.`active` = 1
                 ORDER BY hm.`position`'
            );
            foreach ($rows ?: [] as $row) {
                self::$listeners[$row['hook']][] = [
                    'id_hook' => (int) $row['id_hook'],
                    'module' => $row['module'],
                    'id_module' => (int) $row['id_module'],
                ];
            }
        }

        return self::$listeners[strtolower((string) $hook_name)] ?? [];
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
        self::$listeners = null;

        return $done;
    }

    public static function unregisterHook($module_instance, $hook_name, $shop_list = null)
    {
        $id = is_numeric($hook_name) ? (int) $hook_name : (int) self::getIdByName($hook_name);
        self::$listeners = null;

        return Db::getInstance()->delete('hook_module', '`id_module` = ' . (int) $module_instance->id . ' AND `id_hook` = ' . $id);
    }

    /** An ordinary exception of a module is swallowed, unless the shop is in debug mode; a PHP Error never is. */
    private static function callHookOn(Module $module, string $hookName, array $hookArgs)
    {
        $method = 'hook' . ucfirst($hookName);
        if (!is_callable([$module, $method])) {
            return '';
        }
        try {
            return $module->$method($hookArgs);
        } catch (Exception $error) {
            if ($error instanceof ModuleErrorInterface || _PS_MODE_DEV_) {
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
