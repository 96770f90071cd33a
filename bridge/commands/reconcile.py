"""`mollie-bridge reconcile`: Mollie's payments held against shop and ledger; a walk that can be taken up again."""

from __future__ import annotations

import csv
import json
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import FrameType
from typing import Final, TextIO

from rich.console import Console
from rich.markup import escape
from rich.progress import Progress, TaskID
from rich.table import Column, Table

from bridge.bootstrap import build_services
from bridge.commands.walk_notebook import Notebook
from bridge.config import Settings
from bridge.domain.errors import BridgeError, ConfigurationError, MollieRefused
from bridge.domain.money import Money
from bridge.domain.reconciliation import Finding
from bridge.services.container import Services
from bridge.services.reconciliation import Fixed, Walk
from bridge.telemetry import configure_logging


class BrokenOff(BridgeError):
    """The walk was stopped, or could not go on; what it has compared is kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What was asked for. `notebook`: where each page is written down, so that a broken-off walk can be taken up."""

    shop_id: int
    since: datetime | None
    rate: float
    fix: bool
    notebook: Path


@dataclass(slots=True)
class Outcome:
    """What the walk found, and what became of it."""

    payments: int = 0
    findings: list[Finding] = field(default_factory=list)
    fixed: list[Fixed] = field(default_factory=list)

    @property
    def left(self) -> list[Finding]:
        """What still does not fit."""
        return [each.left for each in self.fixed if each.left is not None] if self.fixed else self.findings

    @property
    def put_right(self) -> int:
        """How many findings are no more."""
        return sum(each.left is None for each in self.fixed)


def reconcile(settings: Settings, options: Options) -> Outcome:
    """Walk (on), compare, and with `fix` put right what is safe; the notebook goes when the walk is through.

    Raises `ConfigurationError`, also about the notebook, and `BrokenOff`, which says how to go on.
    """
    configure_logging(level="warning", as_json=settings.log.format == "json")
    progress = Progress(console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty())
    with (
        Notebook(options.notebook, shop_id=options.shop_id, since=options.since) as book,
        _services(settings) as services,
        _stopped_as_by_ctrl_c(),
        progress,
    ):
        _check_shop(services, options.shop_id)
        run = _Run(services, options, book, progress)
        run.walk()
        if options.fix:
            run.fix()
        book.finish()
    return run.outcome


class _Run:
    """One walk, and what is done about its findings."""

    def __init__(self, services: Services, options: Options, book: Notebook, progress: Progress) -> None:
        self._reconciliation = services.reconciliation
        self._walk = Walk(shop_id=options.shop_id, begin=book.next_begin, since=options.since, rate=options.rate)
        self._book = book
        self._progress = progress
        self.outcome = Outcome(
            payments=sum(page.payments for page in book.pages),
            findings=[finding for page in book.pages for finding in page.findings],
        )

    def walk(self) -> None:
        """Compare page by page. Raises `BrokenOff`."""
        outcome = self.outcome
        if self._book.pages:
            print(f"Going on after {outcome.payments} payments, by the notebook.", file=sys.stderr)
        task = self._progress.add_task("payments", total=None, completed=outcome.payments)
        # An order of the Orders API has payments on both sides of the break.
        known = {finding.transaction_id for finding in outcome.findings}
        with self._broken_off():
            for page in self._reconciliation.pages(self._walk):
                findings = [finding for finding in page.findings if finding.transaction_id not in known]
                self._book.keep(payments=page.payments, findings=findings, next_begin=page.next_begin)
                outcome.payments += page.payments
                outcome.findings += findings
                self._show(task)

    def fix(self) -> None:
        """Put right what is safe. Raises `BrokenOff`."""
        outcome = self.outcome
        task = self._progress.add_task("putting right", total=len(outcome.findings))
        with self._broken_off():
            for fixed in self._reconciliation.fixes(outcome.findings, self._walk):
                outcome.fixed.append(fixed)
                self._progress.update(task, completed=len(outcome.fixed))

    def _show(self, task: TaskID) -> None:
        self._progress.update(task, completed=self.outcome.payments)

    @contextmanager
    def _broken_off(self) -> Iterator[None]:
        """What stops the walk is told with the way to go on."""
        try:
            yield
        except ConfigurationError:
            raise
        except MollieRefused as error:
            if self._walk.begin is None or error.status not in (404, 410):
                raise BrokenOff(self._told(str(error))) from error
            text = f"Mollie does not know {self._walk.begin}, at which the walk goes on: has the key been changed?"
            raise BrokenOff(f"{text} Remove {self._book.path} to begin again") from error
        except BridgeError as error:
            raise BrokenOff(self._told(str(error))) from error
        except KeyboardInterrupt:
            raise BrokenOff(self._told("stopped")) from None

    def _told(self, why: str) -> str:
        if not self._book.pages:
            return f"{why}. Nothing was written down yet: the same command begins again"
        kept = sum(page.payments for page in self._book.pages)
        return f"{why}. The same command goes on after {kept} payments, by {self._book.path}"


