<?php

declare(strict_types=1);

namespace MollieBridge\Tests;

use MollieBridge\Endpoint;
use PHPUnit\Framework\TestCase;

final class EndpointTest extends TestCase
{
    /** @dataProvider addresses */
    public function testAnAddressIsReadOrRefused(string $text, ?string $url, ?string $socket): void
    {
        $endpoint = Endpoint::read($text);

        self::assertSame($url, $endpoint === null ? null : $endpoint->url('/v1/status'));
        self::assertSame($socket, $endpoint === null ? null : $endpoint->socket());
    }

    public function addresses(): array
    {
        $local = 'http://localhost/v1/status';

        return [
            'TCP' => ['http://127.0.0.1:8787', 'http://127.0.0.1:8787/v1/status', null],
            'a slash at the end' => ['http://127.0.0.1:8787/', 'http://127.0.0.1:8787/v1/status', null],
            'IPv6' => ['http://[::1]:8787', 'http://[::1]:8787/v1/status', null],
            'encrypted' => ['https://bridge.internal', 'https://bridge.internal/v1/status', null],
            'a socket' => ['unix:/run/bridge.sock', $local, '/run/bridge.sock'],
            'a socket with slashes' => ['unix:///run/bridge.sock', $local, '/run/bridge.sock'],
            'no scheme' => ['127.0.0.1:8787', null, null],
            'another scheme' => ['file:///etc/passwd', null, null],
            'a path' => ['http://127.0.0.1:8787/other', null, null],
            'credentials' => ['http://user@127.0.0.1:8787', null, null],
            'no host' => ['http://', null, null],
            'a port that is none' => ['http://127.0.0.1:99999', null, null],
            'a relative socket' => ['unix:bridge.sock', null, null],
            'a socket too long for the system' => ['unix:/' . str_repeat('x', 107), null, null],
            'nothing' => ['', null, null],
        ];
    }

    /** @dataProvider privacy */
    public function testWhatStaysHereOrIsEncryptedIsPrivate(string $text, bool $isPrivate): void
    {
        self::assertSame($isPrivate, Endpoint::read($text)->isPrivate());
    }

    public function privacy(): array
    {
        return [
            ['http://127.0.0.1:8787', true],
            ['http://LOCALHOST:8787', true],
            ['http://[::1]:8787', true],
            ['unix:/run/bridge.sock', true],
            ['https://bridge.example', true],
            ['http://10.0.0.5:8787', false],
            ['http://127.0.0.1.example:8787', false],
        ];
    }
}
