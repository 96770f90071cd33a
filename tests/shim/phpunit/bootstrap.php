<?php

/** PHPUnit's start: the module's classes, hand-written fakes, and as much of PrestaShop as the tested parts name. */

declare(strict_types=1);

error_reporting(-1);

define('_PS_VERSION_', '9.1.4');
define('_DB_PREFIX_', 'ps_');

require __DIR__ . '/../../../ps_module_shim/molliebridge/autoload.php';
require '/usr/share/php/Symfony/Component/Lock/autoload.php';
require __DIR__ . '/prestashop.php';

spl_autoload_register(static function (string $class): void {
    $prefix = 'MollieBridge\\Tests\\';
    $file = __DIR__ . '/' . substr($class, strlen($prefix)) . '.php';
    if (strncmp($class, $prefix, strlen($prefix)) === 0 && is_file($file)) {
        require $file;
    }
});
