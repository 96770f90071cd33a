<?php

declare(strict_types=1);

namespace MollieBridge\Tests;

use MollieBridge\Uuid;
use PHPUnit\Framework\TestCase;

final class UuidTest extends TestCase
{
    public function testARandomOneIsAUuidAndAnotherEachTime(): void
    {
        $first = Uuid::random();

        self::assertSame($first, Uuid::read($first));
        self::assertSame('4', $first[14]);
        self::assertNotSame($first, Uuid::random());
    }

    /** @dataProvider texts */
    public function testOnlyAUuidIsTakenFromABrowser(string $text, ?string $key): void
    {
        self::assertSame($key, Uuid::read($text));
    }

    public function texts(): array
    {
        return [
            ['0B9C1F2E-8D3A-4C5B-9E6F-1A2B3C4D5E6F', '0b9c1f2e-8d3a-4c5b-9e6f-1a2b3c4d5e6f'],
            ['', null],
            ['0b9c1f2e-8d3a-4c5b-9e6f-1a2b3c4d5e6f' . "\n", null],
            ['00000000-0000-0000-0000-000000000000', null],
            ["x'; DROP TABLE", null],
        ];
    }
}
