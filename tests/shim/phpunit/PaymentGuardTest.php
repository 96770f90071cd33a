<?php

declare(strict_types=1);

namespace MollieBridge\Tests;

use MollieBridge\Initiation;
use MollieBridge\Work;
use PHPUnit\Framework\TestCase;

final class PaymentGuardTest extends TestCase
{
    private const ASK = 'POST /v1/payments';
    private const STEP = 'https://shop.test/order?step=payment';

    /** @var Scene */
    private $scene;

    protected function setUp(): void
    {
        $this->scene = new Scene();
    }

    public function testWhatIsAskedDescribesTheCart(): void
    {
        $this->scene->payments->guard($this->scene->initiation());

        [, , $body, $headers] = $this->scene->sidecar->asked[0];
        self::assertSame([
            'shop_id' => 1,
            'cart_id' => 42,
            'customer_id' => 7,
            'amount' => '14.40',
            'currency' => 'EUR',
            'basket_hash' => 'hash',
            'method' => 'ideal',
        ], $body);
        self::assertContains('Idempotency-Key: ' . Scene::KEY, $headers);
        self::assertContains('Prefer: wait=2', $headers);
    }

    public function testAllowedTheModuleGoesOn(): void
    {
        $this->scene->sidecar->says(self::ASK, 201, ['payment_id' => 'p-1', 'action' => 'create']);

        self::assertNull($this->scene->payments->guard($this->scene->initiation()));
        self::assertSame(Work::PAYMENT, $this->scene->work->kind);
    }

    /** @dataProvider ends */
    public function testWhatBecameOfItIsTold(?string $location, bool $answered, string $route, array $body): void
    {
        $this->allow();

        $this->scene->payments->finish($location, 'shop.test', $answered);

        $asked = array_slice($this->scene->sidecar->asked[1], 0, 3);
        self::assertSame(['POST', '/v1/payments/p-1/' . $route, $body], $asked);
    }

    public function ends(): array
    {
        $checkout = 'https://www.mollie.com/checkout/x';
        $return = 'https://shop.test/index.php?fc=module&module=mollie&controller=return&cart_id=42&order_number=mol_1';
        $reason = ['reason' => 'the module made no payment'];

        return [
            'sent to the checkout' => [$checkout, false, 'bind', ['checkout_url' => $checkout]],
            'paid at once' => [$return, false, 'bind', []],
            'paid at once, friendly address' => ['https://shop.test/nl/module/mollie/return?a=b', false, 'bind', []],
            'a QR code was shown' => [null, true, 'bind', []],
            'an error page' => [null, false, 'release', $reason],
            'sent to the start page' => ['https://shop.test/', false, 'release', $reason],
            'sent to a page without a host' => ['/index.php', false, 'release', $reason],
        ];
    }

    public function testTheEndIsToldOnce(): void
    {
        $this->allow();
        $this->scene->payments->finish(null, 'shop.test', false);
        $this->scene->payments->finish(null, 'shop.test', false);

        self::assertCount(2, $this->scene->sidecar->asked);
    }

    public function testOutsideOfTheRollOutNothingIsTold(): void
    {
        $this->scene->sidecar->says(self::ASK, 201, ['payment_id' => null, 'action' => 'create']);

        self::assertNull($this->scene->payments->guard($this->scene->initiation()));
        $this->scene->payments->finish('https://www.mollie.com/checkout/x', 'shop.test', false);

        self::assertSame([self::ASK], $this->scene->sidecar->routes());
        self::assertSame('', $this->scene->work->kind);
        self::assertSame(0, $this->scene->outages->sums()['initiation']);
    }

    /** @dataProvider existing */
    public function testAnExistingPaymentLeadsToItsPage(array $data, string $location, ?string $notice = null): void
    {
        $this->scene->shop->orders[42] = [9 => 'REF'];
        $this->scene->shop->payments['tr_1'] = ['cart' => 42, 'number' => 'mol_1', 'status' => 'paid'];
        $this->scene->sidecar->says(self::ASK, 409, $data);

        $response = $this->scene->payments->guard($this->scene->initiation());

        self::assertSame([302, $location, $notice], [$response->status, $response->location(), $response->notice]);
        self::assertNull($this->scene->work->paymentId);
    }

