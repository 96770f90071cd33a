<?php

declare(strict_types=1);

namespace MollieBridge\Tests;

use MollieBridge\FileLock;
use MollieBridge\MolliePayment;
use MollieBridge\Settings;
use MollieBridge\SystemClock;
use PHPUnit\Framework\TestCase;

final class WebhookGuardTest extends TestCase
{
    private const CLAIM = 'POST /v1/webhooks/claim';
    private const COMPLETE = 'POST /v1/leases/lease-token-0123456789/complete';

    /** @var Scene */
    private $scene;

    protected function setUp(): void
    {
        $this->scene = new Scene();
    }

    public function testClaimedTheModuleWorksAndTheResultIsVerified(): void
    {
        $this->claim();
        $this->scene->sidecar->says(self::COMPLETE, 200, ['verified' => true, 'mismatches' => []]);

        self::assertNull($this->scene->webhooks->finish(200, false));
        $asked = $this->scene->sidecar->asked;
        self::assertSame(['transaction_id' => 'tr_1'], $asked[0][2]);
        self::assertSame(['outcome' => 'done', 'http_status' => 200], $asked[1][2]);
    }

    /** @dataProvider unverified */
    public function testAnUnverified200Becomes503(callable $befall): void
    {
        $this->claim();
        $befall($this->scene->sidecar);

        $instead = $this->scene->webhooks->finish(200, false);

        self::assertSame([503, '5'], [$instead->status, $instead->headers['Retry-After']]);
    }

    public function unverified(): array
    {
        return [
            'the order does not fit' => [static function (FakeTransport $sidecar): void {
                $sidecar->says(self::COMPLETE, 200, ['verified' => false, 'mismatches' => ['no order']]);
            }],
            'the lease was lost' => [static function (FakeTransport $sidecar): void {
                $sidecar->refuses(self::COMPLETE, 409, 'lease-lost');
            }],
            'nobody answers' => [static function (): void {
            }],
            'an answer without the word' => [static function (FakeTransport $sidecar): void {
                $sidecar->says(self::COMPLETE, 200, []);
            }],
        ];
    }

    public function testAFatalErrorBehindA200IsNoSuccess(): void
    {
        $this->claim();
        $this->scene->sidecar->says(self::COMPLETE, 200, ['verified' => true]);

        $instead = $this->scene->webhooks->finish(200, true);

        self::assertSame(503, $instead->status);
        self::assertSame(['outcome' => 'failed', 'http_status' => 500], $this->scene->sidecar->asked[1][2]);
    }

    public function testTheModulesOwnRefusalStands(): void
    {
        $this->claim();

        self::assertNull($this->scene->webhooks->finish(405, false));
        self::assertSame(['outcome' => 'failed', 'http_status' => 405], $this->scene->sidecar->asked[1][2]);
    }

    public function testSurplusMoneyIsNoneOfTheModulesBusiness(): void
    {
        $this->scene->sidecar->says(self::CLAIM, 200, $this->skip('surplus'));

        self::assertSame(200, $this->guard()->status);
    }

    /** @dataProvider notNow */
    public function testWhileSomebodyElseWorksMollieComesAgain(int $status, string $problem): void
    {
        $this->scene->sidecar->refuses(self::CLAIM, $status, $problem, ['retry-after' => '3']);

        $instead = $this->guard();

        self::assertSame([503, '3'], [$instead->status, $instead->headers['Retry-After']]);
    }

    public function notNow(): array
    {
        return [
            [409, 'lease-held'],
            [429, 'too-many-unknown'],
            [503, 'lock-timeout'],
            [503, 'store-down'],
            [503, 'mollie-unavailable'],
        ];
    }

    public function testObservedTheModuleWorksAsWithoutTheBridge(): void
    {
        $this->scene->sidecar->says(self::CLAIM, 200, [
            'decision' => 'process',
            'reason' => 'settle',
            'cart_id' => 42,
            'lease' => null,
        ]);

        self::assertNull($this->guard());
        self::assertSame('', $this->scene->work->kind);
        self::assertNull($this->scene->webhooks->finish(200, false));
        self::assertSame([self::CLAIM], $this->scene->sidecar->routes());
    }

    public function testTheSidecarsOwnCallGoesThroughUnasked(): void
    {
        $until = (int) (1000 * ($this->scene->clock->now() + 30));
        $signed = (int) $this->scene->clock->now() . '.tr_1.42.' . $until;
        $header = 't=' . (int) $this->scene->clock->now() . ',tx=tr_1,cart=42,until=' . $until
            . ',v1=' . hash_hmac('sha256', $signed, Scene::TOKEN);

        self::assertNull($this->scene->webhooks->guard('tr_1', $header, false));
        self::assertNull($this->scene->webhooks->finish(200, false));
        self::assertSame([], $this->scene->sidecar->routes());
        self::assertEqualsWithDelta($this->scene->clock->now() + 30, $this->scene->work->until, 0.01);
        self::assertSame(503, $this->scene->webhooks->finish(200, true)->status);
    }

