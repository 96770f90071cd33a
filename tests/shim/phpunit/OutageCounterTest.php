<?php

declare(strict_types=1);

namespace MollieBridge\Tests;

use MollieBridge\OutageCounter;
use PHPUnit\Framework\TestCase;

final class OutageCounterTest extends TestCase
{
    /** @var string */
    private $file;

    /** @var FakeClock */
    private $clock;

    protected function setUp(): void
    {
        $this->file = sys_get_temp_dir() . '/molliebridge-' . bin2hex(random_bytes(6)) . '.json';
        $this->clock = new FakeClock();
    }

    protected function tearDown(): void
    {
        if (is_file($this->file)) {
            unlink($this->file);
        }
    }

    public function testItCountsByKindAndKeepsTheLastReason(): void
    {
        $this->counter()->count(OutageCounter::WEBHOOK, 'first');
        $this->counter()->count(OutageCounter::WEBHOOK, 'second');
        $this->counter()->count(OutageCounter::INITIATION, 'third');

        self::assertSame([
            'initiation' => 1,
            'webhook' => 2,
            'return' => 0,
            'last_at' => '2026-03-01T12:00:00Z',
            'last_reason' => 'third',
        ], $this->counter()->sums());
    }

    public function testItForgetsAfterThirtyDays(): void
    {
        $this->counter()->count(OutageCounter::WEBHOOK, 'old');
        $this->clock->pass(29 * 86400.0);
        self::assertSame(1, $this->counter()->sums()['webhook']);
        $this->clock->pass(86400.0);

        self::assertSame(0, $this->counter()->sums()['webhook']);
        $this->counter()->count(OutageCounter::WEBHOOK, 'new');
        self::assertStringNotContainsString('2026-03-01', (string) file_get_contents($this->file));
    }

    /** @dataProvider broken */
    public function testABrokenFileCountsAsNone(string $content): void
    {
        file_put_contents($this->file, $content);

        self::assertSame(0, $this->counter()->sums()['initiation']);
        $this->counter()->count(OutageCounter::INITIATION, "\xff");
        self::assertSame(1, $this->counter()->sums()['initiation']);
    }

    public function broken(): array
    {
        return [[''], ['{'], ['[]'], ['{"days":"x","last_at":[]}'], ['{"days":{"2026-03-01":7}}']];
    }

    public function testNobodyWaitsForACount(): void
    {
        $handle = fopen($this->file, 'c+');
        flock($handle, LOCK_EX);

        $this->counter()->count(OutageCounter::INITIATION, 'busy');

        self::assertSame(0, $this->counter()->sums()['initiation']);
    }

    public function testAFileThatCanNotBeWrittenIsNoError(): void
    {
        $counter = new OutageCounter('/nowhere/at/all.json', $this->clock);
        $counter->count(OutageCounter::INITIATION, 'x');

        self::assertSame(0, $counter->sums()['initiation']);
    }

    public function testForgottenItIsGone(): void
    {
        $this->counter()->count(OutageCounter::INITIATION, 'x');
        $this->counter()->forget();

        self::assertFileDoesNotExist($this->file);
    }

    private function counter(): OutageCounter
    {
        return new OutageCounter($this->file, $this->clock);
    }
}
