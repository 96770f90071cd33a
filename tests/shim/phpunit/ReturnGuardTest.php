<?php

declare(strict_types=1);

namespace MollieBridge\Tests;

use PHPUnit\Framework\TestCase;

final class ReturnGuardTest extends TestCase
{
    private const SETTLE = 'POST /v1/carts/42/settle';
    private const CLAIM = 'POST /v1/webhooks/claim';

    /** @var Scene */
    private $scene;

    protected function setUp(): void
    {
        $this->scene = new Scene();
        $this->scene->shop->payments['tr_1'] = ['cart' => 42, 'number' => 'mol_1', 'status' => 'open'];
    }

    public function testTheSidecarSettlesFirstAndTakesNoLease(): void
    {
        $this->scene->sidecar->says(self::SETTLE, 200, ['has_order' => true]);

        $this->scene->returns->guard(42, '', 'mol_1');

        self::assertSame([self::SETTLE], $this->scene->sidecar->routes());
    }

    public function testAPageWithoutACartIsNobodysBusiness(): void
    {
        $this->scene->returns->guard(0, '', '');

        self::assertSame([], $this->scene->sidecar->routes());
        self::assertSame('', $this->scene->work->kind);
    }

    public function testBeforeAnOrderTheCartIsClaimedAndAfterItGivenBack(): void
    {
        $this->comeBack();
        $this->scene->sidecar->says(self::CLAIM, 200, [
            'decision' => 'process',
            'reason' => 'update',
            'cart_id' => 42,
            'lease' => $this->scene->lease(),
        ]);

        self::assertNull($this->scene->orders->guard(42, ''));
        $this->scene->returns->finish(302, false);

        self::assertSame([
            self::SETTLE,
            self::CLAIM,
            'POST /v1/leases/lease-token-0123456789/complete',
        ], $this->scene->sidecar->routes());
    }

    public function testObservedTheOrderIsMadeAsWithoutTheBridge(): void
    {
        $this->comeBack();
        $data = ['decision' => 'process', 'reason' => 'update', 'cart_id' => 42, 'lease' => null];
        $this->scene->sidecar->says(self::CLAIM, 200, $data);
        $this->scene->shop->orders[42] = [5 => 'OTHER'];

        self::assertNull($this->scene->orders->guard(42, ''));
        self::assertNull($this->scene->orders->guard(42, 'NEW'));
    }

    public function testWhileAWebhookWorksThePageLooksAgain(): void
    {
        $this->comeBack();
        $this->scene->sidecar->refuses(self::CLAIM, 409, 'lease-held');

        $instead = $this->scene->orders->guard(42, '');

        self::assertSame([503, '2'], [$instead->status, $instead->headers['Refresh']]);
        self::assertStringContainsString('Your payment is being processed', $instead->body);
    }

    public function testAPaymentThatMakesNoOrderMakesNone(): void
    {
        $this->comeBack();
        $data = ['decision' => 'skip', 'reason' => 'surplus', 'cart_id' => 42, 'lease' => null];
        $this->scene->sidecar->says(self::CLAIM, 200, $data);

        self::assertSame('A payment is already in progress', $this->scene->orders->guard(42, '')->notice);
    }

    public function testItNeverWaitsMoreThanTwoSeconds(): void
    {
        $this->scene->sidecar->hangs(60.0);
        $began = $this->scene->clock->elapsed();

        $this->scene->returns->guard(42, '', 'mol_1');
        $this->scene->orders->guard(42, '');

        self::assertEqualsWithDelta(2.0, $this->scene->clock->elapsed() - $began, 0.01);
        self::assertSame(0, $this->scene->outages->sums()['return']);
    }

    public function testASidecarThatIsNotThereIsCounted(): void
    {
        $this->comeBack(false);

        self::assertSame(1, $this->scene->outages->sums()['return']);
        self::assertNull($this->scene->orders->guard(42, ''));
        self::assertNotNull($this->scene->work->fileLock);
    }

    private function comeBack(bool $answered = true): void
    {
        if ($answered) {
            $this->scene->sidecar->says(self::SETTLE, 200, ['has_order' => false]);
        }
        $this->scene->returns->guard(42, '', 'mol_1');
    }
}
