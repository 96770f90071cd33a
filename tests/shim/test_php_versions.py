"""The module is written for PHP 7.2 to 8.4: nothing newer than the first, nothing that the last complains of."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.services.php import php

pytestmark = pytest.mark.php

MODULE = Path(__file__).parents[2] / "ps_module_shim" / "molliebridge"
LOOK = Path(__file__).parent / "php_versions.php"

NEWER = {
    "a typed property": "class A { private ?int $a; }",
    "a property in a constructor": "class A { function __construct(private $a) {} }",
    "an arrow function": "$f = fn($a) => $a;",
    "match": "$a = match(true) { default => 1 };",
    "nullsafe": "$a?->b();",
    "??=": "$a ??= 1;",
    "a comma at the end of a call": "f(1, );",
    "spread in an array": "$a = [...$b];",
    "an enumeration": "enum A { case B; }",
    "a number with _": "$a = 1_000;",
    "mixed as a type": "function f(): mixed {}",
    "static as a type": "class A { function f(): ?static {} }",
    "a union type": "function f(int|string $a) {}",
    "throw as a value": "$a = $b ?? throw new E();",
    "an attribute": "#[A]\nfunction f() {}",
    "str_contains()": "str_contains('a', 'b');",
    "hrtime()": "hrtime();",
    "a parameter that is nullable without saying so": "function f(A $a = null) {}",
    "curl_close, which is going away": "curl_close($a);",
    "E_STRICT, which is going away": "$a = E_STRICT;",
}
OLD = """
class A { public $match; const MATCH = 1; public function f(?int $a, array $b = [], $c = null): ?self {
    // match (1) fn() ?->
    $text = 'fn() => match(1)'; $d = $a ? g() : null; $this->match = self::MATCH; $e = [1, 2,];
    return function_exists('hrtime') ? hrtime(true) : null; } }
"""


def found_in(*files: Path) -> list[str]:
    run = subprocess.run([php(), LOOK, *files], capture_output=True, text=True, timeout=60, check=True)
    return run.stdout.splitlines()


def test_nothing_is_newer_than_php_72_and_nothing_is_going_away() -> None:
    assert found_in(*MODULE.rglob("*.php")) == []


@pytest.mark.parametrize("what", NEWER)
def test_what_is_newer_is_found(tmp_path: Path, what: str) -> None:
    file = tmp_path / "a.php"
    file.write_text(f"<?php\n{NEWER[what]}\n")

    assert [line.partition(": ")[2] for line in found_in(file)] == [what]


def test_what_only_looks_newer_is_not(tmp_path: Path) -> None:
    file = tmp_path / "a.php"
    file.write_text(f"<?php{OLD}")

    assert found_in(file) == []
