<?php

/**
 * @author    the prestashop-mollie-bridge authors
 * @copyright 2026 the prestashop-mollie-bridge authors
 * @license   https://opensource.org/licenses/MIT MIT License
 */

declare(strict_types=1);

if (!defined('_PS_VERSION_')) {
    exit;
}

// The module's own classes, and no others: nothing has to be installed beside the zip.
spl_autoload_register(static function (string $class): void {
    if (strncmp($class, 'MollieBridge\\', 13) !== 0) {
        return;
    }
    $file = __DIR__ . '/src/' . str_replace('\\', '/', substr($class, 13)) . '.php';
    if (is_file($file)) {
        require $file;
    }
});
