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

/** How the shim is configured; values only. */
final class Settings
{
    public const OPEN = 'open';
    public const CLOSED = 'closed';

    /** @var Endpoint|null */
    private $endpoint;

    /** @var string */
    private $token;

    /** @var string self::OPEN or self::CLOSED */
    private $policy;

    /** @var string */
    private $lockDirectory;

    /** @var string what the sidecar locks with, as it last said: flock, memory or redis */
    private $backend;

    /** @var Rollout which carts the sidecar guards, as it last said */
    private $rollout;

    public function __construct(
        ?Endpoint $endpoint,
        string $token,
        string $policy = self::OPEN,
        string $lockDirectory = '',
        string $backend = 'flock',
        string $rollout = ''
    ) {
        $this->endpoint = $endpoint;
        $this->token = $token;
        $this->policy = $policy;
        $this->lockDirectory = $lockDirectory;
        $this->backend = $backend;
        $this->rollout = Rollout::read($rollout);
    }

    /** Whether there is somebody to ask. Until then the shim guards nothing and stands in nobody's way. */
    public function isComplete(): bool
    {
        return $this->endpoint !== null && $this->token !== '';
    }

    public function endpoint(): ?Endpoint
    {
        return $this->endpoint;
    }

    /** The bearer token of scope `shop`; it also signs what the sidecar forwards. */
    public function token(): string
    {
        return $this->token;
    }

    /** Whether the sale goes on while the sidecar does not answer. */
    public function failsOpen(): bool
    {
        return $this->policy !== self::CLOSED;
    }

    /** Where the lock files are: the same directory as the sidecar's `locks.directory`. */
    public function lockDirectory(): string
    {
        return $this->lockDirectory !== '' ? $this->lockDirectory : sys_get_temp_dir();
    }

    /** Which carts the sidecar guards, for the time when it can not be asked. */
    public function rollout(): Rollout
    {
        return $this->rollout;
    }

    /** Whether a file lock taken here keeps everybody else away from the cart: not with several hosts on Redis. */
    public function filesAreShared(): bool
    {
        return $this->backend !== 'redis';
    }
}
