<?php

declare(strict_types=1);

/** A module: its rows in ps_module and its kin, made and removed as PrestaShop does it. */
abstract class Module
{
    public $id;
    public $name;
    public $version;
    public $tab;
    public $author;
    public $displayName;
    public $description;
    public $confirmUninstall;
    public $bootstrap;
    public $need_instance;
    public $module_key;
    public $limited_countries = [];
    public $ps_versions_compliancy = [];
    public $dependencies = [];
    public $warning;
    public $active = false;
    public $is_configurable = 1;
    protected $_errors = [];

    /** @var Context */
    public $context;
    /** @var Smarty */
    public $smarty;

    protected $_path = '';
    protected $local_path = '';
    protected $identifier = 'id_module';
    protected $table = 'module';

    /** @var array<string, Module|false> */
    private static $instances = [];

    public function __construct($name = null, ?Context $context = null)
    {
        $this->context = $context ?: Context::getContext();
        $this->smarty = $this->context->smarty;
        $this->name = $this->name ?: ($name ?: strtolower(static::class));
        $this->_path = __PS_BASE_URI__ . 'modules/' . $this->name . '/';
        $this->local_path = _PS_MODULE_DIR_ . $this->name . '/';
        $row = Db::getInstance()->getRow(
            'SELECT m.`id_module`, ms.`id_shop` FROM `' . _DB_PREFIX_ . 'module` m
             LEFT JOIN `' . _DB_PREFIX_ . 'module_shop` ms ON ms.`id_module` = m.`id_module` AND ms.`id_shop` = 1
             WHERE m.`name` = \'' . pSQL($this->name) . "'"
        );
        if ($row) {
            $this->id = (int) $row['id_module'];
            $this->active = $row['id_shop'] !== null;
        }
    }

    /** One instance per request, as in PrestaShop; false when there is no such module. */
    public static function getInstanceByName($module_name)
    {
        $name = (string) $module_name;
        if (!array_key_exists($name, self::$instances)) {
            $file = _PS_MODULE_DIR_ . $name . '/' . $name . '.php';
            if (!Validate::isModuleName($name) || !is_file($file)) {
                return self::$instances[$name] = false;
            }
            require_once $file;
            $class = ucfirst($name);
            self::$instances[$name] = new $class();
        }

        return self::$instances[$name];
    }

    public static function isInstalled($module_name)
    {
        return (bool) self::getModuleIdByName($module_name);
    }

    public static function isEnabled($module_name)
    {
        $module = self::isInstalled($module_name) ? self::getInstanceByName($module_name) : false;

        return $module && $module->active;
    }

    public static function getModuleIdByName($name)
    {
        return (int) Db::getInstance()->getValue(
            'SELECT `id_module` FROM `' . _DB_PREFIX_ . "module` WHERE `name` = '" . pSQL($name) . "'"
        );
    }

    public function install()
    {
        $range = $this->ps_versions_compliancy + ['min' => '1.4.0.0', 'max' => _PS_VERSION_];
        if (version_compare(_PS_VERSION_, $range['min'], '<') || version_compare(_PS_VERSION_, $range['max'], '>')) {
            $this->_errors[] = 'The version of your module is not compliant with your PrestaShop version.';

            return false;
        }
        if (self::isInstalled($this->name)) {
            $this->_errors[] = 'This module has already been installed.';

            return false;
        }
        $db = Db::getInstance();
        if (!$db->insert('module', ['name' => pSQL($this->name), 'active' => 1, 'version' => pSQL($this->version)])) {
            return false;
        }
        $this->id = (int) $db->Insert_ID();
        foreach (['CREATE', 'READ', 'UPDATE', 'DELETE'] as $right) {
            $db->insert('authorization_role', ['slug' => 'ROLE_MOD_MODULE_' . strtoupper($this->name) . '_' . $right]);
        }
        $this->enable();
        foreach ($db->executeS('SELECT `id_group` FROM `' . _DB_PREFIX_ . 'group`') as $row) {
            $db->insert('module_group', ['id_module' => $this->id, 'id_shop' => 1, 'id_group' => (int) $row['id_group']]);
        }

        return true;
    }

