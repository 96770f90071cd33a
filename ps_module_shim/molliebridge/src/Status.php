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

/** What `GET /v1/status` tells; fields that are missing or of another form count as not told. */
final class Status
{
    public const FIGURES = [
        'prevented',
        'resumed',
        'superseded',
        'surplus',
        'refunded',
        'awaiting_approval',
        'dead_deliveries',
    ];

    /** @var bool whether the sidecar answered as the sidecar does */
    public $isReachable;

    /** @var bool whether it took our token */
    public $isAuthorised;

    /** @var string '' when it was not told; so with all below */
    public $version;

    /** @var string enforce or observe */
    public $mode;

    /** @var int|null percentage of carts that are guarded */
    public $percentage;

    /** @var string flock, redis or memory */
    public $backend;

    /** @var string */
    public $lockDirectory;

    /** @var int days that the figures are of */
    public $days;

    /** @var array<string, int|null> */
    public $figures = [];

    /** @var string why there was no answer */
    public $reason;

    public function __construct(Reply $reply)
    {
        // A 404 with a problem of the known form is an older sidecar, without this route.
        $this->isReachable = $reply->is(200, 401, 403, 404);
        $this->isAuthorised = $reply->is(200, 404);
        $this->reason = $reply->isAnswer() && !$this->isReachable
            ? rtrim('HTTP ' . $reply->status() . ' ' . $reply->problem())
            : $reply->reason();
        $this->version = $reply->text('version', 64) ?? '';
        $this->mode = self::oneOf($reply->text('mode'), ['enforce', 'observe']);
        $this->percentage = $reply->isWhole('percentage') && $reply->whole('percentage') <= 100
            ? $reply->whole('percentage')
            : null;
        $this->backend = self::oneOf($reply->text('lock_backend'), ['flock', 'redis', 'memory']);
        $this->lockDirectory = $reply->text('lock_directory', 1024) ?? '';
        $figures = Reply::answer(200, $reply->object('figures'));
        $this->days = $figures->number('days') ?? 30;
        foreach (self::FIGURES as $name) {
            $this->figures[$name] = $figures->isWhole($name) ? $figures->whole($name) : null;
        }
    }

    /** @param string[] $known */
    private static function oneOf(?string $value, array $known): string
    {
        return in_array($value, $known, true) ? (string) $value : '';
    }
}
