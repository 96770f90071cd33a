"""The reports' SQL files: found, taken apart into tokens, and written for a shop's own table prefix.

The files run as they stand in any client, with PrestaShop's usual prefix `ps_` and from `2000-01-01` on. For another
prefix or day the tokens of a table's name and of that day are replaced; what stands in strings and comments is not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from functools import cache
from pathlib import Path
from typing import Final

import bridge
from bridge.adapters.ledger.tables import checked_prefix
from bridge.domain.errors import ConfigurationError

_HOME: Final = Path(bridge.__file__).parent
PLACES: Final = (_HOME / "sql" / "reports", _HOME.parent / "sql" / "reports")
"""Beside the program where it was installed from a wheel, else in the project's folder."""

PREFIX: Final = "ps_"
EVER: Final = "'2000-01-01'"

_TOKEN: Final = re.compile(
    r"""
    (?P<comment> --(?=[\s]|\Z)[^\n]* | \#[^\n]* | /\*.*?\*/ )
  | (?P<string>  '(?:[^'\\]|\\.|'')*' | "(?:[^"\\]|\\.|"")*" )
  | (?P<quoted>  `(?:[^`]|``)*` )
  | (?P<word>    [\w$]+ )
  | (?P<space>   \s+ )
  | (?P<other>   . )
    """,
    re.VERBOSE | re.DOTALL,
)


@cache
def read_sql(name: str) -> str:
    """The file of a report. Raises `ConfigurationError` where the installation lacks it."""
    for place in PLACES:
        file = place / f"{name}.sql"
        if file.is_file():
            return file.read_text(encoding="utf-8")
    raise ConfigurationError([f"sql/reports/{name}.sql is missing from this installation"])


def written_for(sql: str, prefix: str, since: date | None = None) -> str:
    """The one statement in `sql` for the tables under `prefix`, without comments, from `since` on.

    Names are quoted: a prefix may begin with a digit, which would else be read as a number.
    """
    checked_prefix(prefix)
    return "".join(_rewritten(sql, prefix, since)).strip().removesuffix(";").strip()


def _rewritten(sql: str, prefix: str, since: date | None) -> Iterator[str]:
    for match in _TOKEN.finditer(sql):
        text = match.group()
        match match.lastgroup:
            case "comment":
                yield " "
            case "word" if text.startswith(PREFIX):
                yield f"`{prefix}{text.removeprefix(PREFIX)}`"
            case "quoted" if text.startswith(f"`{PREFIX}"):
                yield f"`{prefix}{text[1:].removeprefix(PREFIX)}"
            case "string" if text == EVER and since is not None:
                yield f"'{since.isoformat()}'"
            case _:
                yield text
