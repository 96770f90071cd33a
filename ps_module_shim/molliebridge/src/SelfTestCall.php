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
 * The header with which `mollie-bridge doctor` asks for a self-test.
 *
 * `t=<unix seconds>,nonce=<32 hex digits>,v1=<hex HMAC-SHA256 with the token over t.selftest.nonce>`.
 */
final class SelfTestCall
{
    /** As PHP names the header X-Molliebridge-Selftest. */
    public const SERVER_KEY = 'HTTP_X_MOLLIEBRIDGE_SELFTEST';

    /** Seconds that a signature counts, both ways. */
    private const OLDEST = 60;

    /** @var string names the lock file too, so that whoever copies a call can lock no cart with it */
    public $nonce;

    /** @var bool whether it was signed a moment ago; otherwise the clocks differ, or it was copied */
    public $isFresh;

    private function __construct(string $nonce, bool $isFresh)
    {
        $this->nonce = $nonce;
        $this->isFresh = $isFresh;
    }

    /** What the header says; null unless it was signed with this token. */
    public static function read(string $header, string $secret, float $now): ?self
    {
        $shape = '/\At=(\d{1,12}),nonce=([0-9a-f]{32}),v1=([0-9a-f]{64})\z/';
        if ($secret === '' || preg_match($shape, $header, $found) !== 1) {
            return null;
        }
        $own = hash_hmac('sha256', $found[1] . '.selftest.' . $found[2], $secret);
        if (!hash_equals($own, $found[3])) {
            return null;
        }

        return new self($found[2], abs($now - (int) $found[1]) <= self::OLDEST);
    }

    /** What is locked for the test: nobody else's key. */
    public function lockKey(): string
    {
        return 'molliebridge-selftest-' . $this->nonce;
    }
}
