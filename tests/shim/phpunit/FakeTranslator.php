<?php

declare(strict_types=1);

namespace MollieBridge\Tests;

/** Says everything in English. */
final class FakeTranslator
{
    /** @param array<string, mixed> $parameters */
    public function trans(string $text, array $parameters, string $domain): string
    {
        return strtr($text, $parameters);
    }
}
