"""The requirement ledger: which tests prove which row. A pytest plugin; `make requirements` prints the table."""

from __future__ import annotations

import sys
import tomllib
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

LEDGER = Path(__file__).parents[2] / "docs" / "requirements.toml"


@cache
def rows(path: Path = LEDGER) -> dict[str, str]:
    """Each row's name and its one line, in the ledger's order."""
    sections = tomllib.loads(path.read_text())
    return {name: line for section in sections.values() for name, line in section.items()}


def named_rows(item: pytest.Item) -> list[str]:
    """The rows that a test names in its `req` marks."""
    return [str(row) for mark in item.iter_markers("req") for row in mark.args]


def faults(item: pytest.Item, known: dict[str, str]) -> list[str]:
    """What is wrong with a test's `req` marks, one line each."""
    unknown = [f"unknown requirement {row!r}" for row in named_rows(item) if row not in known]
    empty = ["a req mark without a row" for mark in item.iter_markers("req") if not mark.args or mark.kwargs]
    return unknown + empty


def table(items: list[pytest.Item], known: dict[str, str]) -> str:
    """The table as text: each row with its line, its test functions and how many cases each has."""
    proofs: dict[str, Counter[str]] = {row: Counter() for row in known}
    for item in items:
        for row in set(named_rows(item)) & known.keys():
            proofs[row][item.nodeid.split("[")[0]] += 1
    lines: list[str] = []
    for row, line in known.items():
        lines.append(f"{row:4} {line}")
        lines += [f"       {test}" + (f"  ({cases} cases)" if cases > 1 else "") for test, cases in proofs[row].items()]
        lines += [] if proofs[row] else ["       NO TEST YET"]
    bare = [row for row, tests in proofs.items() if not tests]
    lines += ["", f"{len(known) - len(bare)} of {len(known)} requirements have tests"]
    lines += [f"without a test: {' '.join(bare)}"] if bare else []
    return "\n".join(lines)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--requirements`."""
    parser.addoption(
        "--requirements", action="store_true", help="print the requirements and the tests that prove each; run nothing"
    )


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Fail a test that names a row which does not exist."""
    if wrong := faults(item, rows()):
        pytest.fail("; ".join(wrong), pytrace=False)


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool | None:
    """With `--requirements`: print the table instead of running the tests."""
    if not session.config.getoption("--requirements"):
        return None
    wrong = [f"{item.nodeid}: {fault}" for item in session.items for fault in faults(item, rows())]
    sys.stdout.write("\n".join([table(session.items, rows()), *wrong, ""]))
    session.testsfailed += len(wrong)
    return True
