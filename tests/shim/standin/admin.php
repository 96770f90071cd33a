<?php

/**
 * The back office from the command line: `php admin.php <shop> install|uninstall|enable|disable|upgrade|configure|page <module>`.
 *
 * `configure` reads an object of configuration values from its input; `page` prints the module's configuration page,
 * after a POST of what its input holds (`{}` for none). Prints JSON; the status is 1 when the module said no.
 */

declare(strict_types=1);

[, $root, $action, $name] = $argv;
define('_PS_ROOT_DIR_', $root);
define('_PS_ADMIN_DIR_', $root . '/admin');
require __DIR__ . '/bootstrap.php';

$context = Context::getContext();
$context->employee = new Employee();
$context->controller = new class () extends AdminController {
};
$module = Module::getInstanceByName($name);
$given = json_decode((string) stream_get_contents(STDIN), true) ?: [];

switch ($action) {
    case 'upgrade':
        $done = $module->runUpgradeModule();
        break;
    case 'configure':
        $done = true;
        foreach ($given as $key => $value) {
            $done = Configuration::updateGlobalValue($key, $value) && $done;
        }
        break;
    case 'page':
        $_POST = $given;
        $_SERVER['REQUEST_METHOD'] = $given ? 'POST' : 'GET';
        $done = true;
        $page = $module->getContent();
        break;
    default:
        $done = $module->$action();
}
echo json_encode(['done' => $done, 'errors' => $module->_errors, 'page' => $page ?? null], JSON_INVALID_UTF8_SUBSTITUTE);
exit($done ? 0 : 1);
