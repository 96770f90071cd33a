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
 * Asks the sidecar, in JSON and with a bearer token. It never throws, and all requests of one page together wait no
 * longer for a silent sidecar than one would.
 */
final class Client
{
    /** Two seconds is what the sidecar waits for another tab; half a second is for the rest. */
    public const PATIENCE_SECONDS = 2.5;

    /** Below this a request is not worth a try. */
    private const LEAST_SECONDS = 0.02;

    private const DEPTH = 16;

    /** @var Transport */
    private $transport;

    /** @var string */
    private $token;

    /** @var Clock */
    private $clock;

    /** @var float seconds that were spent on requests without an answer */
    private $wasted = 0.0;

    public function __construct(Transport $transport, string $token, Clock $clock)
    {
        $this->transport = $transport;
        $this->token = $token;
        $this->clock = $clock;
    }

    /**
     * @param array<string, mixed> $body
     * @param string[]             $headers
     */
    public function post(string $path, array $body, float $seconds = self::PATIENCE_SECONDS, array $headers = []): Reply
    {
        // Floats have no place in what is sent: amounts are text.
        $json = json_encode($body === [] ? new \stdClass() : $body, JSON_UNESCAPED_SLASHES);
        if ($json === false) {
            return Reply::silence('the request can not be written as JSON');
        }

        return $this->ask('POST', $path, $seconds, array_merge($headers, ['Content-Type: application/json']), $json);
    }

    public function get(string $path, float $seconds = self::PATIENCE_SECONDS): Reply
    {
        return $this->ask('GET', $path, $seconds, [], '');
    }

    /** @param string[] $headers */
    private function ask(string $method, string $path, float $seconds, array $headers, string $body): Reply
    {
        $left = min($seconds, self::PATIENCE_SECONDS - $this->wasted);
        if ($left < self::LEAST_SECONDS) {
            return Reply::silence('it has been silent for too long already');
        }
        $headers[] = 'Accept: application/json, application/problem+json';
        $headers[] = 'Authorization: Bearer ' . $this->token;
        $began = $this->clock->elapsed();
        $answer = $this->transport->send($method, $path, $headers, $body, $left);
        $reply = $answer === null ? Reply::silence($this->transport->failure()) : $this->read($answer);
        if (!$reply->isAnswer()) {
            $this->wasted += max(0.0, $this->clock->elapsed() - $began);
        }

        return $reply;
    }

    private function read(HttpAnswer $answer): Reply
    {
        $type = strtolower($answer->headers['content-type'] ?? '');
        if (preg_match('#\Aapplication/(problem\+)?json\b#', $type) !== 1) {
            return Reply::silence('HTTP ' . $answer->status . ' that is not JSON');
        }
        $parsed = json_decode($answer->body, true, self::DEPTH);
        if (!is_array($parsed)) {
            return Reply::silence('HTTP ' . $answer->status . ' with broken JSON');
        }
        $retryAfter = $answer->headers['retry-after'] ?? '';
        $seconds = preg_match('/\A\d{1,6}\z/', $retryAfter) === 1 ? (int) $retryAfter : null;
        if (isset($parsed['data']) && is_array($parsed['data'])) {
            return Reply::answer($answer->status, $parsed['data'], '', $seconds);
        }
        $problem = is_string($parsed['type'] ?? null) ? (string) strrchr('/' . $parsed['type'], '/') : '';
        if (strlen($problem) < 2 || ($parsed['status'] ?? null) !== $answer->status) {
            return Reply::silence('HTTP ' . $answer->status . ' of an unknown form');
        }

        return Reply::answer($answer->status, [], substr($problem, 1), $seconds);
    }
}
