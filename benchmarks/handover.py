"""Handing a contended lock from one contender to the next: our locks beside those one would take otherwise.

Eight contenders take 25 turns of 2 ms each. If no time were lost between the turns, the whole would last as long as the
work; what it lasts beyond that is the hand-over. And if the lock were fair, nobody would wait longer than for one turn
of every other contender. All candidates run in turns (`ROUNDS` in the environment, 5), on private servers; the medians
are printed. Contenders are processes; "one process" means eight threads of a single server, as the bridge is run.
"""

from __future__ import annotations

import fcntl
import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import pymysql
import redis
from filelock import FileLock

from bridge.adapters.clock import SystemClock
from bridge.adapters.flock_locks import FlockCartLocks
from bridge.adapters.redis_locks import RedisCartLocks
from bridge.ports.locks import CartLocks
from tests.services.mariadb import PrivateMariaDB
from tests.services.redis import PrivateRedis

CONTENDERS = 8
TURNS = 25
WORK = 0.002
WARM_UP = 5
"""Turns that do not count: connections are made, modules and scripts loaded."""
ROUNDS = int(os.environ.get("ROUNDS", "5"))
KEY = "webhook-cart-42"
ENOUGH = 60.0

Turn = Callable[[], AbstractContextManager[object]]
Record = tuple[float, float, float]
"""When a turn was asked for, got and over; seconds of the machine's monotonic clock, which all processes share."""


def bare_flock(where: str) -> Turn:
    @contextmanager
    def turn() -> Iterator[None]:
        descriptor = os.open(f"{where}/bare.lock", os.O_RDWR | os.O_CREAT)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        try:
            yield
        finally:
            os.close(descriptor)

    return turn


def get_lock(where: str) -> Turn:
    host, port, user, password = where.split(" ")
    connection = pymysql.connect(host=host, port=int(port), user=user, password=password, autocommit=True)

    @contextmanager
    def turn() -> Iterator[None]:
        with connection.cursor() as cursor:
            cursor.execute("SELECT GET_LOCK(%s, %s)", (KEY, ENOUGH))
            try:
                yield
            finally:
                cursor.execute("SELECT RELEASE_LOCK(%s)", (KEY,))

    return turn


def of_filelock(where: str) -> Turn:
    return lambda: FileLock(f"{where}/filelock.lock", fallback_to_soft=False)


def of_redis_py(where: str) -> Turn:
    client = redis.Redis.from_url(where)
    return lambda: client.lock("redis-py", timeout=ENOUGH)


def of_ours(locks: CartLocks) -> Turn:
    @contextmanager
    def turn() -> Iterator[None]:
        grant = locks.acquire(KEY, timeout=ENOUGH, lifetime=ENOUGH, purpose="benchmark")
        if grant is None:
            raise SystemExit("nobody waits a minute here")
        try:
            yield
        finally:
            locks.release(KEY, grant.token)

    return turn


def our_flock(where: str) -> Turn:
    return of_ours(FlockCartLocks(Path(where), SystemClock()))


