<?php

declare(strict_types=1);

namespace MollieBridge\Tests;

use MollieBridge\FileLock;
use MollieBridge\SystemClock;
use PHPUnit\Framework\TestCase;
use Symfony\Component\Lock\LockFactory;
use Symfony\Component\Lock\Store\FlockStore;

final class FileLockTest extends TestCase
{
    /** @var string */
    private $directory;

    protected function setUp(): void
    {
        $this->directory = sys_get_temp_dir() . '/molliebridge-' . bin2hex(random_bytes(6));
        mkdir($this->directory);
    }

    protected function tearDown(): void
    {
        array_map('unlink', glob($this->directory . '/*') ?: []);
        rmdir($this->directory);
    }

    public function testTheNameIsThatOfTheDocumentedExample(): void
    {
        self::assertSame('sf.webhook-cart-123.6LaH_+s.lock', FileLock::fileName(FileLock::cartKey(123)));
    }

    /** @dataProvider keys */
    public function testTheNameIsSymfonys(string $key): void
    {
        $lock = (new LockFactory(new FlockStore($this->directory)))->createLock($key);
        $lock->acquire();

        self::assertSame([FileLock::fileName($key)], array_map('basename', glob($this->directory . '/*')));
        $lock->release();
    }

    public function keys(): array
    {
        return [['webhook-cart-1'], ['webhook-cart-4711'], ['Ü/ä b'], [str_repeat('long-', 20)], ['pending-order-12']];
    }

    public function testItKeepsSymfonyAway(): void
    {
        $lock = $this->lock();
        self::assertSame(FileLock::TAKEN, $lock->acquire(0.0));
        $symfony = (new LockFactory(new FlockStore($this->directory)))->createLock('webhook-cart-42');

        self::assertFalse($symfony->acquire());
        $lock->release();
        self::assertTrue($symfony->acquire());
    }

    public function testSymfonyKeepsItAway(): void
    {
        $symfony = (new LockFactory(new FlockStore($this->directory)))->createLock('webhook-cart-42');
        $symfony->acquire();

        self::assertSame(FileLock::HELD, $this->lock()->acquire(0.05));
        $symfony->release();
        self::assertSame(FileLock::TAKEN, $this->lock()->acquire(0.0));
    }

    public function testTheFileStaysAndEverybodyMayOpenIt(): void
    {
        $before = umask(0077);
        $lock = $this->lock();
        $lock->acquire(0.0);
        $lock->release();
        umask($before);

        $file = $this->directory . '/' . FileLock::fileName('webhook-cart-42');
        self::assertSame('0666', substr(sprintf('%o', fileperms($file)), -4));
    }

    public function testWithoutADirectoryNobodyCanBeKeptAway(): void
    {
        $lock = new FileLock($this->directory . '/none', 'webhook-cart-42', new SystemClock());

        self::assertSame(FileLock::BROKEN, $lock->acquire(0.0));
    }

    public function testALinkInTheFilesPlaceIsNobodysLock(): void
    {
        touch($this->directory . '/elsewhere');
        symlink($this->directory . '/elsewhere', $this->directory . '/' . FileLock::fileName('webhook-cart-42'));

        self::assertSame(FileLock::BROKEN, $this->lock()->acquire(0.0));
    }

    private function lock(): FileLock
    {
        return new FileLock($this->directory, FileLock::cartKey(42), new SystemClock());
    }
}
