<?php

declare(strict_types=1);

namespace MollieBridge\Tests;

use MollieBridge\Lease;
use MollieBridge\Work;
use PHPUnit\Framework\TestCase;

final class OrderGuardTest extends TestCase
{
    private const RENEW = 'POST /v1/leases/lease-token-0123456789/renew';

    /** @var Scene */
    private $scene;

    protected function setUp(): void
    {
        $this->scene = new Scene();
    }

    public function testOrdersOfOthersAreNobodysBusiness(): void
    {
        $this->scene->shop->orders[42] = [5 => 'OTHER'];

        self::assertNull($this->scene->orders->guard(42, 'NEW'));
        self::assertSame([], $this->scene->sidecar->routes());
    }

    public function testAnotherCartsOrderIsNobodysBusiness(): void
    {
        $this->holdLease();
        $this->scene->shop->orders[43] = [5 => 'OTHER'];

        self::assertNull($this->scene->orders->guard(43, 'NEW'));
    }

    public function testALeaseThatStillStandsIsRenewed(): void
    {
        $this->holdLease();
        $this->scene->sidecar->says(self::RENEW, 200, []);

        self::assertNull($this->scene->orders->guard(42, ''));
    }

    public function testALostLeaseMakesNoOrder(): void
    {
        $this->holdLease();
        $this->scene->sidecar->refuses(self::RENEW, 409, 'lease-lost');

        self::assertSame(503, $this->scene->orders->guard(42, '')->status);
    }

    public function testWithoutTheSidecarTheClockDecides(): void
    {
        $this->holdLease();

        self::assertNull($this->scene->orders->guard(42, 'ONE'));
        $this->scene->clock->pass(59.5);
        self::assertSame(503, $this->scene->orders->guard(42, 'TWO')->status);
    }

    public function testAForwardedCallCountsUntilItsLeaseEnds(): void
    {
        $this->work(Work::WEBHOOK);
        $this->scene->work->until = $this->scene->clock->now() + 10;

        self::assertNull($this->scene->orders->guard(42, 'ONE'));
        $this->scene->clock->pass(10.0);
        self::assertSame(503, $this->scene->orders->guard(42, 'TWO')->status);
    }

    public function testAnOrderOfAnotherReferenceIsEnough(): void
    {
        $this->holdLease();
        $this->scene->sidecar->says(self::RENEW, 200, []);
        $this->scene->shop->orders[42] = [5 => 'OTHER'];

        self::assertSame(503, $this->scene->orders->guard(42, 'NEW')->status);
    }

    public function testAnOrderOfTheSameReferenceIsAPartOfIt(): void
    {
        $this->holdLease();
        $this->scene->sidecar->says(self::RENEW, 200, []);
        $this->scene->shop->orders[42] = [5 => 'SAME'];

        self::assertNull($this->scene->orders->guard(42, 'SAME'));
    }

    public function testTheSecondOrderOfASplitCartFollowsTheFirst(): void
    {
        $this->holdLease();
        $this->scene->sidecar->says(self::RENEW, 200, []);
        self::assertNull($this->scene->orders->guard(42, 'SAME'));
        $this->scene->shop->orders[42] = [5 => 'SAME'];

        self::assertNull($this->scene->orders->guard(42, 'SAME'));
        self::assertSame([self::RENEW], $this->scene->sidecar->routes());
    }

    public function testABankTransfersOrderIsMadeUnderALease(): void
    {
        $this->work(Work::PAYMENT);
        $this->scene->work->paymentId = 'p-1';
        $this->scene->sidecar->says('POST /v1/leases', 201, $this->scene->lease());

        self::assertNull($this->scene->orders->guard(42, ''));
        self::assertSame('lease-token-0123456789', $this->scene->work->lease->token);
        $body = ['shop_id' => 1, 'cart_id' => 42, 'purpose' => 'order-before-payment'];
        self::assertSame($body, $this->scene->sidecar->asked[0][2]);
        $this->scene->payments->finish('https://www.mollie.com/checkout/x', 'shop.test', false);
        self::assertSame([
            'POST /v1/leases',
            'POST /v1/leases/lease-token-0123456789/complete',
            'POST /v1/payments/p-1/bind',
        ], $this->scene->sidecar->routes());
    }

    public function testABankTransferWaitsForAWebhookThatIsWorkedOn(): void
    {
        $this->work(Work::PAYMENT);
        $this->scene->work->paymentId = 'p-1';
        $this->scene->sidecar->refuses('POST /v1/leases', 409, 'lease-held');

        self::assertSame('A payment is already in progress', $this->scene->orders->guard(42, '')->notice);
    }

    public function testABankTransferOfAnOrderedCartShowsTheOrder(): void
    {
        $this->work(Work::PAYMENT);
        $this->scene->work->paymentId = 'p-1';
        $this->scene->sidecar->says('POST /v1/leases', 201, $this->scene->lease());
        $this->scene->shop->orders[42] = [5 => 'OTHER'];

        $instead = $this->scene->orders->guard(42, '');

        self::assertSame('https://shop.test/order-confirmation?id_cart=42&id_order=5', $instead->location());
    }

    private function work(string $kind): void
    {
        $this->scene->work->kind = $kind;
        $this->scene->work->cartId = 42;
    }

    private function holdLease(): void
    {
        $this->work(Work::WEBHOOK);
        $this->scene->work->lease = Lease::read($this->scene->lease());
    }
}
