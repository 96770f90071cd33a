<?php

declare(strict_types=1);

namespace MollieBridge\Tests;

use MollieBridge\Client;
use MollieBridge\HttpAnswer;
use PHPUnit\Framework\TestCase;

final class ClientTest extends TestCase
{
    /** @var FakeClock */
    private $clock;

    /** @var FakeTransport */
    private $transport;

    /** @var Client */
    private $client;

    protected function setUp(): void
    {
        $this->clock = new FakeClock();
        $this->transport = new FakeTransport($this->clock);
        $this->client = new Client($this->transport, Scene::TOKEN, $this->clock);
    }

    public function testAnAnswerIsRead(): void
    {
        $this->transport->says('POST /a', 409, ['action' => 'resume'], ['retry-after' => '3']);

        $reply = $this->client->post('/a', ['cart_id' => 42]);

        self::assertSame([409, 'resume', 3], [$reply->status(), $reply->text('action'), $reply->retryAfter(9)]);
        [, , $body, $headers] = $this->transport->asked[0];
        self::assertSame(['cart_id' => 42], $body);
        self::assertContains('Authorization: Bearer ' . Scene::TOKEN, $headers);
    }

    public function testAProblemIsRead(): void
    {
        $this->transport->refuses('POST /a', 503, 'lock-timeout', ['retry-after' => 'Wed, 21 Oct 2015 07:28:00 GMT']);

        $reply = $this->client->post('/a', []);

        self::assertSame([503, 'lock-timeout', 9], [$reply->status(), $reply->problem(), $reply->retryAfter(9)]);
    }

    /** @dataProvider useless */
    public function testWhatIsNoAnswerOfTheSidecarIsSilence(HttpAnswer $answer): void
    {
        $this->transport->sends('POST /a', $answer);

        $reply = $this->client->post('/a', []);

        self::assertFalse($reply->isAnswer());
        self::assertNotSame('', $reply->reason());
    }

    public function useless(): array
    {
        $json = ['content-type' => 'application/json'];
        $deep = str_repeat('{"data":', 40) . '1' . str_repeat('}', 40);

        return [
            'HTML' => [new HttpAnswer(200, ['content-type' => 'text/html'], '<h1>Welcome to nginx!</h1>')],
            'JSON that calls itself HTML' => [new HttpAnswer(200, ['content-type' => 'text/html'], '{"data":{}}')],
            'no type' => [new HttpAnswer(200, [], '{"data":{}}')],
            'half of it' => [new HttpAnswer(200, $json, '{"data":{"decis')],
            'nothing' => [new HttpAnswer(200, $json, '')],
            'a number' => [new HttpAnswer(200, $json, '17')],
            'too deep' => [new HttpAnswer(200, $json, $deep)],
            'data that is text' => [new HttpAnswer(200, $json, '{"data":"x"}')],
            'no UTF-8' => [new HttpAnswer(200, $json, "{\"data\":{\"a\":\"\xff\"}}")],
            'somebody else\'s error' => [new HttpAnswer(500, $json, '{"error":"x"}')],
            'a problem of another status' => [new HttpAnswer(502, $json, '{"type":"/problems/x","status":409}')],
        ];
    }

    public function testAllQuestionsOfAPageTogetherWaitNoLongerThanOne(): void
    {
        $this->transport->hangs(60.0);
        $began = $this->clock->elapsed();

        for ($i = 0; $i < 5; ++$i) {
            self::assertFalse($this->client->post('/a', [])->isAnswer());
        }

        self::assertEqualsWithDelta(Client::PATIENCE_SECONDS, $this->clock->elapsed() - $began, 0.001);
        self::assertCount(1, $this->transport->asked);
    }

    public function testWhoRefusesQuicklyIsAskedAgain(): void
    {
        $this->client->post('/a', []);
        $this->transport->says('POST /a', 200, []);

        self::assertTrue($this->client->post('/a', [])->isAnswer());
    }
}
