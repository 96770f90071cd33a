<?php

declare(strict_types=1);

namespace MollieBridge\Tests;

use MollieBridge\ForwardedCall;
use PHPUnit\Framework\TestCase;

final class ForwardedCallTest extends TestCase
{
    private const NOW = 1772366400.0;

    public function testTheSidecarsOwnCallIsTaken(): void
    {
        $call = ForwardedCall::read($this->header([]), Scene::TOKEN, 'tr_1', self::NOW);

        self::assertSame(42, $call->cartId);
        self::assertSame(self::NOW + 60, $call->until);
    }

    public function testWhatThePythonSideSignsIsTaken(): void
    {
        // bridge.adapters.shop_http.signature("s" * 32, cart 42, "tr_1", 1772366400, 2026-03-01T12:01:00Z)
        $header = 't=1772366400,tx=tr_1,cart=42,until=1772366460000,v1=' . hash_hmac(
            'sha256',
            '1772366400.tr_1.42.1772366460000',
            str_repeat('s', 32)
        );

        self::assertNotNull(ForwardedCall::read($header, str_repeat('s', 32), 'tr_1', self::NOW));
    }

    /** @dataProvider refused */
    public function testAnythingElseIsACallLikeAnyOther(string $header, string $secret = Scene::TOKEN): void
    {
        self::assertNull(ForwardedCall::read($header, $secret, 'tr_1', self::NOW));
    }

    public function refused(): array
    {
        return [
            'nothing' => [''],
            'noise' => ['t=,=,,x'],
            'another token' => [$this->header([]), 'another'],
            'no token' => [$this->header([], ''), ''],
            'another transaction' => [$this->header(['tx' => 'tr_2'])],
            'another cart than was signed' => [str_replace('cart=42', 'cart=43', $this->header([]))],
            'a later end than was signed' => [str_replace('until=1', 'until=2', $this->header([]))],
            'the lease is over' => [$this->header(['until' => '1772366400000'])],
            'signed long ago' => [$this->header(['t' => '1772366000'])],
            'signed in time to come' => [$this->header(['t' => '1772366800'])],
            'a negative number' => [$this->header(['cart' => '-1'])],
            'an endless number' => [$this->header(['until' => str_repeat('9', 30)])],
        ];
    }

    private function header(array $parts, string $secret = Scene::TOKEN): string
    {
        $parts += ['t' => '1772366400', 'tx' => 'tr_1', 'cart' => '42', 'until' => '1772366460000'];
        $signed = $parts['t'] . '.' . $parts['tx'] . '.' . $parts['cart'] . '.' . $parts['until'];

        return 't=' . $parts['t'] . ',tx=' . $parts['tx'] . ',cart=' . $parts['cart'] . ',until=' . $parts['until']
            . ',v1=' . hash_hmac('sha256', $signed, $secret);
    }
}
