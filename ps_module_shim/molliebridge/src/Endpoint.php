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
 * Where the sidecar listens: `http://127.0.0.1:8787`, or `unix:/run/mollie-bridge/bridge.sock` for a Unix socket.
 */
final class Endpoint
{
    /** @var string scheme, host and port, without a trailing slash */
    private $base;

    /** @var string|null path of a Unix socket */
    private $socket;

    private function __construct(string $base, ?string $socket)
    {
        $this->base = $base;
        $this->socket = $socket;
    }

    /** The endpoint that `$text` names, or null when it names none. */
    public static function read(string $text): ?self
    {
        if (strncmp($text, 'unix:', 5) === 0) {
            // Two slashes more are how some programs write it: unix:///run/...
            $path = (string) preg_replace('#\A//(?=/)#', '', substr($text, 5));

            // 107 bytes is what the system can address.
            return preg_match('#\A/[^\x00-\x1f\x7f]{1,106}\z#', $path) === 1
                ? new self('http://localhost', $path)
                : null;
        }
        $parts = preg_match('#\Ahttps?://[^\s@/?\#]+/?\z#i', $text) === 1 ? parse_url($text) : false;
        if (!is_array($parts) || !isset($parts['host'])) {
            return null;
        }

        return new self(rtrim($text, '/'), null);
    }

    /** The address of one of the sidecar's routes. */
    public function url(string $path): string
    {
        return $this->base . $path;
    }

    /** The path of the Unix socket, or null when it is TCP. */
    public function socket(): ?string
    {
        return $this->socket;
    }

    /** Whether what is said stays on this machine or is encrypted. */
    public function isPrivate(): bool
    {
        $host = strtolower((string) parse_url($this->base, PHP_URL_HOST));

        return $this->socket !== null
            || strncmp($this->base, 'https:', 6) === 0
            || $host === 'localhost'
            || $host === '[::1]'
            || preg_match('/\A127\.\d+\.\d+\.\d+\z/', $host) === 1;
    }
}
