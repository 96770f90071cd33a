"""Initiations per second of distinct carts with 16 clients, beside the same statements sent by hand by 16 processes.

The clients are processes, each with a connection of its own for every request, as PHP workers have. Both candidates run
for the same number of carts on the same private MariaDB, in turn, three times each; the best of each counts.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context

from benchmarks.initiation import Recorded, by_hand, fill, initiate, record, running_sidecar
from bridge.telemetry import configure_logging
from tests.contract.big_shop import BigShop
from tests.integration.sidecar import Sidecar
from tests.services.mariadb import Database, PrivateMariaDB

CLIENTS = 16
EACH = int(os.environ.get("EACH", "60"))
ROUNDS = 3
GOAL = 0.7


def over_http(shop: BigShop, port: int, carts: list[int]) -> None:
    """One client of the sidecar."""
    for cart_id in carts:
        initiate(port, shop, cart_id)


def by_sql(database: Database, recorded: Recorded, carts: list[int]) -> None:
    """One client of the database."""
    connection = database.connect()
    with connection.cursor() as cursor:
        cursor.execute("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED")
    for cart_id in carts:
        by_hand(connection, recorded, cart_id)
    connection.close()


def per_second(work: Callable[[list[int]], None], carts: list[int]) -> float:
    """Carts per second, all clients together, the start of the processes left out."""
    shares = [carts[n::CLIENTS] for n in range(CLIENTS)]
    with ProcessPoolExecutor(CLIENTS, mp_context=get_context("fork")) as pool:
        list(pool.map(time.sleep, [0.05] * CLIENTS))
        begun = time.perf_counter()
        list(pool.map(work, shares))
        return len(carts) / (time.perf_counter() - begun)


def measure(database: Database, shop: BigShop, sidecar: Sidecar) -> None:
    """Both in turn."""
    first, *rest = shop.free
    recorded = record(database, shop, first)
    carts = iter(rest)
    best = {"sidecar": 0.0, "SQL by hand": 0.0}
    for _ in range(ROUNDS):
        for name, work in (
            ("SQL by hand", partial(by_sql, database, recorded)),
            ("sidecar", partial(over_http, shop, sidecar.port)),
        ):
            share = [next(carts) for _ in range(CLIENTS * EACH)]
            best[name] = max(best[name], per_second(work, share))
    for name, value in best.items():
        print(f"{name:12} {value:8.0f} initiations per second, {CLIENTS} clients")
    print(f"sidecar / SQL by hand: {best['sidecar'] / best['SQL by hand']:.2f} x (goal {GOAL} x)")


def run() -> None:
    """Fill, measure, print."""
    configure_logging(level="error", as_json=True)
    with PrivateMariaDB() as server:
        database = server.create_database("benchmark")
        shop = fill(database, rows=10_000, free=2 * ROUNDS * CLIENTS * EACH + 1)
        with running_sidecar(database) as sidecar:
            measure(database, shop, sidecar)


if __name__ == "__main__":
    run()
