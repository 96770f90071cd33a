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

/** What time it is. */
interface Clock
{
    /** Seconds since 1970, with microseconds: to compare with what other machines say. */
    public function now(): float;

    /** Seconds of a clock that nobody sets: to measure how long something takes. */
    public function elapsed(): float;
}
