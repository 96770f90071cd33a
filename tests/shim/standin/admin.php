<?php

/**
 * The back office from the command line: `php admin.php <shop> <action> <module>` with the actions install, uninstall,
 * enable, disable, upgrade, reset, configure, token, page.
 *
 * `configure` reads an object of configuration values from its input; `page` makes a request to the module's
 * configuration page at the address `to`, with a POST of `post` (`{}` for none); `token` tells the employee's token.
 * Prints JSON; the status is 1 when the module, or PrestaShop's look at the employee's token, said no.
 */

declare(strict_types=1);

[, $root, $action, $name] = $argv;
define('_PS_ROOT_DIR_', $root);
define('_PS_ADMIN_DIR_', $root . '/admin');
require __DIR__ . '/bootstrap.php';

/** Which module's page an address leads to, and whether it is let in: AdminController::checkToken(), the routes of 9.0. */
function admittedModule(string $address): string
{
    $isNine = version_compare(_PS_VERSION_, '9.0', '>=');
    $token = Tools::getAdminTokenLite('AdminModules');
    if (!$isNine) {
        // What is posted as `token` goes before the address's.
        $isLetIn = !Standin::get('admin_tokens', true) || Tools::getValue('token') === $token;

        return $isLetIn && Tools::getValue('controller') === 'AdminModules' ? (string) Tools::getValue('configure') : '';
    }
    $path = (string) parse_url($address, PHP_URL_PATH);
    // The route takes everything up to the next slash for the module's name.
    $isRoute = preg_match('#^/admin/improve/modules/manage/action/configure/([^/]+)$#', $path, $found) === 1;
    $isLetIn = !Standin::get('admin_tokens', true) || ($_GET['_token'] ?? '') === $token || Tools::getValue('token') === $token;

    return $isRoute && $isLetIn ? rawurldecode($found[1]) : '';
}

$context = Context::getContext();
$context->employee = new Employee();
$context->controller = new class () extends AdminController {
};
$module = Module::getInstanceByName($name);
$given = json_decode((string) stream_get_contents(STDIN), true) ?: [];

switch ($action) {
    case 'reset':
        // Core\Module\ModuleManager::reset() with the data kept: 8.x asks the wrong object whether it can, and never does.
        $isAsked = version_compare(_PS_VERSION_, '8.0', '<') || version_compare(_PS_VERSION_, '9.0', '>=');
        $done = $isAsked && method_exists($module, 'reset') ? $module->reset() : $module->uninstall() && $module->install();
        break;
    case 'upgrade':
        $done = $module->runUpgradeModule();
        break;
    case 'configure':
        $done = true;
        foreach ($given as $key => $value) {
            $done = Configuration::updateGlobalValue($key, $value) && $done;
        }
        break;
    case 'token':
        $done = true;
        $page = Tools::getAdminTokenLite('AdminModules');
        break;
    case 'page':
        $address = $given['to'];
        parse_str((string) parse_url($address, PHP_URL_QUERY), $_GET);
        $_POST = $given['post'] ?? [];
        $_SERVER['REQUEST_METHOD'] = $_POST ? 'POST' : 'GET';
        $done = admittedModule($address) === $name;
        if ($done) {
            // ModuleController::configureModuleAction(), in all versions: who has opened which module's page, and when.
            $now = ['date_upd' => date('Y-m-d H:i:s')];
            $who = ['id_employee' => 1, 'id_module' => (int) $module->id];
            Db::getInstance()->update('module_history', $now, '`id_employee` = 1 AND `id_module` = ' . $who['id_module']);
            if (Db::getInstance()->Affected_Rows() === 0) {
                Db::getInstance()->insert('module_history', $who + $now + ['date_add' => $now['date_upd']]);
            }
        }
        $page = $done ? $module->getContent() : 'Invalid security token';
        break;
    default:
        $done = $module->$action();
}
$errors = Closure::bind(function (): array {
    return $this->_errors;
}, $module, Module::class)();
echo json_encode(['done' => $done, 'errors' => $errors, 'page' => $page ?? null], JSON_INVALID_UTF8_SUBSTITUTE);
exit($done ? 0 : 1);
