<?php

declare(strict_types=1);

namespace MollieBridge\Tests;

use MollieBridge\FileLock;
use MollieBridge\Settings;
use MollieBridge\SystemClock;
use MollieBridge\MolliePayment;
use PHPUnit\Framework\TestCase;

final class OfflinePaymentsTest extends TestCase
{
    private const ASK = 'POST /v1/payments';
    private const STEP = 'https://shop.test/order?step=payment';

    /** @var Scene */
    private $scene;

    protected function setUp(): void
    {
        $this->scene = new Scene();
    }

    /** @dataProvider silences */
    public function testWithoutTheSidecarTheShopSellsOn(callable $befall): void
    {
        $befall($this->scene->sidecar);

        self::assertNull($this->scene->payments->guard($this->scene->initiation()));
        self::assertSame(1, $this->scene->outages->sums()['initiation']);
        self::assertNotNull($this->scene->work->fileLock);
    }

    /** @dataProvider silences */
    public function testWithoutTheSidecarTheShopRefusesKindlyOnRequest(callable $befall): void
    {
        $this->scene = new Scene(Settings::CLOSED);
        $befall($this->scene->sidecar);

        $response = $this->scene->payments->guard($this->scene->initiation());

        self::assertSame(self::STEP, $response->location());
        self::assertSame('Payments are not possible for a moment. Please try again.', $response->notice);
    }

    public function silences(): array
    {
        $refusal = static function (int $status, string $problem): array {
            return [static function (FakeTransport $sidecar) use ($status, $problem): void {
                $sidecar->refuses(self::ASK, $status, $problem);
            }];
        };
        $answer = static function (int $status, array $data): array {
            return [static function (FakeTransport $sidecar) use ($status, $data): void {
                $sidecar->says(self::ASK, $status, $data);
            }];
        };

        return [
            'nobody' => [static function (): void {
            }],
            'a wrong token' => $refusal(401, 'unauthorized'),
            'another database' => $refusal(404, 'cart-not-found'),
            'an amount that it can not read' => $refusal(422, 'invalid-money'),
            'a fault of its own' => $refusal(500, 'internal-error'),
            'no database' => $refusal(503, 'store-down'),
            'an action from the future' => $answer(409, ['action' => 'dance']),
            'no action' => $answer(409, []),
            'no payment' => $answer(201, []),
            'a payment that is no text' => $answer(201, ['payment_id' => ['a']]),
            'something else' => $answer(200, ['payment_id' => 'p-1']),
        ];
    }

    public function testAloneItDoesNotCompeteForTheCart(): void
    {
        $other = new FileLock($this->scene->directory, FileLock::cartKey(42), new SystemClock());
        $other->acquire(0.0);
        $this->scene->clock->ticks(0.05);

        $response = $this->scene->payments->guard($this->scene->initiation());

        self::assertSame('A payment is already in progress', $response->notice);
    }

    public function testAloneAnOrderIsShown(): void
    {
        $this->scene->shop->orders[42] = [5 => 'REF'];

        $response = $this->scene->payments->guard($this->scene->initiation());

        self::assertSame('https://shop.test/order-confirmation?id_cart=42&id_order=5', $response->location());
        self::assertNull($this->scene->work->fileLock);
    }

    /** @dataProvider standing */
    public function testAloneAnEarlierPaymentCounts(string $row, ?MolliePayment $payment, ?string $location): void
    {
        $this->scene->shop->payments['tr_1'] = ['cart' => 42, 'number' => 'mol_1', 'status' => $row];
        $this->scene->shop->atMollie = $payment !== null ? ['tr_1' => $payment] : [];

        $response = $this->scene->payments->guard($this->scene->initiation());

        self::assertSame($location, $response === null ? null : $response->location());
    }

    public function standing(): array
    {
        $return = 'https://shop.test/return?cart_id=42&order_number=mol_1';
        $checkout = 'https://www.mollie.com/checkout/x';
        $payment = static function (string $status, string $amount = '14.40') use ($checkout): MolliePayment {
            return new MolliePayment($status, $amount, 'EUR', 42, $status === 'open' ? $checkout : null);
        };

        return [
            'paid, as the module knows' => ['paid', null, $return],
            'paid, as Mollie knows' => ['open', $payment('paid'), $return],
            'at the bank' => ['open', $payment('pending'), $return],
            'open' => ['open', $payment('open'), $checkout],
            'open for another amount' => ['open', $payment('open', '9.99'), null],
            'over' => ['open', $payment('expired'), null],
            'Mollie does not answer' => ['open', null, null],
        ];
    }

    public function testALockThatCanNotBeHadDoesNotStopTheSale(): void
    {
        $scene = new Scene(Settings::OPEN, 'flock', '/nowhere/at/all');

        self::assertNull($scene->payments->guard($scene->initiation()));
    }
}