def _check_shop(services: Services, shop_id: int) -> None:
    known = services.ledger.shop.shop_ids()
    if shop_id not in known:
        raise ConfigurationError([f"--shop-id {shop_id}: the shops are {', '.join(map(str, known))}"])


@contextmanager
def _services(settings: Settings) -> Iterator[Services]:
    services = build_services(settings)
    try:
        yield services
    finally:
        services.close()


@contextmanager
def _stopped_as_by_ctrl_c() -> Iterator[None]:
    """Let SIGTERM stop the walk as Ctrl-C does, the work in hand finished; a second one ends it at once."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


# --- showing ----------------------------------------------------------------------------------------------------------

FORMATS = ("table", "json", "csv")
_COLUMNS = (
    *("kind", "transaction", "shop", "cart", "amount", "currency"),
    *("at_risk", "remedy", "seen", "next_step", "error"),
)

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What a spreadsheet takes for the beginning of a formula, in ASCII and in full width."""

Row = dict[str, str | int | bool | None]


def show(outcome: Outcome, *, form: str, out: TextIO | None = None) -> None:
    """Print what still does not fit, in one of `FORMATS`."""
    out = out or sys.stdout
    rows = _rows(outcome)
    if form == "json":
        shown = {
            "payments": outcome.payments,
            "put_right": outcome.put_right,
            "at_risk": money_at_risk(outcome),
            "findings": rows,
        }
        out.write(json.dumps(shown, indent=2) + "\n")
    elif form == "csv":
        writer = csv.writer(out)
        writer.writerow(_COLUMNS)
        writer.writerows([_csv_cell(row[name]) for name in _COLUMNS] for row in rows)
    else:
        _print_table(outcome, rows, out)


def money_at_risk(outcome: Outcome) -> dict[str, str]:
    """What somebody is missing, by currency."""
    sums: dict[str, int] = {}
    for finding in outcome.left:
        if finding.at_risk:
            sums[finding.money.currency] = sums.get(finding.money.currency, 0) + finding.money.minor
    return {currency: Money(currency=currency, minor=minor).value for currency, minor in sorted(sums.items())}


def _rows(outcome: Outcome) -> list[Row]:
    if not outcome.fixed:
        return [_row(finding, None) for finding in outcome.findings]
    return [_row(each.left, each.error) for each in outcome.fixed if each.left is not None]


def _row(finding: Finding, error: str | None) -> Row:
    return {
        "kind": finding.kind.value,
        "transaction": finding.transaction_id,
        "shop": finding.cart.shop_id if finding.cart else None,
        "cart": finding.cart.cart_id if finding.cart else None,
        "amount": finding.money.value,
        "currency": finding.money.currency,
        "at_risk": finding.at_risk,
        "remedy": finding.remedy.value,
        "seen": finding.seen,
        "next_step": finding.next_step,
        "error": error,
    }


def _csv_cell(value: str | int | bool | None) -> str:  # noqa: FBT001  (it is what stands in a cell)
    """As in the reports: `yes` and `no`, and an apostrophe before what a spreadsheet would take for a formula."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case str() if value.startswith(_FORMULA):
            return f"'{value}"
        case _:
            return str(value)


def _print_table(outcome: Outcome, rows: list[Row], out: TextIO) -> None:
    # Without a terminal there is no width to fit into: a file or a pipe gets whole lines.
    console = Console(file=out, highlight=False, width=None if out.isatty() else 250)
    told = f"{outcome.payments} payments at Mollie, {len(rows)} that do not fit"
    console.print(told + (f", {outcome.put_right} put right" if outcome.fixed else ""), soft_wrap=True)
    for currency, amount in money_at_risk(outcome).items():
        console.print(f"{amount} {currency} at risk", soft_wrap=True)
    for row in rows:
        if row["error"] is not None:
            console.print(escape(f"{row['transaction']} was not put right: {row['error']}"), soft_wrap=True)
    if not rows:
        return
    table = Table("kind", Column("transaction", no_wrap=True), "cart", "amount", "seen", "next safe step")
    for row in rows:
        cart = "" if row["cart"] is None else str(row["cart"])
        cells = (row["kind"], row["transaction"], cart, f"{row['amount']} {row['currency']}")
        table.add_row(*(escape(str(cell)) for cell in (*cells, row["seen"], row["next_step"])))
    console.print(table)
    if not outcome.fixed:
        console.print("Nothing was changed. --fix does what is safe.", soft_wrap=True)
