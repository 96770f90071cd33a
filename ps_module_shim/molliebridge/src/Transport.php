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

/** Carries one request to the sidecar. */
interface Transport
{
    /**
     * The whole answer, or null when none came within `$seconds`.
     *
     * @param string[] $headers lines such as `Accept: application/json`
     */
    public function send(string $method, string $path, array $headers, string $body, float $seconds): ?HttpAnswer;

    /** Why the last request had no answer. */
    public function failure(): string;
}
