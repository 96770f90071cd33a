"""`mollie-bridge demo`: a cart paid twice, and then once, on this machine and with nothing but this package."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType
from typing import Final, TextIO

import structlog
from rich.console import Console
from rich.markup import escape

from bridge.demo.playground import Playground, open_playground
from bridge.demo.ports import find_free_port
from bridge.demo.scenario import ACTS, SCALE, Act, demo_console, play, table_of
from bridge.demo.walk_through import FILE, walk_through_script
from bridge.telemetry import configure_logging

INTERRUPTED: Final = 130
"""The shell's own status for a program that Ctrl-C ended before its work was done."""

LOG: Final = "sidecar.log"

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


def run(*, once: bool, port: int) -> int:
    """Play the scenario; then, unless `once`, serve the shop on `port` or the next free one until Ctrl-C.

    0: without the bridge the cart was paid twice, with it once. 1: not so, with one line for each reason.
    130: interrupted before that was known.
    """
    console = demo_console()
    status = INTERRUPTED
    with _one_interrupt(), TemporaryDirectory(prefix="mollie-bridge-demo-") as name:
        folder = Path(name)
        try:
            with (folder / LOG).open("w", buffering=1, encoding="utf-8") as log:
                _log_to(log)
                with open_playground(folder, port=0 if once else find_free_port(port)) as ground:
                    status = perform(ground, console)
                    if not once:
                        _serve(ground, console, folder, wanted=port)
        except KeyboardInterrupt:
            console.print("\nStopped, and everything is removed.")
    return status


def perform(ground: Playground, console: Console, *, acts: Sequence[Act] = ACTS, scale: float = SCALE) -> int:
    """Play the acts and print them; 0 when they prove what they should, else 1 and the reasons."""
    console.print(_INTRODUCTION)
    faults = []
    for act in acts:
        played = play(act, ground, scale=scale)
        console.print(table_of(played))
        console.print()
        faults += [f"{act.title}: {fault}" for fault in played.faults]
    for fault in faults:
        console.print(f"[bold red]The demo failed.[/] {escape(fault)}", soft_wrap=True)
    if not faults:
        console.print("[bold green]Without the bridge the cart was paid twice. With it, once.[/]")
    return 1 if faults else 0


_INTRODUCTION: Final = (
    "A shop, Mollie and the bridge, simulated on this machine; a minute takes about a second. Each table is one "
    "cart's minute, lived twice: without the bridge and with it. What it says was read afterwards from Mollie's books, "
    "from the shop's tables and from what the shopper's browser showed. Amounts are in EUR.\n"
)


def _serve(ground: Playground, console: Console, folder: Path, *, wanted: int) -> None:
    """Say where everything is, and wait to be interrupted."""
    taken = f"  (port {wanted} is taken)" if wanted and f":{wanted}" not in ground.shop_url else ""
    variables = folder / FILE
    variables.touch(mode=0o600)
    variables.write_text(walk_through_script(ground.shop, ground.access), encoding="utf-8")
    console.print(
        f"""
Now try it yourself:

  the shop            [bold]{ground.shop_url}/[/]{taken}
  the dashboard       [bold]{ground.shop_url}/dashboard[/]  (signs you in)
  the bridge's API    {ground.sidecar_url}/openapi.json
  the bridge's log    {folder / LOG}
  the README's curl   . {variables}

Fill a cart, press Pay in three tabs, pay in each. Then switch the bridge off and do it again.
Ctrl-C ends the demo and removes all it has made.
""",
        soft_wrap=True,
    )
    console.file.flush()
    threading.Event().wait()


def _log_to(log: TextIO) -> None:
    configure_logging(level="info", as_json=True)
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(log))


@contextmanager
def _one_interrupt() -> Iterator[None]:
    """Let the first SIGINT or SIGTERM end the demo, and no further one end its tidying up."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        for each in _SIGNALS:
            signal.signal(each, signal.SIG_IGN)
        raise KeyboardInterrupt

    earlier = {each: signal.signal(each, interrupt) for each in _SIGNALS}
    try:
        yield
    finally:
        for each, handler in earlier.items():
            signal.signal(each, handler)
