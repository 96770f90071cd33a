<?php

declare(strict_types=1);

namespace MollieBridge\Tests;

use MollieBridge\Clock;

/** A clock that the test sets. */
final class FakeClock implements Clock
{
    /** 2026-03-01T12:00:00Z */
    public const START = 1772366400.0;

    /** @var float */
    private $passed = 0.0;

    /** @var float */
    private $tick = 0.0;

    /** From now on each look at the clock takes so long. */
    public function ticks(float $seconds): void
    {
        $this->tick = $seconds;
    }

    public function pass(float $seconds): void
    {
        $this->passed += $seconds;
    }

    public function now(): float
    {
        return self::START + $this->passed;
    }

    public function elapsed(): float
    {
        $this->passed += $this->tick;

        return 1000.0 + $this->passed;
    }
}
