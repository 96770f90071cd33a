"""The acts as tables that a merchant reads, on any terminal and in a pipe."""

from __future__ import annotations

from typing import Final

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bridge.demo.scenario.outcome import Outcome
from bridge.demo.scenario.play import Played, Way

NARROWEST: Final = 80
WIDEST: Final = 100


def demo_console() -> Console:
    """Standard output, between 80 and 100 columns; no colour in a pipe or where NO_COLOR says so."""
    console = Console(highlight=False)
    width = console.width if console.is_terminal else WIDEST
    return Console(highlight=False, width=min(max(width, NARROWEST), WIDEST))


def table_of(played: Played) -> Table:
    """One act: time, what is done, and what was seen of it without the bridge and with it."""
    table = Table(
        title=played.act.title,
        title_justify="left",
        title_style="bold",
        box=box.ROUNDED,
        expand=True,
        show_footer=True,
        leading=0,
    )
    table.add_column("Time", "", no_wrap=True, justify="right", min_width=6)
    table.add_column("What happens", Text("In the end", style="bold"), ratio=4)
    _add_way(table, "Without the bridge", "red", played.before)
    _add_way(table, "With the bridge", "green", played.after)
    for beat, before, after in zip(played.act.beats, played.before.seen, played.after.seen, strict=True):
        table.add_row(f"T+{beat.second} s", beat.what, before, after)
    return table


def _add_way(table: Table, title: str, colour: str, way: Way) -> None:
    header = Text.assemble((title, colour), (f"\ncart {way.cart_id}", "dim"))
    table.add_column(header, _money(way.outcome), ratio=5)


def _money(outcome: Outcome) -> Text:
    parts = [f"taken {outcome.taken.value}"]
    if outcome.given_back.minor:
        parts.append(f"given back {outcome.given_back.value}")
    parts += [f"owed {outcome.owed.value}", f"orders {len(outcome.references)}"]
    verdict = "paid once" if outcome.is_clean else _wrong(outcome)
    return Text(f"{', '.join(parts)}\n{verdict}", style="bold green" if outcome.is_clean else "bold red")


def _wrong(outcome: Outcome) -> str:
    wrong = [f"{outcome.too_much.value} {outcome.owed.currency} too much"] if outcome.too_much.minor else []
    if len(outcome.references) != 1:
        wrong.append(f"{len(outcome.references)} orders instead of one")
    return " and ".join(wrong) or "not paid in full"
