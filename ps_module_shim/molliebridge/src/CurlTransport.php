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

/** HTTP over curl: TCP or a Unix socket, one connection per request, nothing followed, little read. */
final class CurlTransport implements Transport
{
    /** The sidecar is on this machine or next to it: who has not taken the connection by then is not there. */
    private const CONNECT_SECONDS = 0.3;

    /** The sidecar's answers have a few hundred bytes; what is longer comes from somebody else. */
    private const MOST_BYTES = 262144;

    /** @var Endpoint */
    private $endpoint;

    /** @var string */
    private $failure = '';

    public function __construct(Endpoint $endpoint)
    {
        $this->endpoint = $endpoint;
    }

    public function send(string $method, string $path, array $headers, string $body, float $seconds): ?HttpAnswer
    {
        $this->failure = '';
        $handle = function_exists('curl_init') ? curl_init() : false;
        if ($handle === false) {
            $this->failure = 'curl is not there';

            return null;
        }
        $read = '';
        $found = [];
        curl_setopt_array($handle, $this->options($method, $path, $headers, $body, $seconds) + [
            CURLOPT_HEADERFUNCTION => static function ($handle, string $line) use (&$found): int {
                $pair = explode(':', $line, 2);
                if (count($pair) === 2 && count($found) < 100) {
                    $found[strtolower(trim($pair[0]))] = trim($pair[1]);
                }

                return strlen($line);
            },
            CURLOPT_WRITEFUNCTION => static function ($handle, string $piece) use (&$read): int {
                $read .= $piece;

                // A number other than the piece's length ends the transfer.
                return strlen($read) <= self::MOST_BYTES ? strlen($piece) : -1;
            },
        ]);
        $answered = curl_exec($handle);
        $status = (int) curl_getinfo($handle, CURLINFO_RESPONSE_CODE);
        if ($answered === false) {
            $this->failure = curl_error($handle) ?: 'no answer';
        }

        return $answered === false ? null : new HttpAnswer($status, $found, $read);
    }

    public function failure(): string
    {
        return $this->failure;
    }

    /**
     * @param string[] $headers
     *
     * @return array<int, mixed>
     */
    private function options(string $method, string $path, array $headers, string $body, float $seconds): array
    {
        $options = [
            CURLOPT_URL => $this->endpoint->url($path),
            CURLOPT_CUSTOMREQUEST => $method,
            // Without "Expect:" curl waits a second before it sends a longer body.
            CURLOPT_HTTPHEADER => array_merge($headers, ['Expect:']),
            CURLOPT_USERAGENT => 'molliebridge-shim',
            CURLOPT_CONNECTTIMEOUT_MS => (int) (1000 * min(self::CONNECT_SECONDS, $seconds)),
            CURLOPT_TIMEOUT_MS => (int) (1000 * $seconds),
            // Time-outs below a second need it where curl resolves names with signals.
            CURLOPT_NOSIGNAL => true,
            CURLOPT_FOLLOWLOCATION => false,
            CURLOPT_HTTP_VERSION => CURL_HTTP_VERSION_1_1,
            // A proxy of the environment must not see the token.
            CURLOPT_PROXY => '',
        ];
        if ($body !== '') {
            $options[CURLOPT_POSTFIELDS] = $body;
        }
        if ($this->endpoint->socket() !== null) {
            $options[CURLOPT_UNIX_SOCKET_PATH] = $this->endpoint->socket();
        }

        return $options;
    }
}
