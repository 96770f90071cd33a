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

/** The machine's clocks. */
final class SystemClock implements Clock
{
    public function now(): float
    {
        return microtime(true);
    }

    public function elapsed(): float
    {
        // hrtime() came with PHP 7.3.
        return function_exists('hrtime') ? hrtime(true) / 1e9 : microtime(true);
    }
}
