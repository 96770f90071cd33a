"""The back office's status and the dashboard's page over a month with a million attempts.

`ROWS` changes the number; the audit trail has four times as many entries. The time is 12:59 UTC, the end of an hour: a
look then reads seven hours, which is the most that a look reads. `POOL` is the server's buffer pool in MB (3072).

| look | what was read before it |
|---|---|
| nothing read ahead | nothing: the server started this moment, and somebody looks at once |
| first of a day | what was over a day before: a server that did not read ahead, or could not, for a day |
| any other | all that is over; 100 payments of 3 days have changed |
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta

from benchmarks.month import fill_month
from benchmarks.reports import processor_time
from bridge.adapters.figures import SqlFigures
from bridge.adapters.figures_statements import lowest_id
from bridge.adapters.memory_locks import MemoryCartLocks
from bridge.adapters.report_advice import read_advice
from bridge.domain.rollout import Rollout
from bridge.ports.ledger import Ledger
from bridge.services.dashboard import Dashboard
from bridge.services.kept import FRESH_FOR
from bridge.services.refund_waits import RefundWaits
from bridge.services.settings import RefundLimits
from bridge.services.status import StatusReport
from tests.contract.ledger_backends import PREFIX, sql_ledger
from tests.fakes.clock import FakeClock
from tests.services.mariadb import Database, PrivateMariaDB

ROWS = int(os.environ.get("ROWS", "1000000"))
POOL = int(os.environ.get("POOL", "3072"))
ROUNDS = int(os.environ.get("ROUNDS", "5"))
LIMIT = 2.0


class Looks:
    """Status and page of one sidecar that has just been started, at a time."""

    def __init__(self, ledger: Ledger, figures: SqlFigures, now: datetime) -> None:
        self.clock = clock = FakeClock(now)
        self.status = StatusReport(ledger=ledger, figures=figures, clock=clock, rollout=Rollout())
        self.page = Dashboard(
            ledger=ledger,
            locks=MemoryCartLocks(clock),
            figures=figures,
            status=self.status,
            waits=RefundWaits(ledger=ledger, clock=clock, limits=RefundLimits()),
            advisor=read_advice,
            clock=clock,
        )

    def read_ahead(self) -> float:
        """All that the server reads ahead while it runs; the seconds of the longest step."""
        longest = 0.0
        for _ in range(30 + 24):
            begun = time.perf_counter()
            self.page.catch_up()
            longest = max(longest, time.perf_counter() - begun)
        return longest

    def next_look(self, *, later: timedelta = timedelta(seconds=FRESH_FOR + 1)) -> None:
        """What was counted is no longer fresh."""
        self.clock.advance(later)


def timed(server: PrivateMariaDB, name: str, work: Callable[[], object], *, limited: bool = True) -> int:
    """Print the seconds, and the server's processor time; 1 if it took longer than it may."""
    begun, used = time.perf_counter(), processor_time(server.pid)
    work()
    taken, worked = time.perf_counter() - begun, processor_time(server.pid) - used
    print(f"{name:44} {taken:6.2f} s  processor of the database {worked:.2f} s", flush=True)
    return int(limited and taken >= LIMIT)


def change(database: Database, at: datetime) -> None:
    """A hundred payments of today, yesterday and ten days ago change."""
    for days in (0, 1, 10):
        database.execute(
            f"UPDATE {PREFIX}molbridge_attempt SET updated_at = %s WHERE id >= %s ORDER BY id LIMIT 33",
            at.replace(tzinfo=None),
            lowest_id(at - timedelta(days=days, hours=1)),
        )


def run() -> None:
    """Fill, look, print."""
    until = datetime.now(UTC).replace(hour=12, minute=59, second=0, microsecond=0)
    with PrivateMariaDB() as server:
        with server.root_connection() as db, db.cursor() as cursor:
            cursor.execute(f"SET GLOBAL innodb_buffer_pool_size = {POOL * 1024 * 1024}")
        database = server.create_database("benchmark")
        fill_month(database, rows=ROWS, until=until)
        with sql_ledger(database.url) as ledger, closing(SqlFigures(database.url, PREFIX)) as figures:
            slow = look(server, database, ledger, figures, until)
    print(f"limit {LIMIT:.0f} s for each look after reading ahead; above it: {slow or 'none'}")


def look(server: PrivateMariaDB, database: Database, ledger: Ledger, figures: SqlFigures, until: datetime) -> int:
    """Every kind of look; how many took too long."""
    cold = Looks(ledger, figures, until)
    timed(server, "nothing read ahead: status", cold.status.now, limited=False)
    timed(server, "nothing read ahead: page, after the status", cold.page.overview, limited=False)

    fresh = Looks(ledger, figures, until - timedelta(hours=24))
    ahead = "reading ahead, the whole month in steps"
    timed(server, ahead, lambda: print(f"longest step {fresh.read_ahead():.2f} s"), limited=False)
    fresh.next_look(later=timedelta(hours=24))
    slow = timed(server, "first of a day: status", fresh.status.now)
    slow += timed(server, "first of a day: page, after the status", fresh.page.overview)
    for _ in range(ROUNDS):
        fresh.next_look()
        change(database, fresh.clock.now())
        slow += timed(server, "any other: status", fresh.status.now)
        slow += timed(server, "any other: page, after the status", fresh.page.overview)
    fresh.next_look()
    slow += timed(server, "any other: page with its status", fresh.page.overview)
    return slow


if __name__ == "__main__":
    run()
