"""Folders shaped like shops of PrestaShop 1.7.8, 8 and 9: `app/config/parameters.php` as each writes it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

SHAPES: Final = ("1.7", "8", "9")


def quoted(value: str) -> str:
    """A PHP string in single quotes, as var_export writes it."""
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def write_parameters(folder: Path, shape: str, values: dict[str, str]) -> Path:
    """Write the file and answer the shop's folder. 1.7.8 and 8 write the long style of arrays, 9 the short one."""
    more = {"mailer_transport": "smtp", "cookie_key": "abc'def", "ps_creation_date": "2026-03-01"}
    pairs = "".join(f"    {quoted(name)} => {quoted(value)},\n" for name, value in (values | more).items())
    if shape == "9":
        text = f"<?php\n\nreturn [\n  'parameters' => [\n{pairs}    'debug' => false,\n  ],\n];\n"
    else:
        extra = "    'mailer_user' => NULL,\n    'ps_caching' => 'CacheMemcache',\n    'ps_cache_enable' => false,\n"
        text = (
            f"<?php return array (\n  'parameters' => \n  array (\n{pairs}{extra if shape == '1.7' else ''}  ),\n);\n"
        )
    file = folder / "app" / "config" / "parameters.php"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return folder
