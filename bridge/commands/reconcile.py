"""`mollie-bridge reconcile`: Mollie's payments held against shop and ledger; a walk that can be taken up again."""

from __future__ import annotations

import csv
import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, TextIO

from rich.console import Console
from rich.progress import Progress
from rich.table import Column, Table

from bridge.bootstrap import build_services
from bridge.config import Settings
from bridge.domain.cart import CartRef
from bridge.domain.errors import ConfigurationError
from bridge.domain.money import Money
from bridge.domain.reconciliation import Finding, FindingKind, Remedy
from bridge.services.container import Services
from bridge.services.reconciliation import Fixed, Walk
from bridge.telemetry import configure_logging


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


def reconcile(settings: Settings, options: Options) -> Outcome:
    """Walk (on), compare, and with `fix` put right what is safe; the notebook goes when the walk is through."""
    configure_logging(level="warning", as_json=settings.log.format == "json")
    with _services(settings) as services, Progress(console=Console(stderr=True), transient=True) as progress:
        book = Notebook(options.notebook, shop_id=options.shop_id, since=options.since)
        outcome = book.read()
        task = progress.add_task("payments", total=None, completed=outcome.payments)
        for page in services.reconciliation.pages(_walk(options, book)):
            outcome.payments += page.payments
            outcome.findings += page.findings
            book.keep(payments=page.payments, findings=page.findings, next_begin=page.next_begin)
            progress.update(task, completed=outcome.payments)
        if options.fix:
            for finding in progress.track(outcome.findings, description="putting right"):
                outcome.fixed.append(services.reconciliation.fix(finding))
        book.close()
    return outcome


def _walk(options: Options, book: Notebook) -> Walk:
    begin = book.next_begin
    return Walk(shop_id=options.shop_id, begin=begin, since=options.since, rate=options.rate)


@contextmanager
def _services(settings: Settings) -> Iterator[Services]:
    services = build_services(settings)
    try:
        yield services
    finally:
        services.close()


class Notebook:
    """One line of JSON for each page that was walked; a line that a kill left unfinished is not believed.

    The first line says what is walked: a notebook of another walk is refused. Raises `ConfigurationError`.
    """

    def __init__(self, path: Path, *, shop_id: int, since: datetime | None) -> None:
        self._path = path
        self._head = {"shop_id": shop_id, "since": since.isoformat() if since else None}
        self._pages = self._read_pages()
        self.next_begin: str | None = self._pages[-1]["next"] if self._pages else None

    def read(self) -> Outcome:
        """What was found by the walk until it was broken off."""
        outcome = Outcome()
        for page in self._pages:
            outcome.payments += page["payments"]
            outcome.findings += [_from_json(each) for each in page["findings"]]
        return outcome

    def keep(self, *, payments: int, findings: Sequence[Finding], next_begin: str | None) -> None:
        """Write a page down, through to the disk: what comes after a crash begins behind it."""
        if next_begin is None:
            return
        line = {"payments": payments, "findings": [_to_json(each) for each in findings], "next": next_begin}
        new = not self._path.exists()
        with self._path.open("a", encoding="utf-8") as book:
            if new:
                book.write(json.dumps(self._head) + "\n")
            book.write(json.dumps(line) + "\n")
            book.flush()
            os.fsync(book.fileno())

    def close(self) -> None:
        """The walk is through."""
        self._path.unlink(missing_ok=True)

    def _read_pages(self) -> list[dict[str, Any]]:
        try:
            lines = self._path.read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return []
        except OSError as error:
            raise ConfigurationError([f"{self._path} can not be read: {error.strerror}"]) from error
        whole = [line for line in map(_parsed, lines) if line is not None]
        if not whole:
            self._path.unlink()
            return []
        if whole[0] != self._head:
            raise ConfigurationError([f"{self._path} is of another walk; remove it, or name another with --notebook"])
        if len(whole) < len(lines):
            self._path.write_text("".join(json.dumps(line) + "\n" for line in whole), encoding="utf-8")
        return whole[1:]


def _parsed(line: str) -> dict[str, Any] | None:
    try:
        found = json.loads(line)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _to_json(finding: Finding) -> dict[str, Any]:
    return {
        **asdict(finding),
        "cart": [finding.cart.shop_id, finding.cart.cart_id] if finding.cart else None,
        "money": [finding.money.currency, finding.money.minor],
    }


def _from_json(line: dict[str, Any]) -> Finding:
    cart, (currency, minor) = line["cart"], line["money"]
    return Finding(
        kind=FindingKind(line["kind"]),
        transaction_id=line["transaction_id"],
        cart=CartRef(shop_id=cart[0], cart_id=cart[1]) if cart else None,
        money=Money(currency=currency, minor=minor),
        at_risk=line["at_risk"],
        seen=line["seen"],
        next_step=line["next_step"],
        remedy=Remedy(line["remedy"]),
    )


# --- showing ----------------------------------------------------------------------------------------------------------

FORMATS = ("table", "json", "csv")
_COLUMNS = ("kind", "transaction", "shop", "cart", "amount", "currency", "at_risk", "seen", "next_step")


def show(outcome: Outcome, *, form: str, out: TextIO | None = None) -> None:
    """Print what still does not fit, in one of `FORMATS`."""
    out = out or sys.stdout
    rows = [_row(finding) for finding in outcome.left]
    if form == "json":
        shown = {"payments": outcome.payments, "findings": rows, "at_risk": money_at_risk(outcome)}
        out.write(json.dumps(shown, indent=2) + "\n")
    elif form == "csv":
        writer = csv.DictWriter(out, _COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    else:
        _print_table(outcome, rows)


def money_at_risk(outcome: Outcome) -> dict[str, str]:
    """What somebody is missing, by currency."""
    sums: dict[str, int] = {}
    for finding in outcome.left:
        if finding.at_risk:
            sums[finding.money.currency] = sums.get(finding.money.currency, 0) + finding.money.minor
    return {currency: Money(currency=currency, minor=minor).value for currency, minor in sorted(sums.items())}


def _row(finding: Finding) -> dict[str, str | int | bool | None]:
    return {
        "kind": finding.kind.value,
        "transaction": finding.transaction_id,
        "shop": finding.cart.shop_id if finding.cart else None,
        "cart": finding.cart.cart_id if finding.cart else None,
        "amount": finding.money.value,
        "currency": finding.money.currency,
        "at_risk": finding.at_risk,
        "seen": finding.seen,
        "next_step": finding.next_step,
    }


def _print_table(outcome: Outcome, rows: list[dict[str, str | int | bool | None]]) -> None:
    right = sum(each.left is None for each in outcome.fixed)
    told = f"{outcome.payments} payments at Mollie, {len(rows)} that do not fit"
    print(told + (f", {right} put right" if outcome.fixed else ""))
    for currency, amount in money_at_risk(outcome).items():
        print(f"{amount} {currency} at risk")
    for each in outcome.fixed:
        if each.error is not None:
            print(f"{each.tried.transaction_id} was not put right: {each.error}")
    if not rows:
        return
    table = Table("kind", Column("transaction", no_wrap=True), "cart", "amount", "seen", "next safe step")
    for row in rows:
        cart = "" if row["cart"] is None else str(row["cart"])
        amount = f"{row['amount']} {row['currency']}"
        table.add_row(str(row["kind"]), str(row["transaction"]), cart, amount, str(row["seen"]), str(row["next_step"]))
    Console().print(table)
    if not outcome.fixed:
        print("Nothing was changed. --fix does what is safe.")
