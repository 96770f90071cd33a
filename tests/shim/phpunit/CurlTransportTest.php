<?php

declare(strict_types=1);

namespace MollieBridge\Tests;

use MollieBridge\CurlTransport;
use MollieBridge\Endpoint;
use PHPUnit\Framework\TestCase;

/** The real transport against a real, badly behaved server. */
final class CurlTransportTest extends TestCase
{
    public function testAnAnswerComesThroughOverTcpAndOverASocket(): void
    {
        foreach (['tcp://127.0.0.1:0', 'unix://' . self::socket()] as $address) {
            $server = new RawServer($address, "HTTP/1.1 200 OK\r\nRetry-After: 7\r\nContent-Length: 2\r\n\r\n{}");

            $answer = $server->transport()->send('POST', '/v1/x', ['X-A: b'], '{"a":1}', 2.0);

            self::assertSame([200, '7', '{}'], [$answer->status, $answer->headers['retry-after'], $answer->body]);
            $asked = $server->asked();
            self::assertStringStartsWith('POST /v1/x HTTP/1.1', $asked);
            self::assertStringContainsString("X-A: b\r\n", $asked);
            self::assertStringEndsWith("\r\n\r\n{\"a\":1}", $asked);
        }
    }

    /** @dataProvider badAnswers */
    public function testWhatIsNoWholeAnswerIsNone(string $sent, float $least, float $most): void
    {
        $server = new RawServer('tcp://127.0.0.1:0', $sent);
        $transport = $server->transport();
        $began = microtime(true);

        self::assertNull($transport->send('GET', '/', [], '', 0.4));

        $waited = microtime(true) - $began;
        self::assertNotSame('', $transport->failure());
        self::assertGreaterThanOrEqual($least, $waited);
        self::assertLessThan($most, $waited);
    }

    public function badAnswers(): array
    {
        $ok = "HTTP/1.1 200 OK\r\n";

        return [
            'noise' => ["\x00\x01\x02 noise\r\n\r\n", 0.0, 0.4],
            'hangs up' => ['', 0.0, 0.4],
            'hangs' => [RawServer::HANGS, 0.35, 1.0],
            'half an answer, and hangs' => [$ok . "Content-Length: 9\r\n\r\n{" . RawServer::HANGS, 0.35, 1.0],
            'half an answer, and hangs up' => [$ok . "Content-Length: 9\r\n\r\n{", 0.0, 0.4],
            'far too much' => [$ok . "Content-Length: 900000\r\n\r\n" . RawServer::MUCH, 0.0, 0.4],
        ];
    }

    public function testNobodyThereIsKnownAtOnce(): void
    {
        $transport = new CurlTransport(Endpoint::read('http://127.0.0.1:1'));
        $began = microtime(true);

        self::assertNull($transport->send('GET', '/', [], '', 2.0));
        self::assertLessThan(0.3, microtime(true) - $began);
    }

    public function testARedirectIsNotFollowed(): void
    {
        $sent = "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n";
        $server = new RawServer('tcp://127.0.0.1:0', $sent);
        $answer = $server->transport()->send('GET', '/', [], '', 2.0);

        self::assertSame(302, $answer->status);
    }

    public function testAProxyOfTheEnvironmentDoesNotSeeTheToken(): void
    {
        putenv('http_proxy=http://127.0.0.1:1');
        try {
            $server = new RawServer('tcp://127.0.0.1:0', "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
            self::assertNotNull($server->transport()->send('GET', '/', [], '', 2.0));
        } finally {
            putenv('http_proxy');
        }
    }

    private static function socket(): string
    {
        return sys_get_temp_dir() . '/molliebridge-' . bin2hex(random_bytes(6)) . '.sock';
    }
}
