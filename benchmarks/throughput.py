"""Initiations per second of distinct carts with 16 clients, beside the same statements sent by hand by 16 processes.

The sidecar is run in one process with file locks, and in one and two with the Redis locks that two need. Processor time
per initiation and how busy the machine was tell which limit is reached: one process has one processor at most, and
clients and database want their share of the machine.

The clients are processes, each with a connection of its own for every request, as PHP workers have. Both candidates run
for the same number of carts on the same private MariaDB, in turn, three times each; the best of each counts.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import islice
from multiprocessing import get_context
from typing import Any

from benchmarks.initiation import Recorded, by_hand, fill, initiate, record, running_sidecar
from benchmarks.processor import busy_seconds, processes_of, processor_seconds
from bridge.telemetry import configure_logging
from tests.contract.big_shop import BigShop
from tests.integration.sidecar import Sidecar
from tests.services.mariadb import Database, PrivateMariaDB
from tests.services.redis import PrivateRedis

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """Carts per second; milliseconds of processor time per cart, `own` of the sidecar (or none), `database`.

    `busy`: the share of all processors that was used, by whomever.
    """

    per_second: float
    own: float
    database: float
    busy: float


def rate(work: Callable[[list[int]], None], carts: list[int], own: list[int], database: list[int]) -> Rate:
    """All clients together, the start of the processes left out."""
    shares = [carts[n::CLIENTS] for n in range(CLIENTS)]
    with ProcessPoolExecutor(CLIENTS, mp_context=get_context("fork")) as pool:
        list(pool.map(time.sleep, [0.05] * CLIENTS))
        used, used_there, busy = processor_seconds(own), processor_seconds(database), busy_seconds()
        begun = time.perf_counter()
        list(pool.map(work, shares))
        took = time.perf_counter() - begun
        return Rate(
            per_second=len(carts) / took,
            own=(processor_seconds(own) - used) / len(carts) * 1000,
            database=(processor_seconds(database) - used_there) / len(carts) * 1000,
            busy=(busy_seconds() - busy) / took / (os.cpu_count() or 1),
        )


def measure(bench: Bench, name: str, sidecar: Sidecar) -> None:
    """The sidecar and the statements by hand in turn."""
    own, database = processes_of(sidecar.pid), [bench.server.pid]
    works: dict[str, tuple[Callable[[list[int]], None], list[int]]] = {
        "SQL by hand": (partial(by_sql, bench.database, bench.recorded), []),
        name: (partial(over_http, bench.shop, sidecar.port), own),
    }
    rates: dict[str, list[Rate]] = {name: [] for name in works}
    for _ in range(ROUNDS):
        for each, (work, pids) in works.items():
            rates[each].append(rate(work, list(islice(bench.carts, CLIENTS * EACH)), pids, database))
    best = {each: max(found, key=lambda one: one.per_second) for each, found in rates.items()}
    for each, found in best.items():
        print(
            f"{each:24} {found.per_second:6.0f} initiations per second, {CLIENTS} clients; processor time each: "
            f"sidecar {found.own:.2f} ms, database {found.database:.2f} ms; machine {found.busy:.0%} busy"
        )
    print(f"{name} / SQL by hand: {best[name].per_second / best['SQL by hand'].per_second:.2f} x (goal {GOAL} x)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What all candidates share. `carts`: those that nobody has used yet."""

    server: PrivateMariaDB
    database: Database
    shop: BigShop
    recorded: Recorded
    carts: Iterator[int]


def run() -> None:
    """Fill, measure, print."""
    configure_logging(level="error", as_json=True)
    with PrivateMariaDB() as server, PrivateRedis() as redis:
        candidates: dict[str, dict[str, Any]] = {
            "1 process, file locks": {},
            "1 process, Redis locks": {"locks": {"backend": "redis", "redis_url": redis.url}},
            "2 processes, Redis locks": {
                "locks": {"backend": "redis", "redis_url": redis.url},
                "server": {"processes": 2},
            },
        }
        database = server.create_database("benchmark")
        shop = fill(database, rows=10_000, free=len(candidates) * 2 * ROUNDS * CLIENTS * EACH + 1)
        carts = iter(shop.free)
        recorded = record(database, shop, next(carts))
        bench = Bench(server=server, database=database, shop=shop, recorded=recorded, carts=carts)
        for name, settings in candidates.items():
            with running_sidecar(database, **settings) as sidecar:
                measure(bench, name, sidecar)


if __name__ == "__main__":
    run()
