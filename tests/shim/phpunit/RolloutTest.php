<?php

declare(strict_types=1);

namespace MollieBridge\Tests;

use MollieBridge\Reply;
use MollieBridge\Response;
use MollieBridge\Rollout;
use MollieBridge\Settings;
use MollieBridge\SettingsStore;
use MollieBridge\Status;
use PHPUnit\Framework\TestCase;

final class RolloutTest extends TestCase
{
    private const PLACE = 73;

    /** @dataProvider stored */
    public function testWhatIsStoredIsRead(string $text, bool $guardsOne, bool $guardsNone): void
    {
        $rollout = Rollout::read($text);

        self::assertSame([$guardsOne, $guardsNone], [$rollout->guards(1, 42), $rollout->guardsNone()]);
    }

    public function stored(): array
    {
        return [
            'nobody told yet' => ['', true, false],
            'observing' => ['observe', false, true],
            'no cart' => ['0', false, true],
            'every cart' => ['100', true, false],
            'nonsense' => ['101', true, false],
            'more nonsense' => ['enforce', true, false],
        ];
    }

    public function testACartsPlaceIsTheSidecars(): void
    {
        // sha256("1:42") begins with these eight bytes; modulo 100 they are 73.
        self::assertStringStartsWith('1d446b526abebc35', hash('sha256', '1:42'));
        self::assertFalse(Rollout::read((string) self::PLACE)->guards(1, 42));
        self::assertTrue(Rollout::read((string) (self::PLACE + 1))->guards(1, 42));
    }

    public function testADeedThatContradictsWhatIsRememberedDoesNotFit(): void
    {
        self::assertTrue(Rollout::read('100')->fits(1, 42, true));
        self::assertFalse(Rollout::read('100')->fits(1, 42, false));
        self::assertTrue(Rollout::read('observe')->fits(1, 42, false));
        self::assertFalse(Rollout::read('observe')->fits(1, 42, true));
        self::assertFalse(Rollout::read('')->fits(1, 42, true));
    }

    /** @dataProvider told */
    public function testWhatTheSidecarSaysOfItselfIsKept(array $said, string $kept): void
    {
        \Configuration::$rows = ['MOLLIEBRIDGE_ROLLOUT' => '7', 'MOLLIEBRIDGE_BACKEND' => 'redis'];

        (new SettingsStore())->learn(new Status(Reply::answer(200, $said)));

        self::assertSame($kept, \Configuration::$rows['MOLLIEBRIDGE_ROLLOUT']);
    }

    public function told(): array
    {
        return [
            [['mode' => 'observe', 'percentage' => 100], 'observe'],
            [['mode' => 'enforce', 'percentage' => 50], '50'],
            [['mode' => 'enforce', 'percentage' => 0], '0'],
            [['mode' => 'enforce'], '7'],
            [['percentage' => 50], '7'],
            [[], '7'],
        ];
    }

    public function testWhatHasNotChangedIsNotWritten(): void
    {
        \Configuration::$rows = ['MOLLIEBRIDGE_ROLLOUT' => '50', 'MOLLIEBRIDGE_BACKEND' => 'flock'];
        \Configuration::$writes = 0;
        $status = ['mode' => 'enforce', 'percentage' => 50, 'lock_backend' => 'flock'];

        (new SettingsStore())->learn(new Status(Reply::answer(200, $status)));

        self::assertSame(0, \Configuration::$writes);
    }

    // The sidecar is silent

    public function testAShopThatOnlyWatchesSellsEvenWhenItIsToBeClosedWithoutTheSidecar(): void
    {
        $scene = new Scene(Settings::CLOSED, 'flock', '', 'observe');

        self::assertNull($scene->payments->guard($scene->initiation()));
        self::assertSame(1, $scene->outages->sums()['initiation']);
    }

    public function testAShopThatGuardsDoesNot(): void
    {
        foreach (['', '100'] as $rollout) {
            $scene = new Scene(Settings::CLOSED, 'flock', '', $rollout);

            self::assertNotNull($scene->payments->guard($scene->initiation()));
        }
    }

    public function testOfAnOpenPaymentNothingIsSaidToWhoIsOnlyWatched(): void
    {
        $scene = new Scene(Settings::OPEN, 'flock', '', 'observe');
        $scene->shop->payments = ['tr_1' => ['cart' => 42, 'number' => 'mol_1', 'status' => 'paid']];

        self::assertNull($scene->payments->guard($scene->initiation()));
    }

    /** @dataProvider backends */
    public function testAWebhookReachesTheModuleThatIsOnlyWatched(string $backend): void
    {
        $scene = new Scene(Settings::CLOSED, $backend, '', 'observe');

        self::assertNull($scene->webhooks->guard('tr_1', '', false));
        self::assertNull($scene->webhooks->finish(200, false));
        self::assertSame('', $scene->work->kind);
    }

    public function backends(): array
    {
        return [['flock'], ['redis']];
    }

    public function testOnRedisAWebhookOfAGuardedCartComesAgainAndOneOfAWatchedCartDoesNot(): void
    {
        $answers = [];
        foreach ([self::PLACE, self::PLACE + 1] as $percentage) {
            $scene = new Scene(Settings::OPEN, 'redis', '', (string) $percentage);
            $scene->shop->payments = ['tr_1' => ['cart' => 42, 'number' => 'mol_1', 'status' => 'open']];
            $answers[] = $scene->webhooks->guard('tr_1', '', false);
        }

        self::assertNull($answers[0]);
        self::assertInstanceOf(Response::class, $answers[1]);
    }

    public function testAnOrderOnReturnIsMadeByWhoIsOnlyWatched(): void
    {
        foreach (['observe' => false, '100' => true] as $rollout => $isRefused) {
            $scene = new Scene(Settings::OPEN, 'redis', '', (string) $rollout);
            $scene->returns->guard(42, 'tr_1', '');

            self::assertSame($isRefused, $scene->orders->guard(42, 'ABCDEFGHI') !== null);
        }
    }

    /** @dataProvider deeds */
    public function testTheSidecarsDeedSaysWhetherItGuards(int $status, array $data, ?bool $guarded): void
    {
        $scene = new Scene();
        $scene->sidecar->says('POST /v1/payments', $status, $data);

        $scene->payments->guard($scene->initiation());

        self::assertSame($guarded, $scene->work->wasGuarded);
    }

    public function deeds(): array
    {
        return [
            [201, ['payment_id' => 'p-1'], true],
            [201, ['payment_id' => null], false],
            [409, ['action' => 'show_order', 'order_id' => 7], true],
            [500, [], null],
        ];
    }
}