    public function existing(): array
    {
        $busy = 'A payment is already in progress';

        return [
            'an order' => [
                ['action' => 'show_order', 'order_id' => 5],
                'https://shop.test/order-confirmation?id_cart=42&id_order=5',
            ],
            'an order whose id is not told' => [
                ['action' => 'show_order', 'order_id' => null],
                'https://shop.test/order-confirmation?id_cart=42&id_order=9',
            ],
            'paid' => [
                ['action' => 'wait_for_order', 'transaction_id' => 'tr_1'],
                'https://shop.test/return?cart_id=42&order_number=mol_1',
            ],
            'open' => [
                ['action' => 'resume', 'checkout_url' => 'https://www.mollie.com/checkout/x'],
                'https://www.mollie.com/checkout/x',
            ],
            'open, with an address that is none' => [
                ['action' => 'resume', 'checkout_url' => 'javascript:alert(1)'],
                self::STEP,
                $busy,
            ],
            'being made' => [['action' => 'retry_later', 'retry_after' => 2], self::STEP, $busy],
            'not to be resumed' => [['action' => 'deny', 'status' => 'open'], self::STEP, $busy],
        ];
    }

    public function testADenialCarriesTheLinkThatIsThere(): void
    {
        $data = ['action' => 'deny', 'status' => 'open', 'checkout_url' => 'https://www.mollie.com/checkout/x'];
        $this->scene->sidecar->says(self::ASK, 409, $data);

        $response = $this->scene->payments->guard($this->scene->initiation());

        self::assertSame('https://www.mollie.com/checkout/x', $response->link);
    }

    /** @dataProvider problems */
    public function testAProblemIsSaidKindly(int $status, string $problem, string $notice): void
    {
        $this->scene->sidecar->refuses(self::ASK, $status, $problem);

        $response = $this->scene->payments->guard($this->scene->initiation());

        self::assertSame([self::STEP, $notice], [$response->location(), $response->notice]);
    }

    public function problems(): array
    {
        $busy = 'A payment is already in progress';

        return [
            [403, 'foreign-cart', 'This cart belongs to another account. Please sign in again.'],
            [409, 'key-in-progress', $busy],
            [503, 'lock-timeout', $busy],
            [503, 'unavailable', $busy],
        ];
    }

    /** @dataProvider usedKeys */
    public function testAKeyThatIsUsedUpIsReplacedByAnother(callable $refuse): void
    {
        $refuse($this->scene->sidecar);
        $this->scene->sidecar->says(self::ASK, 201, ['payment_id' => 'p-1']);

        self::assertNull($this->scene->payments->guard($this->scene->initiation()));
        self::assertNotContains('Idempotency-Key: ' . Scene::KEY, $this->scene->sidecar->asked[1][3]);
        self::assertSame('p-1', $this->scene->work->paymentId);
    }

    public function usedKeys(): array
    {
        return [
            'for another payload' => [static function (FakeTransport $sidecar): void {
                $sidecar->refuses(self::ASK, 422, 'key-reused');
            }],
            'for a payment that is over' => [static function (FakeTransport $sidecar): void {
                $sidecar->says(self::ASK, 409, ['action' => 'deny', 'status' => 'expired']);
            }],
        ];
    }

    public function testAScriptIsAnsweredInJson(): void
    {
        $this->scene->sidecar->says(self::ASK, 409, ['action' => 'show_order', 'order_id' => 5]);

        $response = $this->scene->payments->guard($this->scene->initiation(Initiation::SCRIPT));

        self::assertSame(409, $response->status);
        self::assertSame([
            'success' => false,
            'message' => 'This order has already been paid',
            'url' => 'https://shop.test/order-confirmation?id_cart=42&id_order=5',
        ], json_decode($response->body, true));
    }

    public function testAppleIsToldThatItsSheetMayClose(): void
    {
        $this->scene->sidecar->says(self::ASK, 409, ['action' => 'retry_later']);

        $response = $this->scene->payments->guard($this->scene->initiation(Initiation::APPLE_PAY));

        self::assertSame([503, '2'], [$response->status, $response->headers['Retry-After']]);
        self::assertSame('STATUS_FAILURE', json_decode($response->body, true)['status']);
    }

    private function allow(): void
    {
        $this->scene->sidecar->says(self::ASK, 201, ['payment_id' => 'p-1']);
        $this->scene->payments->guard($this->scene->initiation());
    }
}
