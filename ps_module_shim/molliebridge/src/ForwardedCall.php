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
 * The header with which the sidecar passes a webhook on: it says that the cart's lease is held until a moment.
 *
 * `t=<unix seconds>,tx=<transaction>,cart=<cart>,until=<unix milliseconds>,v1=<hex HMAC-SHA256 over t.tx.cart.until>`.
 */
final class ForwardedCall
{
    /** As PHP names the header X-Molliebridge-Forwarded. */
    public const SERVER_KEY = 'HTTP_X_MOLLIEBRIDGE_FORWARDED';

    /** Seconds that a signature counts, both ways: clocks differ, and a copied one must not open the door for ever. */
    private const OLDEST = 300;

    /** @var int */
    public $cartId;

    /** @var float seconds since 1970 */
    public $until;

    private function __construct(int $cartId, float $until)
    {
        $this->cartId = $cartId;
        $this->until = $until;
    }

    /** What the header says; null unless it is the sidecar's own, for this transaction, and the lease still runs. */
    public static function read(string $header, string $secret, string $transactionId, float $now): ?self
    {
        $parts = [];
        foreach (explode(',', substr($header, 0, 1024)) as $part) {
            $pair = explode('=', trim($part), 2);
            $parts[$pair[0]] = $pair[1] ?? '';
        }
        $parts += ['t' => '', 'tx' => '', 'cart' => '', 'until' => '', 'v1' => ''];
        foreach (['t', 'cart', 'until'] as $name) {
            if (preg_match('/\A\d{1,16}\z/', $parts[$name]) !== 1) {
                return null;
            }
        }
        $signed = $parts['t'] . '.' . $parts['tx'] . '.' . $parts['cart'] . '.' . $parts['until'];
        $until = (int) $parts['until'] / 1000;
        $own = $secret !== '' && hash_equals(hash_hmac('sha256', $signed, $secret), $parts['v1']);
        if (!$own || $parts['tx'] !== $transactionId || $transactionId === '') {
            return null;
        }

        return abs($now - (int) $parts['t']) <= self::OLDEST && $now < $until
            ? new self((int) $parts['cart'], $until)
            : null;
    }
}