def our_redis(where: str) -> Turn:
    return of_ours(RedisCartLocks(where, SystemClock()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """`limit`: how much longer than the work the whole may last; None for those that are here for comparison."""

    name: str
    make: Callable[[str], Turn]
    place: str
    threads: int = 1
    limit: float | None = None


CANDIDATES = (
    Candidate(name="flock(2), blocking", make=bare_flock, place="directory"),
    Candidate(name="ours on files", make=our_flock, place="directory", limit=1.2),
    Candidate(name="ours on files, one process", make=our_flock, place="directory", threads=CONTENDERS, limit=1.2),
    Candidate(name="filelock", make=of_filelock, place="directory"),
    Candidate(name="GET_LOCK", make=get_lock, place="mariadb"),
    Candidate(name="ours in Redis", make=our_redis, place="redis", limit=1.5),
    Candidate(name="ours in Redis, one process", make=our_redis, place="redis", threads=CONTENDERS, limit=1.5),
    Candidate(name="redis-py's Lock", make=of_redis_py, place="redis"),
)
FAIR_SHARES = 2.0
"""Nobody waits longer than this many times for one turn of every other contender."""


def take_turns(turn: Turn, turns: int = TURNS) -> list[Record]:
    """What one contender does."""
    records = []
    for _ in range(turns):
        asked = time.monotonic()
        with turn():
            got = time.monotonic()
            time.sleep(WORK)
            over = time.monotonic()
        records.append((asked, got, over))
    return records


def contend(name: str, where: str) -> None:
    """The program of a contending process: warm up, wait for the start, take turns, tell."""
    candidate = next(candidate for candidate in CANDIDATES if candidate.name == name)
    turn = candidate.make(where)
    with ThreadPoolExecutor(candidate.threads) as threads:
        list(threads.map(take_turns, [turn] * candidate.threads, [WARM_UP] * candidate.threads))
        print("ready", flush=True)
        sys.stdin.readline()
        told = [record for records in threads.map(take_turns, [turn] * candidate.threads) for record in records]
    print(json.dumps(told), flush=True)
    sys.stdin.readline()


def run(candidate: Candidate, where: str) -> list[Record]:
    """All turns of all contenders, in order."""
    command = [sys.executable, "-m", "benchmarks.handover", candidate.name, where]
    with ExitStack() as stack:
        processes = [stack.enter_context(Contender(command)) for _ in range(CONTENDERS // candidate.threads)]
        for process in processes:
            process.hear()
        for process in processes:
            process.tell("go")
        # Nobody ends before all are done: the end of a process takes 5 ms of a processor that the others need.
        told = [json.loads(process.hear()) for process in processes]
    return sorted(
        ((asked, got, over) for records in told for asked, got, over in records), key=lambda record: record[1]
    )


class Contender:
    """A contending process, spoken to in lines."""

    def __init__(self, command: list[str]) -> None:
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)

    def tell(self, line: str) -> None:
        assert self._process.stdin
        self._process.stdin.write(line + "\n")

    def hear(self) -> str:
        assert self._process.stdout
        return self._process.stdout.readline()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One run: the whole beside the work, the longest wait beside the fair share, the hand-over itself."""

    ratio: float
    wait: float
    shares: float
    gap: float

    @classmethod
    def of(cls, records: list[Record]) -> Result:
        held = [over - got for _, got, over in records]
        fair = (CONTENDERS - 1) * statistics.mean(held)
        longest = max(got - asked for asked, got, _ in records)
        gaps = [after[1] - before[2] for before, after in itertools.pairwise(records)]
        return cls(
            ratio=(records[-1][2] - records[0][1]) / sum(held),
            wait=longest,
            shares=longest / fair,
            gap=statistics.median(gaps),
        )


def main() -> None:
    """Run all candidates in turns and print the table."""
    results: dict[str, list[Result]] = {candidate.name: [] for candidate in CANDIDATES}
    with PrivateMariaDB() as mariadb, PrivateRedis() as server, tempfile.TemporaryDirectory() as directory:
        database = mariadb.create_database("handover")
        where = {
            "directory": directory,
            "redis": server.url,
            "mariadb": f"{database.host} {database.port} {database.user} {database.password}",
        }
        for _ in range(ROUNDS):
            for candidate in CANDIDATES:
                results[candidate.name].append(Result.of(run(candidate, where[candidate.place])))
    print(f"{CONTENDERS} contenders, {TURNS} turns of {WORK * 1000:.0f} ms each; medians of {ROUNDS} runs\n")
    print(f"{'':28} {'whole / work':>12} {'limit':>6} {'hand-over us':>13} {'longest wait ms':>16} {'fair shares':>12}")
    for candidate in CANDIDATES:
        of = {
            field: statistics.median(getattr(result, field) for result in results[candidate.name])
            for field in ("ratio", "gap", "wait", "shares")
        }
        limit = f"{candidate.limit:.1f}" if candidate.limit else ""
        print(
            f"{candidate.name:28} {of['ratio']:12.2f} {limit:>6} {of['gap'] * 1e6:13.0f} "
            f"{of['wait'] * 1000:16.0f} {of['shares']:12.1f}"
        )
    print(f"\nGoal for ours: within the limit, and nobody waits more than {FAIR_SHARES:.0f} fair shares.")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        contend(sys.argv[1], sys.argv[2])
    else:
        main()
