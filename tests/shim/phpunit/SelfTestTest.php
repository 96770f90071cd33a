<?php

declare(strict_types=1);

namespace MollieBridge\Tests;

use MollieBridge\SelfTestCall;
use PHPUnit\Framework\TestCase;

final class SelfTestTest extends TestCase
{
    private const NOW = 1772366400.0;

    public function testASignedCallNamesALockFileOfItsOwn(): void
    {
        $call = SelfTestCall::read($this->header(), Scene::TOKEN, self::NOW);

        self::assertTrue($call->isFresh);
        self::assertSame('molliebridge-selftest-' . str_repeat('a', 32), $call->lockKey());
    }

    public function testWhatThePythonSideSignsIsTaken(): void
    {
        // bridge.diagnosis.selftest.signature("s" * 32, "b" * 32, 1772366400)
        $mac = 'd0569242d568e31a966b149150492eb7ba7755bc2674f615fcbbec4b528d11e6';
        $header = 't=1772366400,nonce=' . str_repeat('b', 32) . ',v1=' . $mac;

        self::assertNotNull(SelfTestCall::read($header, str_repeat('s', 32), self::NOW));
    }

    /** @dataProvider moments */
    public function testASignatureIsFreshForAMinute(float $now, bool $isFresh): void
    {
        self::assertSame($isFresh, SelfTestCall::read($this->header(), Scene::TOKEN, $now)->isFresh);
    }

    public function moments(): array
    {
        return [
            'at its end' => [self::NOW + 60, true],
            'after it' => [self::NOW + 61, false],
            'signed in time to come' => [self::NOW - 61, false],
        ];
    }

    /** @dataProvider refused */
    public function testNobodyElseIsAnswered(string $header, string $secret = Scene::TOKEN): void
    {
        self::assertNull(SelfTestCall::read($header, $secret, self::NOW));
    }

    public function refused(): array
    {
        return [
            'nothing' => [''],
            'another token' => [$this->header(), 'another'],
            'no token' => [$this->header('', ''), ''],
            'another nonce than was signed' => [str_replace('nonce=a', 'nonce=b', $this->header())],
            'another time than was signed' => [str_replace('t=1772366400', 't=1772366401', $this->header())],
            'a nonce that is a path' => [str_replace('nonce=aa', 'nonce=..', $this->header())],
            'more behind it' => [$this->header() . ',x=1'],
        ];
    }

    private function header(string $nonce = '', string $secret = Scene::TOKEN): string
    {
        $nonce = $nonce ?: str_repeat('a', 32);

        return 't=1772366400,nonce=' . $nonce . ',v1='
            . hash_hmac('sha256', '1772366400.selftest.' . $nonce, $secret);
    }
}
