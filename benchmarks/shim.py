"""What the PrestaShop module itself costs: at an initiation, and on pages that are none of its business.

The stand-in shop under php-fpm and nginx, the real module, a real sidecar, MariaDB and Mollie's simulator. PHP measures
by itself: each script's whole time until its end, and of that the time inside the module's hooks, its loading included.
The time that the sidecar needed for its answer (by its own log) is taken off the hooks' time at an initiation; what
is left, the module's own, has the way to the sidecar and back in it. What happens after the answer has left (the
binding) costs the shopper nothing and is not counted. Pages are asked for in turns, the module disabled and enabled.
CPU time is PHP's own (getrusage); unlike the clock it stays what it is on a machine that is busy.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from benchmarks.measuring import Timing, print_table
from tests.services.mariadb import PrivateMariaDB
from tests.services.waiting import wait_until
from tests.shim.web_server import MODULE
from tests.shim.world import ShimWorld, running_world

ROUNDS = int(os.environ.get("ROUNDS", "500"))
WARM_UP = 30
GOAL_MS = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """One run, in milliseconds: the whole script until its end, the part inside hooks, and that part's CPU time."""

    whole: float
    hooks: float
    cpu: float


def scripts(world: ShimWorld) -> list[Script]:
    """The times of all scripts so far, oldest first."""
    path = world.server.folder / "times.txt"
    lines = path.read_text().splitlines() if path.exists() else []
    found = (map(float, line.split()) for line in lines)
    return [Script(whole=whole, hooks=hooks, cpu=cpu) for whole, hooks, cpu in found]


def sidecar_times(world: ShimWorld) -> list[float]:
    """Milliseconds that the sidecar needed for each initiation, oldest first."""
    assert world.sidecar is not None
    lines = world.sidecar.log.read_text().splitlines()
    return [float(json.loads(line)["duration_ms"]) for line in lines if '"route": "/v1/payments"' in line]


def switch(world: ShimWorld, *, on: bool) -> None:
    """Disable or enable the module, as the back office does it."""
    number = world.database.execute("SELECT id_module FROM ps_module WHERE name = %s", MODULE)[0][0]
    world.database.execute("DELETE FROM ps_module_shop WHERE id_module = %s", number)
    if on:
        world.database.execute("INSERT INTO ps_module_shop (id_module, id_shop) VALUES (%s, 1)", number)


def timing(milliseconds: list[float]) -> Timing:
    """Sorted, in seconds, without the first rounds."""
    return Timing(sorted(each / 1000 for each in milliseconds[WARM_UP:]))


def in_turns(world: ShimWorld, *, paying: bool) -> tuple[list[Script], list[Script], list[Script]]:
    """A page (the shop's home, or the pay button on a cart of its own) without the module, with it; a null request."""
    pages: tuple[list[Script], list[Script], list[Script]] = ([], [], [])
    for _ in range(WARM_UP + ROUNDS):
        for number, into in enumerate(pages):
            switch(world, on=number == 1)
            shopper = world.new_shopper()
            before = len(scripts(world))
            if paying and number < 2:
                assert shopper.pay().checkout_id
            else:
                page = "/" if number < 2 else "/index.php?controller=null"
                assert shopper.follow(f"{world.server.url}{page}").status == 200
            wait_until(lambda seen=before: len(scripts(world)) > seen, what="the script's end")  # type: ignore[misc]
            into.append(scripts(world)[-1])
    return pages


def measure(world: ShimWorld) -> None:
    """Both kinds of pages, and the figures."""
    assert world.sidecar is not None
    world.set(sidecar=world.sidecar.url)
    home_without, home_with, _ = in_turns(world, paying=False)
    pay_without, pay_with, null = in_turns(world, paying=True)
    sidecar = sidecar_times(world)
    assert len(sidecar) == len(pay_with), (len(sidecar), len(pay_with))
    own = timing([script.hooks - answer for script, answer in zip(pay_with, sidecar, strict=True)])
    print_table(
        {
            "home page, module disabled": timing([script.whole for script in home_without]),
            "home page, module enabled": timing([script.whole for script in home_with]),
            "  in the module's hooks": timing([script.hooks for script in home_with]),
            "  CPU time there": timing([script.cpu for script in home_with]),
            "pay button, module disabled (with Mollie's simulator)": timing([script.whole for script in pay_without]),
            "pay button, module enabled": timing([script.whole for script in pay_with]),
            "  before the payment in the module's hooks": timing([script.hooks for script in pay_with]),
            "  of that the sidecar's answer": timing(sidecar),
            "  of that the module's own": own,
            "  CPU time of the module": timing([script.cpu for script in pay_with]),
            "null request from PHP to the sidecar": timing([script.hooks for script in null]),
            "  CPU time of it": timing([script.cpu for script in null]),
        }
    )
    print(f"the module's own at an initiation, p99: {own.p99:.2f} ms (goal under {GOAL_MS:.0f} ms)")
    page = timing([script.hooks for script in home_with])
    print(f"the module on another page, p50: {page.p50:.2f} ms (goal: nothing measurable)")


@contextmanager
def shop(server: PrivateMariaDB) -> Iterator[ShimWorld]:
    """The shop, guarded, with its journal switched off and its times noted."""
    with running_world(
        server.create_database("benchmark"), guarded=True, workers=2, timing=True, journal=False
    ) as world:
        yield world


def run() -> None:
    """Start, measure, print."""
    with PrivateMariaDB() as server, shop(server) as world:
        measure(world)


if __name__ == "__main__":
    run()
