"""A whole sidecar stopped (SIGSTOP) in the middle of a webhook for longer than its lease, while another takes over.

And Redis forgetting every lock in the middle: the same, without anybody being stopped. The locks are in Redis.
"""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.integration.pausing import PAUSES
from tests.integration.shop_process import is_stopped
from tests.integration.shop_scripts import Scripts
from tests.integration.sidecar import Reply, Sidecar
from tests.integration.test_paused_holder import (
    WEBHOOKS,
    Recorder,
    fresh_database,
    paid,
    redis_locks,
    standing,
)
from tests.integration.world import World, running_world
from tests.services.mariadb import PrivateMariaDB
from tests.services.redis import PrivateRedis
from tests.services.waiting import WaitedInVain, wait_until

pytestmark = [pytest.mark.mariadb, pytest.mark.redis, pytest.mark.slow, pytest.mark.timeout(600), pytest.mark.alone]

ROUNDS = int(os.environ.get("ROUNDS", "24"))
TOO_SLOW = "the machine is too slow for leases of this length"

LIFETIME = 1.5
"""Seconds that a lease lasts. On a busy machine the work until a sidecar stops must still fit into it."""
PATIENCE = {"shop_timeout": 1.3, "lease_wait": 0.1}

LATE = (
    ("after taking the lock", "after a transaction"),  # the lease stands in the row
    ("before the call to Mollie",),
    ("after the call to Mollie",),
    ("after the call to Mollie", "after a transaction"),  # decided
    ("before the call to the shop",),
    ("after the call to the shop",),
)
"""The points at which a sidecar has its lease and has not verified yet what the shop made."""


@dataclass(frozen=True, kw_only=True)
class Two:
    """The world with two sidecars: its own, which can be stopped, and another."""

    world: World
    other: Sidecar
    points: Path
    shop: Scripts

    def arm(self, transaction_id: str, points: tuple[str, ...]) -> None:
        """Let the first sidecar stop when its work on the transaction has passed these points."""
        self.points.unlink(missing_ok=True)
        self.points.with_suffix(".armed").write_text("\n".join((transaction_id, *points)))

    def is_through(self) -> bool:
        """Whether every call to the shop that the first sidecar began has ended, too late or not."""
        passed = self.points.read_text().splitlines()
        return passed.count("before the call to the shop") == passed.count("after the call to the shop")

    def settle_down(self) -> None:
        """Let nothing be left of the round before: no point to stop at, no stopped process, no script at work."""
        self.points.with_suffix(".armed").unlink(missing_ok=True)
        os.kill(self.world.sidecar.pid, signal.SIGCONT)
        self.shop.wait_until_idle()


@pytest.fixture(scope="module")
def two(
    mariadb: PrivateMariaDB, redis_process: PrivateRedis, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Two]:
    points = tmp_path_factory.mktemp("pauses") / "points"
    first = Sidecar(module="tests.integration.pausing", environment={PAUSES: str(points)})
    locks = redis_locks(redis_process) | {"lifetime": LIFETIME}
    sections: dict[str, Any] = {"locks": locks, "webhooks": WEBHOOKS | PATIENCE}
    shop = Scripts()
    with (
        fresh_database(mariadb, "stopped_sidecar") as database,
        running_world(database, sidecar=first, web_servers=2, around_shop=shop.counted, **sections) as world,
        another(first) as other,
    ):
        yield Two(world=world, other=other, points=points, shop=shop)
        shop.wait_until_idle()


def another(first: Sidecar) -> Sidecar:
    """Another sidecar with the same configuration."""
    sidecar = Sidecar()
    sidecar.sections = first.sections
    return sidecar


def ended(world: World, delivery_id: str) -> tuple[str, str] | None:
    """State and last error of a delivery that nobody works on any more."""
    ((state, error),) = world.rows("SELECT state, last_error FROM {p}delivery WHERE id = %s", delivery_id)
    return None if state == "working" else (state, error)


def route(sidecar: Sidecar, transaction_id: str) -> int:
    """Mollie's call at a sidecar."""
    return requests.post(f"{sidecar.url}/webhooks/mollie", data={"id": transaction_id}, timeout=30).status_code


def stops_before_it_answers(sidecar: Sidecar, call: Future[int]) -> bool:
    """Whether it came to the point at which it is to stop."""
    wait_until(lambda: call.done() or is_stopped(sidecar.pid), 30, what="the sidecar to stop or to answer")
    return is_stopped(sidecar.pid)


def is_amid_a_transaction(world: World) -> bool:
    """Whether somebody has a transaction open that is not itself waiting for a row."""
    sql = "SELECT COUNT(*) FROM information_schema.innodb_trx WHERE trx_state = 'RUNNING'"
    ((running,),) = world.rows(sql)
    return bool(running)


def takes_over(sidecar: Sidecar, transaction_id: str) -> None:
    """Mollie comes again, and now to this sidecar, until it is done."""
    wait_until(lambda: route(sidecar, transaction_id) == 200, 20, what="the other sidecar to take over")


def written_for(world: World, cart_id: int, points: tuple[str, ...] = ()) -> dict[str, object]:
    """What is written about the cart, but for the deliveries: the late one is put back among them.

    A call to the shop that comes after its lease is a webhook like any other there: it claims the cart, which raises
    the fence, is audited and touches the attempt, and the module finds its order.
    """
    moving = {"ps_molbridge_delivery"}
    if "before the call to the shop" in points:
        moving |= {"ps_molbridge_cart", "ps_molbridge_audit", "ps_molbridge_attempt"}
    return {name: rows for name, rows in standing(world, cart_id).items() if name not in moving}


