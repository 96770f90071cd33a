<?php

/**
 * The front door.
 */

declare(strict_types=1);

// PHP's own server hands over files, too; nginx serves them itself.
$asset = parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH);
if (PHP_SAPI === 'cli-server' && preg_match('#\.(js|css|png)$#', (string) $asset) && is_file($_SERVER['DOCUMENT_ROOT'] . $asset)) {
    return false;
}

define('_PS_ROOT_DIR_', (string) $_SERVER['DOCUMENT_ROOT']);
require (string) json_decode((string) file_get_contents(_PS_ROOT_DIR_ . '/standin.json'), true)['home'] . '/bootstrap.php';

Dispatcher::getInstance()->dispatch();
