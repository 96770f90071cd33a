"""`mollie-bridge doctor`: what was tested, what was seen, what to do."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from bridge.adapters.prestashop.parameters import read_parameters
from bridge.config import Settings
from bridge.diagnosis.configuration import LOADS
from bridge.diagnosis.examination import examine
from bridge.diagnosis.findings import Finding, Outcome
from bridge.diagnosis.installation import Installation
from bridge.domain.errors import ConfigurationError

SYSTEMCTL = "systemctl"

_STYLES = {
    Outcome.OK: "green",
    Outcome.WARNING: "yellow",
    Outcome.FAILED: "bold red",
    Outcome.UNTESTED: "dim",
}


def run_doctor(settings: Settings, config: Path | None, *, shop: Path | None, as_json: bool) -> bool:
    """Make and print every check; whether none failed. Raises `ConfigurationError` for a folder that is no shop."""
    parameters = read_parameters(shop) if shop is not None else None
    installation = Installation(settings, config=config, shop=parameters, systemctl=SYSTEMCTL)
    try:
        findings = examine(installation)
    finally:
        installation.close()
    print_json(findings) if as_json else print_table(findings)
    return all(finding.outcome is not Outcome.FAILED for finding in findings)


def print_unloadable(error: ConfigurationError) -> None:
    """The same object as `print_json` makes, when there is nothing to examine: one line for each fault."""
    advice = "put it right: docs/reference/settings.md"
    print_json(
        [
            Finding(check=LOADS.name, tested=LOADS.tested, outcome=Outcome.FAILED, seen=fault, advice=advice)
            for fault in error.faults
        ]
    )


def print_json(findings: list[Finding]) -> None:
    """One object; its names and the checks' stay as they are from version to version."""
    rows = [
        {
            "check": finding.check,
            "outcome": finding.outcome.value,
            "tested": finding.tested,
            "seen": finding.seen,
            "advice": finding.advice,
        }
        for finding in findings
    ]
    print(json.dumps({"healthy": _healthy(findings), "counts": _counts(findings), "checks": rows}, indent=2))


def print_table(findings: list[Finding]) -> None:
    """A line for each check, for people; what to do stands below what was seen."""
    console = Console()
    table = Table(Column("", no_wrap=True), Column("check", no_wrap=True), "seen", box=None, pad_edge=False)
    for finding in findings:
        seen = Text(f"{finding.tested}: {finding.seen}")
        if finding.advice:
            seen.append(f"\n-> {finding.advice}", style=_STYLES[finding.outcome])
        table.add_row(Text(finding.outcome.value, style=_STYLES[finding.outcome]), finding.check, seen)
    console.print(table)
    counts = ", ".join(f"{number} {outcome}" for outcome, number in _counts(findings).items() if number)
    console.print(Text(f"\n{counts}", style="bold"))


def _healthy(findings: list[Finding]) -> bool:
    return not _counts(findings)[Outcome.FAILED.value]


def _counts(findings: list[Finding]) -> dict[str, int]:
    counted = Counter(finding.outcome.value for finding in findings)
    return {outcome.value: counted.get(outcome.value, 0) for outcome in Outcome}