@pytest.mark.req("B8", "B14")
def test_a_sidecar_that_was_stopped_for_longer_than_its_lease_completes_nothing(
    two: Two, record_testsuite_property: Recorder
) -> None:
    put_back: Counter[str] = Counter()
    too_slow = 0
    while (number := put_back.total()) < ROUNDS:
        assert too_slow < ROUNDS // 4, TOO_SLOW
        two.settle_down()
        cart_id, transaction_id = paid(two.world)
        two.arm(transaction_id, LATE[number % len(LATE)])
        with ThreadPoolExecutor(1) as pool:
            late = pool.submit(route, two.world.sidecar, transaction_id)
            if not stops_before_it_answers(two.world.sidecar, late):
                # Its lease was over before it came to that point: nothing was tried.
                too_slow += 1
                continue
            try:
                if is_amid_a_transaction(two.world):
                    # Another thread of it was caught: the row is the server's until the process goes on.
                    too_slow += 1
                    continue
                takes_over(two.other, transaction_id)
                two.shop.wait_until_idle()
                before = written_for(two.world, cart_id, LATE[number % len(LATE)])
                ((delivery,),) = two.world.rows(
                    "SELECT id FROM {p}delivery WHERE transaction_id = %s AND state = 'working'", transaction_id
                )
            except WaitedInVain:
                # Leases ended on the way, and a script asks the stopped sidecar: too late for what is tried here.
                too_slow += 1
                continue
            finally:
                os.kill(two.world.sidecar.pid, signal.SIGCONT)

            assert late.result() == 503, two.points.read_text().splitlines()
        wait_until(two.is_through, 10)
        two.shop.wait_until_idle()
        # The answer does not wait for the work behind it, which was stopped with it.
        state, error = wait_until(partial(ended, two.world, delivery), 10) or ("working", None)
        # The late call is a webhook of its own there, and the module's work on it, verified, covers the failure.
        assert state == "failed" or "before the call to the shop" in LATE[number % len(LATE)]
        put_back[str(error).partition(":")[0] if state == "failed" else "covered"] += 1
        assert written_for(two.world, cart_id, LATE[number % len(LATE)]) == before
        assert len(two.world.references(cart_id)) == 1

    record_testsuite_property("late completions of a stopped sidecar refused", f"{put_back.total()} of {ROUNDS}")
    # Stopped around its call to the shop it may as well find that the shop did not answer in time.
    assert put_back.keys() <= {"LeaseLost", "ShopSilent", "covered"}
    assert put_back["LeaseLost"] >= ROUNDS // 2
    assert put_back.total() == ROUNDS


@pytest.mark.req("B8", "B14")
def test_a_holder_whose_lock_redis_forgot_completes_nothing(
    two: Two, redis_process: PrivateRedis, record_testsuite_property: Recorder
) -> None:
    refused = too_slow = 0
    while refused < ROUNDS:
        assert too_slow < ROUNDS, TOO_SLOW
        cart_id, transaction_id = paid(two.world)
        first = claim(two.world.sidecar, transaction_id)
        assert first.status == 200
        redis_process.flush()

        # The lock is free. What still speaks for the holder is the cart's row, for as long as the lease lasts.
        second = claim(two.other, transaction_id)
        holder = lock_holder(redis_process, cart_id)
        if datetime.now(UTC) > end_of(first):
            too_slow += 1
            continue
        assert (second.status, holder) == (409, None)
        second = takes_lease(two.other, transaction_id)
        holder = lock_holder(redis_process, cart_id)
        if datetime.now(UTC) > end_of(second):
            too_slow += 1
            continue
        assert holder == token_of(second)
        assert two.world.shop.webhook(transaction_id, two.world.shop.token_of(cart_id)).status == 200
        completed = complete(two.other, token_of(second))
        if completed.status == 409 and datetime.now(UTC) > end_of(second):
            too_slow += 1
            continue
        assert completed.data["verified"]

        before = standing(two.world, cart_id)
        assert two.world.sidecar.post(f"/v1/leases/{token_of(first)}/renew").status == 409
        assert complete(two.world.sidecar, token_of(first)).status == 409
        assert standing(two.world, cart_id) == before
        assert len(two.world.references(cart_id)) == 1
        refused += 1

    record_testsuite_property("late completions after FLUSHALL refused", f"{refused} of {ROUNDS}")
    assert refused == ROUNDS


def claim(sidecar: Sidecar, transaction_id: str) -> Reply:
    return sidecar.post("/v1/webhooks/claim", {"transaction_id": transaction_id})


def takes_lease(sidecar: Sidecar, transaction_id: str) -> Reply:
    """Mollie comes again until the claim is granted."""

    def granted() -> Reply | None:
        reply = claim(sidecar, transaction_id)
        return reply if reply.status == 200 else None

    reply = wait_until(granted, 20)
    assert reply is not None
    return reply


def token_of(reply: Reply) -> str:
    return str(reply.data["lease"]["token"])


def end_of(reply: Reply) -> datetime:
    return datetime.fromisoformat(reply.data["lease"]["expires_at"])


def complete(sidecar: Sidecar, token: str) -> Reply:
    return sidecar.post(f"/v1/leases/{token}/complete", {"outcome": "done", "http_status": 200})


def lock_holder(server: PrivateRedis, cart_id: int) -> str | None:
    """The token of whoever holds the cart's lock in Redis."""
    with server.client() as client:
        value = client.get(f"webhook-cart-{cart_id}")
    return None if value is None else str(value).partition(" ")[0]
