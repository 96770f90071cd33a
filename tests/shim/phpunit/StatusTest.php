<?php

declare(strict_types=1);

namespace MollieBridge\Tests;

use MollieBridge\AdminTexts;
use MollieBridge\Reply;
use MollieBridge\Status;
use PHPUnit\Framework\TestCase;

final class StatusTest extends TestCase
{
    private const FULL = [
        'version' => '1.2.3',
        'mode' => 'enforce',
        'percentage' => 50,
        'lock_backend' => 'redis',
        'lock_directory' => '/tmp',
        'figures' => [
            'days' => 7,
            'prevented' => 3,
            'resumed' => 2,
            'superseded' => 5,
            'surplus' => 1,
            'refunded' => 1,
            'awaiting_approval' => 0,
            'dead_deliveries' => 4,
        ],
    ];

    public function testWhatIsToldIsShown(): void
    {
        $status = new Status(Reply::answer(200, self::FULL));
        $texts = new AdminTexts(new FakeTranslator());

        self::assertSame('Connected to the bridge 1.2.3', $texts->connection($status));
        self::assertSame('Guarding 50 percent of the carts.', $texts->mode($status));
        self::assertSame(['3', '2', '5', '1', '1', '0', '4'], array_column($texts->figures($status), 'value'));
        self::assertSame([6], array_keys(array_filter(array_column($texts->figures($status), 'alarms'))));
    }

    /** @dataProvider odd */
    public function testWhatIsMissingOrOddIsNotShown(array $data): void
    {
        $status = new Status(Reply::answer(200, $data));
        $texts = new AdminTexts(new FakeTranslator());

        self::assertTrue($status->isAuthorised);
        self::assertSame('', $texts->mode($status));
        self::assertSame('', $status->backend);
        self::assertSame(array_fill(0, 7, '-'), array_column($texts->figures($status), 'value'));
    }

    public function odd(): array
    {
        return [
            [[]],
            [['version' => 7, 'mode' => 'maybe', 'percentage' => '50', 'lock_backend' => [], 'figures' => 'many']],
            [['percentage' => 101, 'figures' => ['prevented' => -1, 'resumed' => 'x', 'days' => 0]]],
        ];
    }

    /** @dataProvider connections */
    public function testTheConnectionIsNamedForWhatItIs(Reply $reply, string $text): void
    {
        self::assertSame($text, (new AdminTexts(new FakeTranslator()))->connection(new Status($reply)));
    }

    public function connections(): array
    {
        return [
            [Reply::silence('Connection refused'), 'The bridge does not answer: Connection refused'],
            [Reply::answer(401, [], 'unauthorized'), 'The bridge refuses the token.'],
            [Reply::answer(404, [], 'not-found'), 'Connected to the bridge '],
            [Reply::answer(500, [], 'internal-error'), 'The bridge does not answer: HTTP 500 internal-error'],
        ];
    }
}
