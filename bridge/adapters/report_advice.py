"""The advice that stands at the head of each report's SQL file, so that page and file can not disagree."""

from __future__ import annotations

import itertools
import re
from functools import cache
from typing import Final

from bridge.adapters.reports_sql import read_sql
from bridge.ports.advice import Advice

_ROW: Final = "A row is "
_TODO: Final = "What to do: "
_APART: Final = re.compile(r" {2,}")


@cache
def read_advice(name: str) -> Advice:
    """The paragraphs `A row is ...` and `What to do: ...` of `sql/reports/<name>.sql`."""
    paragraphs = _paragraphs(read_sql(name))
    return Advice(row=_find(paragraphs, _ROW, keep=True), todo=_find(paragraphs, _TODO, keep=False))


def _find(paragraphs: list[str], opening: str, *, keep: bool) -> str:
    found = next((text for text in paragraphs if text.startswith(opening)), "")
    text = found if keep else found.removeprefix(opening)
    if text.endswith((",", ":")):
        # What it leads to is SQL, in a paragraph of its own.
        text = text[: text.rfind(". ") + 1]
    return text[:1].upper() + text[1:]


def _paragraphs(sql: str) -> list[str]:
    """The comment at the file's head, by its empty lines."""
    head = itertools.takewhile(lambda line: line.startswith("--"), sql.splitlines())
    lines = [line.removeprefix("--").removeprefix(" ") for line in head]
    groups = itertools.groupby(lines, key=bool)
    return [_joined(list(group)) for is_text, group in groups if is_text]


def _joined(lines: list[str]) -> str:
    """One line of text; what was indented keeps its line, a word apart from its meaning gets a colon."""
    return "".join(
        f"\n{_APART.sub(': ', line.strip(), count=1)}" if line.startswith("  ") else f" {line}" for line in lines
    ).strip()