    public function uninstall()
    {
        if (!$this->id) {
            $this->_errors[] = 'The module is not installed.';

            return false;
        }
        $db = Db::getInstance();
        $own = '`id_module` = ' . (int) $this->id;
        foreach ($db->executeS('SELECT `id_hook` FROM `' . _DB_PREFIX_ . 'hook_module` WHERE ' . $own) as $row) {
            $this->unregisterHook((int) $row['id_hook']);
            $this->unregisterExceptions((int) $row['id_hook']);
        }
        $this->disable(true);
        $roles = 'ROLE_MOD_MODULE_' . strtoupper($this->name) . '_';
        $db->delete('authorization_role', "`slug` LIKE '" . pSQL(str_replace('_', '\\_', $roles)) . "%'");
        $db->delete('module_group', $own);

        return $db->delete('module', $own);
    }

    public function enable($force_all = false)
    {
        $this->active = true;

        return Db::getInstance()->insert('module_shop', ['id_module' => (int) $this->id, 'id_shop' => 1], false, true, Db::INSERT_IGNORE);
    }

    public function disable($force_all = false)
    {
        $this->active = false;

        return Db::getInstance()->delete('module_shop', '`id_module` = ' . (int) $this->id);
    }

    public function registerHook($hook_name, $shop_list = null)
    {
        return Hook::registerHook($this, $hook_name, $shop_list);
    }

    public function unregisterHook($hook_id, $shop_list = null)
    {
        return Hook::unregisterHook($this, $hook_id, $shop_list);
    }

    public function unregisterExceptions($hook_id, $shop_list = null)
    {
        return Db::getInstance()->delete(
            'hook_module_exceptions',
            '`id_module` = ' . (int) $this->id . ' AND `id_hook` = ' . (int) $hook_id
        );
    }

    public function isRegisteredInHook($hook)
    {
        return $this->id && Hook::isModuleRegisteredOnHook($this, $hook, 1);
    }

    /** The upgrade files between the version in the database and the one of the files, then the new version's number. */
    public function runUpgradeModule()
    {
        $db = Db::getInstance();
        $from = (string) $db->getValue('SELECT `version` FROM `' . _DB_PREFIX_ . 'module` WHERE `id_module` = ' . (int) $this->id);
        $files = [];
        foreach (glob($this->local_path . 'upgrade/[uU]pgrade-*.php') ?: [] as $file) {
            $number = substr(basename($file, '.php'), 8);
            if (version_compare($number, $from, '>') && version_compare($number, $this->version, '<=')) {
                $files[$number] = $file;
            }
        }
        uksort($files, 'version_compare');
        foreach ($files as $number => $file) {
            require_once $file;
            $function = 'upgrade_module_' . str_replace('.', '_', (string) $number);
            if (!$function($this)) {
                return false;
            }
        }

        return $db->update('module', ['version' => pSQL($this->version)], '`id_module` = ' . (int) $this->id);
    }

    public function getPathUri()
    {
        return $this->_path;
    }

    public function getLocalPath()
    {
        return $this->local_path;
    }

    public function getTranslator()
    {
        return $this->context->getTranslator();
    }

    public function isUsingNewTranslationSystem()
    {
        return false;
    }

    public function l($string, $specific = false, $locale = null)
    {
        return $string;
    }

    public function displayError($error)
    {
        return '<div class="module_error alert alert-danger">' . implode(' ', (array) $error) . '</div>';
    }

    public function displayConfirmation($string)
    {
        return '<div class="module_confirmation conf confirm alert alert-success">' . $string . '</div>';
    }

    public function displayWarning($warning)
    {
        return '<div class="module_warning alert alert-warning">' . implode(' ', (array) $warning) . '</div>';
    }

    public function display($file, $template, $cache_id = null, $compile_id = null)
    {
        return $this->smarty->fetch($template);
    }

    public function fetch($templatePath, $cache_id = null, $compile_id = null)
    {
        return $this->smarty->fetch($templatePath);
    }

    protected function trans($id, array $parameters = [], $domain = null, $locale = null)
    {
        $said = $this->getTranslator()->trans($id, $parameters, $domain, $locale);

        return version_compare(_PS_VERSION_, '9.0', '<') ? htmlspecialchars($said, ENT_NOQUOTES) : $said;
    }
}
