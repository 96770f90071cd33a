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
 * Which carts the sidecar guards, as it last said: remembered for the time when it is silent, so that a shop that only
 * watches loses no sale. Nobody told yet: every cart counts as guarded.
 */
final class Rollout
{
    private const OBSERVE = 'observe';

    /** @var int|null percentage of the carts; null: nobody told */
    private $percentage;

    private function __construct(?int $percentage)
    {
        $this->percentage = $percentage;
    }

    /** What was stored: `observe`, or a percentage such as `50`; anything else is not known. */
    public static function read(string $text): self
    {
        if ($text === self::OBSERVE) {
            return new self(0);
        }

        return new self(preg_match('/\A\d{1,2}\z|\A100\z/', $text) === 1 ? (int) $text : null);
    }

    /** What the sidecar says of itself, as it is stored; '' when it did not say. */
    public static function told(Status $status): string
    {
        if ($status->mode === self::OBSERVE) {
            return self::OBSERVE;
        }

        return $status->mode !== '' && $status->percentage !== null ? (string) $status->percentage : '';
    }

    /** Whether it is certain that the bridge stands in the way of no cart at all. */
    public function guardsNone(): bool
    {
        return $this->percentage === 0;
    }

    /** Whether the cart may be guarded. */
    public function guards(int $shopId, int $cartId): bool
    {
        return $this->percentage === null || self::place($shopId, $cartId) < $this->percentage;
    }

    /** Whether this goes together with the sidecar having guarded a cart, or not. */
    public function fits(int $shopId, int $cartId, bool $wasGuarded): bool
    {
        return $this->percentage !== null && $this->guards($shopId, $cartId) === $wasGuarded;
    }

    /** The cart's place among a hundred, by the same hash as the sidecar's: its first eight bytes, modulo 100. */
    private static function place(int $shopId, int $cartId): int
    {
        $place = 0;
        // Byte by byte: as one number it would be too big for PHP.
        foreach (str_split(substr(hash('sha256', $shopId . ':' . $cartId, true), 0, 8)) as $byte) {
            $place = ($place * 256 + ord($byte)) % 100;
        }

        return $place;
    }
}
