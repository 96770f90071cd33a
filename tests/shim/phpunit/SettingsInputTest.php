<?php

declare(strict_types=1);

namespace MollieBridge\Tests;

use MollieBridge\SettingsInput;
use PHPUnit\Framework\TestCase;

final class SettingsInputTest extends TestCase
{
    public function testWhatFitsHasNoFault(): void
    {
        self::assertSame([], $this->input([])->faults(false));
    }

    /** @dataProvider wrong */
    public function testWhatDoesNotFitIsNamed(array $values, array $faults): void
    {
        self::assertSame($faults, $this->input($values)->faults(false));
    }

    public function wrong(): array
    {
        return [
            [['endpoint' => 'bridge'], ['endpoint' => 'address']],
            [['token' => ''], ['token' => 'token_missing']],
            [['token' => str_repeat('a', 31)], ['token' => 'token_shape']],
            [['token' => str_repeat('a', 32) . "\nX: y"], ['token' => 'token_shape']],
            [['policy' => 'perhaps'], ['policy' => 'policy']],
            [['directory' => 'tmp'], ['lock_directory' => 'directory_relative']],
            [['directory' => '/nowhere/at/all'], ['lock_directory' => 'directory_missing']],
            [['endpoint' => '', 'token' => ''], ['endpoint' => 'address', 'token' => 'token_missing']],
        ];
    }

    public function testAStoredTokenMayStay(): void
    {
        self::assertSame([], $this->input(['token' => ''])->faults(true));
    }

    public function testTheClipboardsSpacesAreTakenOff(): void
    {
        self::assertSame(str_repeat('a', 64), $this->input(['token' => ' ' . str_repeat('a', 64) . "\n"])->token);
    }

    private function input(array $values): SettingsInput
    {
        $values += [
            'endpoint' => 'http://127.0.0.1:8787',
            'token' => str_repeat('0a', 32),
            'policy' => 'open',
            'directory' => sys_get_temp_dir(),
        ];

        return new SettingsInput($values['endpoint'], $values['token'], $values['policy'], $values['directory']);
    }
}
