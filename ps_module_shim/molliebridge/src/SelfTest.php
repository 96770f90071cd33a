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

/** What only PHP under the web server can tell: whom it reaches from there, and whether its locks keep others away. */
final class SelfTest
{
    /** Seconds that a lock is held at most: a copied call must not keep PHP's workers busy. */
    private const LONGEST_HOLD = 2.0;

    /** Seconds that a lock is tried for when it is to be held: the other side looks in between. */
    private const PATIENCE = 1.0;

    /** @var Settings */
    private $settings;

    /** @var Sidecar */
    private $sidecar;

    /** @var Clock */
    private $clock;

    public function __construct(Settings $settings, Sidecar $sidecar, Clock $clock)
    {
        $this->settings = $settings;
        $this->sidecar = $sidecar;
        $this->clock = $clock;
    }

    /**
     * The test's outcome. `$hold`: seconds to hold the lock for; 0: only try whether it can be had.
     *
     * @return array<string, mixed>
     */
    public function run(SelfTestCall $call, float $hold): array
    {
        $lock = $this->lock($call->lockKey(), max(0.0, min(self::LONGEST_HOLD, $hold)));
        $status = new Status($this->sidecar->status());

        return [
            'php' => PHP_VERSION,
            'sapi' => PHP_SAPI,
            'now' => round($this->clock->now(), 3),
            'policy' => $this->settings->failsOpen() ? Settings::OPEN : Settings::CLOSED,
            'reaches_sidecar' => $status->isReachable && $status->isAuthorised,
            'sidecar' => [
                'reachable' => $status->isReachable,
                'authorised' => $status->isAuthorised,
                'version' => $status->version,
                'reason' => $status->reason,
            ],
            'lock' => $lock,
        ];
    }

    /** @return array<string, mixed> */
    private function lock(string $key, float $hold): array
    {
        $directory = $this->settings->lockDirectory();
        $lock = new FileLock($directory, $key, $this->clock);
        $state = $lock->acquire($hold > 0 ? self::PATIENCE : 0.0);
        if ($state === FileLock::TAKEN) {
            usleep((int) (1e6 * $hold));
            // Nobody comes for this key again. Removed while it is held, so that nobody locks what has no name.
            $file = rtrim($directory, '/') . '/' . FileLock::fileName($key);
            is_writable($directory) && is_file($file) && unlink($file);
            $lock->release();
        }
        $place = is_dir($directory) ? stat($directory) : false;

        return [
            'directory' => $directory,
            // Of the directory itself: with a /tmp of its own PHP sees another one under the same name.
            'device' => $place !== false ? (string) $place['dev'] : '',
            'inode' => $place !== false ? (string) $place['ino'] : '',
            'state' => $state,
            'locked' => $state === FileLock::TAKEN,
        ];
    }
}
