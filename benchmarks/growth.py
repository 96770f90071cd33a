"""What grows: the time of an initiation with the shop's tables, the server's memory with the requests.

`ROWS` (10 million) is the large shop, held against one of 10 thousand. `REQUESTS` (100,000) is how many requests the
server answers between the two looks at its memory; nine of ten are can-pay, the tenth is a full initiation.
"""

from __future__ import annotations

import os
from itertools import islice
from pathlib import Path

from benchmarks.initiation import call, fill, initiate, running_sidecar
from benchmarks.measuring import Timing, in_turns
from benchmarks.processor import processes_of
from bridge.telemetry import configure_logging
from tests.contract.big_shop import BigShop
from tests.integration.sidecar import Sidecar
from tests.services.mariadb import Database, PrivateMariaDB

ROWS = int(os.environ.get("ROWS", "10000000"))
REQUESTS = int(os.environ.get("REQUESTS", "100000"))
ROUNDS = 500
GOAL = 1.1


def resident(sidecar: Sidecar) -> float:
    """Megabytes that the server's processes hold."""
    total = 0
    for pid in processes_of(sidecar.pid):
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        total += pages * os.sysconf("SC_PAGE_SIZE")
    return total / 1e6


def time_of(sidecar: Sidecar, shop: BigShop) -> Timing:
    """Full initiations, one after the other."""
    carts = list(islice(shop.free, ROUNDS + 50))
    return in_turns({"initiation": lambda n: initiate(sidecar.port, shop, carts[n])}, rounds=ROUNDS)["initiation"]


def print_tables(small: Timing, large: Timing) -> None:
    """The growth with the tables."""
    print(f"initiation, 10,000 rows:      p50 {small.p50:.2f} ms, p99 {small.p99:.2f} ms")
    print(f"initiation, {ROWS:,} rows: p50 {large.p50:.2f} ms, p99 {large.p99:.2f} ms")
    print(f"large / small, p50: {large.p50 / small.p50:.2f} x (goal {GOAL} x)")


def serve(sidecar: Sidecar, shop: BigShop, carts: list[int], requests: int) -> None:
    """A mix of requests."""
    for number in range(requests):
        cart_id = carts[number // 10 % len(carts)]
        if number % 10 == 0 and number // 10 < len(carts):
            initiate(sidecar.port, shop, cart_id)
        else:
            call(sidecar.port, "GET", f"/v1/carts/{cart_id}/can-pay", None, 200)


def print_memory(sidecar: Sidecar, shop: BigShop) -> None:
    """The growth with the requests."""
    carts = list(shop.free)[ROUNDS + 50 :]
    serve(sidecar, shop, carts[:100], 1_000)
    before = resident(sidecar)
    serve(sidecar, shop, carts[100:], REQUESTS)
    after = resident(sidecar)
    print(f"memory after 1,000 requests:   {before:.1f} MB")
    print(f"memory after {REQUESTS + 1_000:,} requests: {after:.1f} MB, {after / before:.2f} x")


def measured(server: PrivateMariaDB, name: str, rows: int, free: int, *, memory: bool) -> Timing:
    """One shop of that size."""
    database: Database = server.create_database(name)
    shop = fill(database, rows=rows, free=free)
    with running_sidecar(database) as sidecar:
        timing = time_of(sidecar, shop)
        if memory:
            print_memory(sidecar, shop)
    server.drop_database(name)
    return timing


def run() -> None:
    """Both."""
    configure_logging(level="error", as_json=True)
    with PrivateMariaDB() as server:
        small = measured(server, "small", 10_000, ROUNDS + 200 + REQUESTS // 10, memory=True)
        large = measured(server, "large", ROWS, ROUNDS + 50, memory=False)
    print_tables(small, large)


if __name__ == "__main__":
    run()
