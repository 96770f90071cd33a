"""Each report over a million orders and more payments, the same as a million attempts in the bridge's own tables.

`ROWS` changes the number. Beside the time stands the server's own processor time, which tells more on a busy machine,
and before them what a plain read of the two large tables takes in the same run. The server's buffer pool is `POOL` MB
(1024): a shop of that size that gives its database less reads from disk.
`MOLBRIDGE_TEST_MYSQLD` names a MySQL server to run it on.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from sqlalchemy import create_engine

from bridge.adapters.reports import SqlReports
from bridge.domain.report_catalogue import CATALOGUE
from bridge.services.reports import Reports
from tests.contract.big_reports import strew, strew_own
from tests.contract.big_shop import fill_big_shop
from tests.services.mariadb import Database, PrivateMariaDB
from tests.services.mysql import private_database_server

ROWS = int(os.environ.get("ROWS", "1000000"))
POOL = int(os.environ.get("POOL", "1024"))
ROUNDS = int(os.environ.get("ROUNDS", "3"))
LIMIT = 2.0
PLAIN = "SELECT SUM(total_paid) FROM ps_orders UNION ALL SELECT SUM(order_id) FROM ps_mollie_payments"


def fill(server: PrivateMariaDB) -> Database:
    """The shop."""
    with server.root_connection() as db, db.cursor() as cursor:
        cursor.execute(f"SET GLOBAL innodb_buffer_pool_size = {POOL * 1024 * 1024}")
    database = server.create_database("benchmark")
    engine = create_engine(database.url)
    fill_big_shop(engine, rows=ROWS, free=ROWS // 20)
    engine.dispose()
    strew(database, rows=ROWS)
    strew_own(database)
    for table in ("orders", "mollie_payments", "molbridge_attempt", "molbridge_delivery"):
        ((count,),) = database.execute(f"SELECT COUNT(*) FROM ps_{table}")
        print(f"ps_{table}: {count:,} rows")
    return database


def measured(server: PrivateMariaDB, work: Callable[[], object]) -> tuple[float, float]:
    """Seconds, and the server's seconds of processor time: the best of some rounds, as all else only ever adds."""
    best, least = float("inf"), float("inf")
    for _ in range(ROUNDS):
        begun, used = time.perf_counter(), processor_time(server.pid)
        work()
        best = min(best, time.perf_counter() - begun)
        least = min(least, processor_time(server.pid) - used)
    return best, least


def processor_time(pid: int) -> float:
    """Seconds that a process has worked."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def run() -> None:
    """Fill, run each, print."""
    with private_database_server() as server:
        database = fill(server)
        source = SqlReports(database.url, "ps_")
        reports = Reports(source)
        taken, worked = measured(server, lambda: database.execute(PLAIN))
        print(f"{'plain read of both tables':42} {taken:6.2f} s  processor {worked:.2f} s", flush=True)
        slow = []
        for report in CATALOGUE:
            found = reports.run(report).row_count
            taken, worked = measured(server, partial(reports.run, report))
            slow += [report.name] if taken >= LIMIT else []
            print(f"{report.name:25} {found:>9,} rows   {taken:6.2f} s  processor {worked:.2f} s", flush=True)
        source.close()
    print(f"limit {LIMIT:.0f} s; above it: {', '.join(slow) or 'none'}")


if __name__ == "__main__":
    run()
