<?php

declare(strict_types=1);

namespace MollieBridge\Tests;

use MollieBridge\HttpAnswer;
use MollieBridge\Transport;

/** Answers by route, and remembers what it was asked. What it has no answer for is silence. */
final class FakeTransport implements Transport
{
    /** @var array<int, array{string, string, array<string, mixed>, string[], float}> method, path, body, headers, seconds */
    public $asked = [];

    /** @var array<string, HttpAnswer[]> */
    private $answers = [];

    /** @var FakeClock */
    private $clock;

    /** @var float seconds that a request without an answer takes */
    private $silence = 0.0;

    public function __construct(FakeClock $clock)
    {
        $this->clock = $clock;
    }

    /** @param array<string, mixed> $data */
    public function says(string $route, int $status, array $data, array $headers = []): void
    {
        $this->answers[$route][] = self::json($status, ['data' => $data, 'message' => ''], $headers);
    }

    public function refuses(string $route, int $status, string $problem, array $headers = []): void
    {
        $body = ['type' => '/problems/' . $problem, 'title' => 't', 'status' => $status, 'detail' => 'd'];
        $this->answers[$route][] = self::json($status, $body, $headers);
    }

    public function sends(string $route, HttpAnswer $answer): void
    {
        $this->answers[$route][] = $answer;
    }

    /** From now on a request without an answer takes so long, or as long as the caller waits. */
    public function hangs(float $seconds): void
    {
        $this->silence = $seconds;
    }

    /** @return string[] the routes that were asked, in order */
    public function routes(): array
    {
        return array_map(static function (array $asked): string {
            return $asked[0] . ' ' . $asked[1];
        }, $this->asked);
    }

    public function send(string $method, string $path, array $headers, string $body, float $seconds): ?HttpAnswer
    {
        $this->asked[] = [$method, $path, (array) json_decode($body, true), $headers, $seconds];
        $answers = &$this->answers[$method . ' ' . $path];
        if ($answers) {
            return array_shift($answers);
        }
        $this->clock->pass(min($this->silence, $seconds));

        return null;
    }

    public function failure(): string
    {
        return 'nobody is there';
    }

    private static function json(int $status, array $body, array $headers): HttpAnswer
    {
        $type = $status < 400 || isset($body['data']) ? 'application/json' : 'application/problem+json';

        return new HttpAnswer($status, $headers + ['content-type' => $type], (string) json_encode($body));
    }
}
