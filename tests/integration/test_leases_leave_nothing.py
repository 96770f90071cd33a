"""Ten thousand leases leave nothing behind: no open file, no thread, no key in Redis, no entry in a table.

The files of flock stay on purpose, one for each cart: deleting one would part its waiters over two files.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import requests

from bridge.adapters.clock import SystemClock
from bridge.adapters.flock_locks import FlockCartLocks
from bridge.adapters.redis_locks import RedisCartLocks
from bridge.domain.cart import CartRef
from bridge.domain.errors import LeaseLost
from bridge.services.leases import Leases
from bridge.services.settings import LeaseLimits
from tests.fakes.memory_ledger import MemoryLedger
from tests.fakes.shop import FakeShop
from tests.integration.sidecar import SHOP_TOKEN
from tests.integration.world import World, running_world
from tests.services.mariadb import PrivateMariaDB
from tests.services.redis import PrivateRedis
from tests.services.waiting import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

Recorder = Callable[[str, object], None]
Locks = FlockCartLocks | RedisCartLocks

LEASES = 10_000
CARTS = 50
THREADS = 8
LIFETIME = 0.05
"""Seconds; a lease that nobody gives back is over soon."""
OVER_HTTP = 2_000


def use(leases: Leases, many: int, first: int) -> int:
    """Take that many leases and end them in every way there is; how many were taken."""
    taken = 0
    for number in range(first, first + many):
        cart = CartRef(shop_id=1, cart_id=1 + number % CARTS)
        began = SystemClock().now()
        lease = wait_until(partial(leases.take, cart, purpose="caller:test", timeout=1.0, keep=number % 2 == 0), 20)
        assert lease is not None
        taken += 1
        match number % 20:
            case 1:
                continue  # nobody gives it back: it is over by itself
            case 2 | 3:
                with contextlib.suppress(LeaseLost):
                    leases.renew(lease.token)
            case 4:
                with leases.locked_soon(cart, purpose="test", timeout=0.001) as held:
                    assert not held or SystemClock().now() >= began + timedelta(seconds=LIFETIME)
            case _:
                pass
        leases.give_back(lease)
    return taken


def entries(locks: Locks) -> list[object]:
    """What stands in the tables of the locks when somebody holds or waits, or is remembered for any reason."""
    appointments = [each for each in locks._keeper._heap if each.action is not None]
    if isinstance(locks, FlockCartLocks):
        return [*locks._queue._lines, *locks._holds._holds, *locks._waits._alarms, *appointments]
    return [
        *locks._queue._lines,
        *locks._watchdog._guarded,
        *locks._orphans._orphans,
        *locks._lines._used,
        *appointments,
    ]


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.req("B14")
@pytest.mark.parametrize("kind", ["flock", pytest.param("redis", marks=pytest.mark.redis)])
def test_ten_thousand_leases_leave_nothing_in_the_process_nor_in_redis(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path, record_testsuite_property: Recorder
) -> None:
    server: PrivateRedis | None = request.getfixturevalue("redis_server") if kind == "redis" else None
    files, threads = open_files(), threading.active_count()
    locks: Locks = RedisCartLocks(server.url, SystemClock()) if server else FlockCartLocks(tmp_path, SystemClock())
    ledger = MemoryLedger(FakeShop())
    leases = Leases(ledger=ledger, locks=locks, clock=SystemClock(), limits=LeaseLimits(lifetime=LIFETIME))

    share = LEASES // THREADS
    with ThreadPoolExecutor(THREADS) as pool:
        taken = sum(pool.map(lambda n: use(leases, share, n * share), range(THREADS)))

    wait_until(lambda: not entries(locks), what="the tables to be empty")
    # A line to Redis has two connections, one to ask and one to sleep on; it stays for the next who asks. The keeper of
    # the holds may have one too.
    assert open_files() <= files + (2 * (THREADS + 1) if server else 0)
    assert threading.active_count() <= threads + 1
    # Expired leases stay on the list of what is held until somebody reads it.
    wait_until(lambda: not locks.held(), what="the last lease to be over")
    assert server is None or keys_left(server) == []
    locks.close()
    assert (open_files(), threading.active_count()) == (files, threads)
    assert len(list(tmp_path.iterdir())) == (0 if server else CARTS)
    record_testsuite_property(f"leases through {kind} that left nothing", f"{taken} of {LEASES}")
    assert taken == LEASES


def keys_left(server: PrivateRedis) -> list[str]:
    with server.client() as client:
        return [str(key) for key in client.scan_iter()]


@pytest.fixture(scope="module", params=["flock", pytest.param("redis", marks=pytest.mark.redis)])
def world(request: pytest.FixtureRequest, mariadb: PrivateMariaDB) -> Iterator[World]:
    """A sidecar, for each kind of lock."""
    locks: dict[str, Any] = {"lifetime": 0.3}
    if request.param == "redis":
        server: PrivateRedis = request.getfixturevalue("redis_process")
        server.start()
        server.flush()
        locks |= {"backend": "redis", "redis_url": server.url}
    mariadb.start()
    database = mariadb.create_database(f"leases_{request.param}")
    with running_world(database, locks=locks, webhooks={"shop_timeout": 0.2}) as running:
        yield running
    mariadb.drop_database(database.name)


def lease_over_http(world: World, carts: list[int], many: int) -> int:
    taken = 0
    with requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {SHOP_TOKEN}"

        def post(path: str, body: dict[str, Any]) -> requests.Response:
            return session.post(f"{world.sidecar.url}{path}", json=body, timeout=20)

        def take(cart_id: int) -> str | None:
            answer = post("/v1/leases", {"shop_id": 1, "cart_id": cart_id, "purpose": "test"})
            assert answer.status_code in (201, 409), answer.text
            return str(answer.json()["data"]["token"]) if answer.status_code == 201 else None

        for number in range(many):
            token = wait_until(partial(take, carts[number % len(carts)]), 20)
            taken += 1
            if number % 20:
                assert post(f"/v1/leases/{token}/complete", {"outcome": "done"}).status_code in (200, 409)
    return taken


def process_tree(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(each for child in children for each in process_tree(int(child)))]


def in_use(pid: int) -> dict[str, int]:
    """Open files and threads of a process and its children."""
    tree = process_tree(pid)
    return {what: sum(len(list(Path(f"/proc/{each}/{what}").iterdir())) for each in tree) for what in ("fd", "task")}


@pytest.mark.long
@pytest.mark.mariadb
@pytest.mark.req("B14")
def test_two_thousand_leases_over_http_leave_nothing_in_the_sidecar(
    world: World, record_testsuite_property: Recorder
) -> None:
    carts = [[world.new_cart()[0] for _ in range(10)] for _ in range(THREADS)]

    def all_of(many: int) -> int:
        with ThreadPoolExecutor(THREADS) as pool:
            return sum(pool.map(lambda own: lease_over_http(world, own, many // THREADS), carts))

    all_of(OVER_HTTP // 10)
    before = in_use(world.sidecar.pid)
    taken = all_of(OVER_HTTP)
    after = in_use(world.sidecar.pid)

    # Connections are kept for the next request, as many as there were requests at a time; a leak would be thousands.
    assert after["fd"] <= before["fd"] + 4 * THREADS
    assert after["task"] <= before["task"] + THREADS
    standing = "SELECT id_cart FROM {p}cart WHERE lease_expires_at > UTC_TIMESTAMP(6)"
    wait_until(lambda: not world.rows(standing), what="the last lease to be over")
    record_testsuite_property("leases over HTTP that left nothing", f"{taken} of {OVER_HTTP}")
    assert taken == OVER_HTTP