    public function testNoiseIsTheModulesToRefuseAndNoOutage(): void
    {
        $this->scene->sidecar->refuses(self::CLAIM, 422, 'invalid-request');

        self::assertNull($this->guard());
        self::assertSame('', $this->scene->work->kind);
        self::assertSame(0, $this->scene->outages->sums()['webhook']);
    }

    public function testACallWithoutAnIdIsTheModulesToRefuse(): void
    {
        self::assertNull($this->scene->webhooks->guard('', '', false));
        self::assertSame([], $this->scene->sidecar->routes());
    }

    /** @dataProvider renewals */
    public function testARenewalWhoseCartIsNotMadeYetGoesOn(string $reason, bool $isSubscription, bool $works): void
    {
        $this->scene->sidecar->says(self::CLAIM, 200, $this->skip($reason));

        self::assertSame($works, $this->scene->webhooks->guard('tr_1', '', $isSubscription) === null);
    }

    public function renewals(): array
    {
        return [
            ['unmatched', true, true],
            ['unknown', true, true],
            ['surplus', true, false],
            ['unmatched', false, false],
        ];
    }

    public function testAloneTheModuleWorksUnderTheCartsFile(): void
    {
        $this->scene->shop->payments['tr_1'] = ['cart' => 42, 'number' => 'mol_1', 'status' => 'open'];

        self::assertNull($this->guard());
        self::assertSame(FileLock::HELD, $this->file()->acquire(0.0));
        self::assertNull($this->scene->webhooks->finish(200, false));
        self::assertSame(FileLock::TAKEN, $this->file()->acquire(0.0));
        self::assertSame(1, $this->scene->outages->sums()['webhook']);
    }

    public function testAloneMollieKnowsTheCartThatTheTableDoesNot(): void
    {
        $this->scene->shop->atMollie['tr_1'] = new MolliePayment('paid', '14.40', 'EUR', 42, null);

        self::assertNull($this->guard());
        self::assertSame(FileLock::HELD, $this->file()->acquire(0.0));
    }

    public function testAloneAFatalErrorIsNoSuccessEither(): void
    {
        $this->scene->shop->payments['tr_1'] = ['cart' => 42, 'number' => 'mol_1', 'status' => 'open'];
        $this->guard();

        self::assertSame(503, $this->scene->webhooks->finish(200, true)->status);
    }

    public function testALockThatCanNotBeHadStopsAWebhook(): void
    {
        $this->scene = new Scene(Settings::OPEN, 'flock', '/nowhere/at/all');
        $this->scene->shop->payments['tr_1'] = ['cart' => 42, 'number' => 'mol_1', 'status' => 'open'];

        self::assertSame(503, $this->guard()->status);
    }

    public function testWithLocksInRedisNobodyWorksAlone(): void
    {
        $this->scene = new Scene(Settings::OPEN, 'redis');
        $this->scene->shop->payments['tr_1'] = ['cart' => 42, 'number' => 'mol_1', 'status' => 'open'];

        self::assertSame(503, $this->guard()->status);
    }

    /** @dataProvider nonsense */
    public function testAClaimThatMakesNoSenseIsSilence(array $data): void
    {
        $this->scene = new Scene(Settings::OPEN, 'redis');
        $this->scene->sidecar->says(self::CLAIM, 200, $data);

        self::assertSame(503, $this->guard()->status);
        self::assertSame(1, $this->scene->outages->sums()['webhook']);
    }

    public function nonsense(): array
    {
        return [
            [[]],
            [['decision' => 'perhaps', 'lease' => null]],
            [['decision' => 'process']],
            [['decision' => 'process', 'lease' => 'yes']],
            [['decision' => 'process', 'lease' => ['token' => "a\r\nb", 'expires_at' => '2026-03-01T12:01:00Z']]],
            [['decision' => 'process', 'lease' => ['token' => 'lease-token', 'expires_at' => 'soon?']]],
            [['decision' => 'process', 'lease' => ['token' => 'lease-token']]],
        ];
    }

    private function claim(): void
    {
        $data = ['decision' => 'process', 'reason' => 'settle', 'cart_id' => 42, 'lease' => $this->scene->lease()];
        $this->scene->sidecar->says(self::CLAIM, 200, $data);
        self::assertNull($this->guard());
    }

    /** @return \MollieBridge\Response|null */
    private function guard()
    {
        return $this->scene->webhooks->guard('tr_1', '', false);
    }

    private function skip(string $reason): array
    {
        return ['decision' => 'skip', 'reason' => $reason, 'cart_id' => null, 'lease' => null];
    }

    private function file(): FileLock
    {
        return new FileLock($this->scene->directory, FileLock::cartKey(42), new SystemClock());
    }
}
