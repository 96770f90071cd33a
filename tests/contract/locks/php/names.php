<?php

/**
 * For each line of standard input (a key, base64) the name of the file that Symfony's FlockStore makes for it.
 *
 * Usage: php names.php <empty directory>
 */

declare(strict_types=1);

use Symfony\Component\Lock\Key;
use Symfony\Component\Lock\Store\FlockStore;

require '/usr/share/php/Symfony/Component/Lock/autoload.php';

$directory = $argv[1];
$store = new FlockStore($directory);
while (($line = fgets(STDIN)) !== false) {
    $key = new Key((string) base64_decode(trim($line), true));
    $store->save($key);
    $names = array_diff(scandir($directory), ['.', '..']);
    $store->delete($key);
    echo base64_encode(implode('/', $names)), "\n";
    array_map(function (string $name) use ($directory): bool {
        return unlink("$directory/$name");
    }, $names);
}
