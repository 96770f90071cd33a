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

/** A timed hold on a cart; values only. */
final class Lease
{
    /** @var string */
    public $token;

    /** @var float seconds since 1970 */
    public $expiresAt;

    private function __construct(string $token, float $expiresAt)
    {
        $this->token = $token;
        $this->expiresAt = $expiresAt;
    }

    /** @param array<string, mixed> $fields `token` and `expires_at` as the sidecar writes them */
    public static function read(array $fields): ?self
    {
        $token = $fields['token'] ?? null;
        $expiresAt = $fields['expires_at'] ?? null;
        if (!is_string($token) || preg_match('/\A[A-Za-z0-9_.~-]{8,200}\z/', $token) !== 1 || !is_string($expiresAt)) {
            return null;
        }
        $moment = date_create_immutable($expiresAt);

        return $moment === false ? null : new self($token, (float) $moment->format('U.u'));
    }

    /** The lease that a claim or a request for a lease gave; null when it gave none. */
    public static function of(Reply $reply): ?self
    {
        $own = ['token' => $reply->text('token'), 'expires_at' => $reply->text('expires_at')];

        return self::read($reply->object('lease') ?: $own);
    }
}
