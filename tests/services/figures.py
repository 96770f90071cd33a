"""Figures that tests publish, such as "one order: 100 of 100", printed at the end of the run; pytest-xdist or not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import pytest

_NAME: Final = "figure"


@pytest.fixture
def publish(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Have a line of figures printed when all tests are through."""

    def add(line: str) -> None:
        request.node.user_properties.append((_NAME, line))

    return add


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what was published."""
    lines: list[str] = []
    for reports in terminalreporter.stats.values():
        for report in reports:
            if getattr(report, "when", "") == "call":
                place = report.nodeid.partition("::")[2]
                lines += [f"{place}: {value}" for name, value in report.user_properties if name == _NAME]
    if lines:
        terminalreporter.section("figures")
        terminalreporter.write("".join(f"{line}\n" for line in sorted(lines)))
