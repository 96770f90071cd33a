<?php

/**
 * @author    the prestashop-mollie-bridge authors
 * @copyright 2026 the prestashop-mollie-bridge authors
 * @license   https://opensource.org/licenses/MIT MIT License
 */

declare(strict_types=1);

namespace MollieBridge;

if (!defined('_PS_VERSION_')) {
    exit;
}

/**
 * A lock file as Symfony's FlockStore makes it, and as the sidecar locks it: the same name, mode 0666, never deleted.
 * The system lets go of it when the process ends, whatever it dies of.
 */
final class FileLock
{
    /** The lock is held now. */
    public const TAKEN = 'taken';
    /** Somebody else holds it. */
    public const HELD = 'held';
    /** The file can not be opened, so that nobody can be kept away. */
    public const BROKEN = 'broken';

    private const MODE = 0666;

    /** Seconds between two tries: flock(2) knows no time limit. */
    private const PAUSE = 0.01;

    /** @var string */
    private $path;

    /** @var Clock */
    private $clock;

    /** @var resource|null */
    private $handle;

    public function __construct(string $directory, string $key, Clock $clock)
    {
        $this->path = rtrim($directory, '/') . '/' . self::fileName($key);
        $this->clock = $clock;
    }

    /** The key that every contender for a cart locks. */
    public static function cartKey(int $cartId): string
    {
        return 'webhook-cart-' . $cartId;
    }

    /** `webhook-cart-123` gives `sf.webhook-cart-123.6LaH_+s.lock`. */
    public static function fileName(string $key): string
    {
        $readable = substr((string) preg_replace('/[^a-z0-9._-]+/i', '-', $key), 0, 50);
        $digest = substr(base64_encode(hash('sha256', $key, true)), 0, 7);

        return 'sf.' . $readable . '.' . str_replace('/', '_', $digest) . '.lock';
    }

    /** Try for at least `$seconds`: self::TAKEN, HELD or BROKEN. */
    public function acquire(float $seconds): string
    {
        $deadline = $this->clock->elapsed() + $seconds;
        do {
            $handle = $this->open();
            if ($handle === null) {
                return self::BROKEN;
            }
            // A cleaner of temporary files may remove the file between opening and locking it: then the next contender
            // makes another one, and both would hold "the" lock. So a lock on a file without a name does not count.
            if (flock($handle, LOCK_EX | LOCK_NB) && fstat($handle)['nlink'] > 0) {
                $this->handle = $handle;

                return self::TAKEN;
            }
            fclose($handle);
            usleep((int) (1e6 * self::PAUSE));
        } while ($this->clock->elapsed() < $deadline);

        return self::HELD;
    }

    public function release(): void
    {
        if ($this->handle !== null) {
            flock($this->handle, LOCK_UN);
            fclose($this->handle);
            $this->handle = null;
        }
    }

    /** @return resource|null */
    private function open()
    {
        // fopen() warns about what the return value says, and a shop in debug mode makes exceptions of warnings.
        set_error_handler(static function (): bool {
            return true;
        });
        try {
            return $this->openExisting() ?? $this->create() ?? $this->openExisting();
        } finally {
            restore_error_handler();
        }
    }

    /** @return resource|null */
    private function openExisting()
    {
        // Without O_CREAT: Linux refuses that on another user's file in /tmp (fs.protected_regular), and the sidecar
        // runs as somebody else. A link or a pipe in the file's place is nobody's lock.
        clearstatcache(true, $this->path);
        if (is_link($this->path) || !is_file($this->path)) {
            return null;
        }

        return fopen($this->path, 'r+') ?: fopen($this->path, 'r') ?: null;
    }

    /** @return resource|null */
    private function create()
    {
        $handle = fopen($this->path, 'x+');
        if ($handle === false) {
            // Somebody made it a moment ago and may not have widened its mode yet.
            usleep(200);

            return null;
        }
        chmod($this->path, self::MODE);

        return $handle;
    }
}
