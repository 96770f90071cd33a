"""The documentation as a whole: no dead link, no page that nobody finds, the words and decisions of the program."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from bridge.domain import initiation, settlement
from tests.unit.pages import BRIDGE, PAGES, ROOT, page, section, table

BANNED = {"manager", "managers", "helper", "helpers", "util", "utils"}
"""Words that say that nobody knew what the thing was."""


# Links


def anchor(heading: str) -> str:
    """A heading's anchor as the usual Markdown viewers make it."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def anchors(file: Path) -> set[str]:
    return {anchor(heading) for heading in re.findall(r"^#+ (.+)$", file.read_text(encoding="utf-8"), re.MULTILINE)}


def links() -> Iterator[tuple[Path, str]]:
    for file in PAGES:
        text = re.sub(r"^```.*?^```$", "", file.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
        yield from ((file, target) for target in re.findall(r"\]\(([^)]+)\)", text) if "://" not in target)


def test_every_link_leads_somewhere() -> None:
    dead = []
    for file, link in links():
        path, _, heading = link.partition("#")
        target = (file.parent / path).resolve() if path else file
        if not target.is_file() or (heading and heading not in anchors(target)):
            dead.append((file.name, link))

    assert dead == []


def test_every_page_can_be_reached_from_the_readme() -> None:
    reached, new = set[Path](), {ROOT / "README.md"}
    to = [(file, (file.parent / link.partition("#")[0]).resolve()) for file, link in links()]
    while new:
        reached |= new
        new = {target for file, target in to if file in reached} - reached

    assert set(PAGES) - reached == set()


# Words


def names(file: Path) -> Iterator[str]:
    """The names that a file of the program gives: its own, its classes', functions', arguments', variables'."""
    yield file.stem
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        match node:
            case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.arg(arg=name):
                yield name
            case ast.Name(id=name, ctx=ast.Store()):
                yield name


def words(name: str) -> set[str]:
    return {word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name)}


@pytest.mark.slow
def test_no_name_of_the_program_has_a_word_that_the_glossary_bans() -> None:
    named = {(str(file.relative_to(ROOT)), name) for file in BRIDGE.rglob("*.py") for name in names(file)}

    assert [found for found in sorted(named) if words(found[1]) & BANNED] == []


def test_the_search_for_banned_words_finds_them() -> None:
    assert words("LockManager") & BANNED
    assert words("http_utils") & BANNED
    assert not words("contextmanager") & BANNED


@pytest.mark.parametrize("word", ["cart", "lease", "fence", "delivery", "surplus payment", "transaction id", "shim"])
def test_the_glossary_explains_the_word(word: str) -> None:
    assert word in [row[0] for row in table(page("glossary.md"))]


# Decisions


def test_the_initiation_table_has_the_decisions_of_the_program_in_its_order() -> None:
    documented = [row[1] for row in table(section(page("concepts/how-it-decides.md"), "## May this cart be paid now?"))]
    programmed = [row[1].partition(" ")[0] for row in table(initiation.__doc__ or "")]

    assert documented == programmed


def test_the_settlement_table_is_the_programs_own() -> None:
    rows = table(section(page("concepts/how-it-decides.md"), "## What may this news change?"))
    programmed = [
        [cell.replace("first money", "the first money") for cell in row] for row in table(settlement.__doc__ or "")
    ]

    assert [row[:3] for row in rows] == programmed


def test_it_says_of_each_settlement_decision_whether_the_module_hears_of_it() -> None:
    passed_on = {decision.__name__ for decision in settlement.PASSED_ON}
    for row in table(section(page("concepts/how-it-decides.md"), "## What may this news change?")):
        assert row[3].startswith("hears of it") == (row[2].partition(" ")[0] in passed_on), row


# Changelog and licence


def test_the_changelog_has_an_entry_for_what_is_not_released() -> None:
    assert "\n## [Unreleased]\n" in (ROOT / "CHANGELOG.md").read_text()


def test_the_licence_is_the_one_that_is_named() -> None:
    assert (ROOT / "LICENSE").read_text().startswith("MIT License\n")
