<?php

/**
 * A PHP process that contends for locks with the real Symfony stores; it obeys the orders of contender.py.
 *
 * Usage: php contender.php flock <directory> | redis <host> <port> <password>
 */

declare(strict_types=1);

use Symfony\Component\Lock\LockFactory;
use Symfony\Component\Lock\LockInterface;
use Symfony\Component\Lock\PersistingStoreInterface;
use Symfony\Component\Lock\Store\FlockStore;
use Symfony\Component\Lock\Store\RedisStore;

require '/usr/share/php/Symfony/Component/Lock/autoload.php';

function store(array $arguments): PersistingStoreInterface
{
    if ($arguments[1] === 'flock') {
        return new FlockStore($arguments[2]);
    }
    $redis = new Redis();
    $redis->connect($arguments[2], (int) $arguments[3]);
    $redis->auth($arguments[4]);

    return new RedisStore($redis);
}

function countUp(LockInterface $lock, string $file, int $rounds, float $pause): array
{
    $written = [];
    for ($round = 0; $round < $rounds; ++$round) {
        $lock->acquire(true);
        $number = (int) file_get_contents($file) + 1;
        usleep(200); // others get the chance to read the same number, if the lock lets them
        file_put_contents($file, (string) $number);
        $written[] = $number;
        $lock->release();
        usleep(random_int(0, (int) ($pause * 1000000)));
    }

    return $written;
}

$factory = new LockFactory(store($argv));
$locks = [];
while (($line = fgets(STDIN)) !== false) {
    $order = json_decode($line, true, 8, JSON_THROW_ON_ERROR);
    $key = $order['key'];
    switch ($order['do']) {
        case 'acquire':
            $locks[$key] = $factory->createLock($key, $order['lifetime']);
            $answer = $locks[$key]->acquire($order['timeout'] > 0) ? 'held' : null;
            break;
        case 'release':
            $locks[$key]->release();
            $answer = true;
            break;
        case 'count':
            $answer = countUp($factory->createLock($key, 60.0), $order['file'], $order['rounds'], $order['pause']);
            break;
        default:
            throw new DomainException($order['do']);
    }
    echo json_encode($answer), "\n";
}
