"""The shop and Mollie failing in every way, for a while and for good: each delivery ends done, or dead with its reason.

One sidecar works on all of them at the same time: what fails also has to leave the rest alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial

import pytest

from bridge.demo.simulator.faults import Fault, FaultKind
from bridge.demo.storefront.failures import Failure
from bridge.demo.storefront.seed import State
from tests.integration.findings import (
    attempt_state,
    deliveries,
    order_states,
    paid_by,
    refunded,
    undone,
    wait_until_all_done,
)
from tests.integration.sidecar import ADMIN_TOKEN
from tests.integration.world import World, running_world, together
from tests.services.mariadb import Database
from tests.services.waiting import wait_until

pytestmark = [pytest.mark.mariadb, pytest.mark.slow, pytest.mark.timeout(300)]

Publish = Callable[[str], None]

TIMES = 2
"""How often each fails before it works again."""
TRIES = 6
"""How often a delivery is tried that fails for good."""
HANG = 5.0
"""Seconds that a script of the shop hangs: longer than it is waited for, and longer than the lease lasts."""


@contextmanager
def failing_world(database: Database, **webhooks: object) -> Iterator[World]:
    """What is limited by time has little of it, though enough for a machine that others use."""
    limits = {"shop_timeout": 3.0, "lease_wait": 1.0, "working": 5.0, "delegated_rest": 5.0}
    with running_world(
        database,
        webhooks={"first_pause": 0.1, "longest_pause": 4.0, **limits, **webhooks},
        locks={"lifetime": 4.0},
        mollie={"connect_timeout": 0.5, "read_timeout": 2.0},
        surplus={"policy": "refund", "first_pause": 0.1, "longest_pause": 0.5},
    ) as running:
        running.shop.failures.hang_limit = HANG
        yield running


@pytest.fixture(scope="module")
def world(module_database: Database) -> Iterator[World]:
    with failing_world(module_database) as running:
        yield running


@pytest.fixture
def strict(mariadb_database: Database) -> Iterator[World]:
    """Deliveries are given up early, though not while a lease that was left behind still stands."""
    with failing_world(mariadb_database, tries=TRIES, first_pause=1.0) as running:
        yield running


@dataclass(frozen=True, kw_only=True)
class Trouble:
    """A way to fail, and the reason that a delivery has when it goes on for good (None: it is done all the same)."""

    name: str
    arrange: Callable[[World, str, int | None], None]
    reason: str | None


def shop(failure: Failure, reason: str | None) -> Trouble:
    def arrange(world: World, transaction_id: str, times: int | None) -> None:
        world.shop.failures.of(transaction_id, failure, times=times)

    return Trouble(name=f"shop {failure}", arrange=arrange, reason=reason)


def mollie(name: str, kind: FaultKind, reason: str | None, **fault: object) -> Trouble:
    def arrange(world: World, transaction_id: str, times: int | None) -> None:
        path = f"/v2/payments/{transaction_id}"
        world.mollie.faults.add(Fault(kind=kind, method="GET", path=path, times=times, **fault))  # type: ignore[arg-type]

    return Trouble(name=f"Mollie {name}", arrange=arrange, reason=reason)


NOT_FOUND = json.dumps({"status": 404, "title": "Not Found", "detail": "No payment exists with token"})

TROUBLES = (
    shop(Failure.ANSWER_500, "ShopDown: the shop answered 500"),
    shop(Failure.ANSWER_409, "ShopDown: the shop answered 409"),
    shop(Failure.ANSWER_405, "ShopDown: the shop's result does not verify: no order for the cart"),
    shop(Failure.HALF_DONE, None),
    shop(Failure.CLOSE, "ShopSilent: the shop's webhook did not answer|LeaseHeld"),
    shop(Failure.CLOSE_AFTER, "ShopSilent: the shop's webhook did not answer|LeaseHeld"),
    mollie("404", FaultKind.ANSWER, "MollieUnauthorized: Mollie knows no such payment", status=404, body=NOT_FOUND),
    mollie("429", FaultKind.ANSWER, "MollieUnavailable", status=429, headers={"Retry-After": "1"}, body="{}"),
    mollie("503", FaultKind.ANSWER, "MollieUnavailable", status=503, body="{}"),
    mollie("500", FaultKind.ANSWER, "MollieUnavailable: Mollie.s answer .500.", status=500, body="{}"),
    mollie("HTML", FaultKind.ANSWER, "MollieUnavailable", status=502, body="<html>", content_type="text/html"),
    mollie("200 HTML", FaultKind.ANSWER, "Mollie", status=200, body="<html>", content_type="text/html"),
    mollie("hangs", FaultKind.HANG, "MollieTimeout|MollieUnavailable"),
    mollie("hangs up", FaultKind.DROP_BEFORE, "MollieUnavailable|MollieTimeout"),
    mollie("hangs up late", FaultKind.DROP_AFTER, "MollieUnavailable|MollieTimeout"),
)
PASSING = (*TROUBLES, shop(Failure.HANG, None))
"""A script that hangs goes on after a while, and makes its order too late."""


@dataclass(frozen=True, kw_only=True)
class Troubled:
    """A paid cart whose webhook suffers."""

    cart_id: int
    transaction_id: str
    trouble: Trouble


def troubled(world: World, trouble: Trouble, times: int | None) -> Troubled:
    cart_id, _ = world.new_cart()
    transaction_id = world.shop.pay(cart_id).transaction_id
    world.mollie.webhooks.lose(transaction_id)
    world.mollie.pay(transaction_id)
    trouble.arrange(world, transaction_id, times)
    return Troubled(cart_id=cart_id, transaction_id=transaction_id, trouble=trouble)


def is_settled_once(world: World, case: Troubled) -> None:
    assert len(world.references(case.cart_id)) == 1, case.trouble.name
    assert order_states(world, case.cart_id) == [State.PAID], case.trouble.name
    assert paid_by(world, case.cart_id) == [case.transaction_id], case.trouble.name
    assert attempt_state(world, case.transaction_id) == "paid", case.trouble.name


@pytest.mark.req("P2", "B6", "L15")
@pytest.mark.parametrize("way", ["routed", "delegated"])
def test_what_fails_for_a_while_is_done_in_the_end_and_once(world: World, way: str, publish: Publish) -> None:
    cases = [troubled(world, trouble, TIMES) for trouble in PASSING]
    call = world.route if way == "routed" else world.mollie.webhooks.deliver

    together([partial(call, case.transaction_id) for case in cases])

    wait_until_all_done(world, 60)
    for case in cases:
        is_settled_once(world, case)
    publish(f"{way}, failing {TIMES} times, then done and one order: {len(cases)} of {len(PASSING)} ways to fail")


@pytest.mark.long
@pytest.mark.req("P2", "B6", "L15")
def test_what_fails_for_good_is_dead_with_its_reason_and_done_after_a_replay(strict: World, publish: Publish) -> None:
    cases = [troubled(strict, trouble, None) for trouble in TROUBLES]
    together([partial(strict.route, case.transaction_id) for case in cases])

    wait_until(partial(nothing_waits, strict), 60, interval=0.2)

    for case in cases:
        ((state, reason),) = deliveries(strict, case.transaction_id)
        if case.trouble.reason is None:
            assert state == "done"
        else:
            assert state == "dead", case.trouble.name
            assert re.match(case.trouble.reason, str(reason)), (case.trouble.name, reason)
        assert len(strict.references(case.cart_id)) <= 1
    dead = len(undone(strict))

    strict.shop.failures.clear()
    strict.mollie.faults.clear()
    replayed = strict.sidecar.post("/v1/deliveries/replay", {"dead": True}, token=ADMIN_TOKEN)
    assert (replayed.status, len(replayed.data["deliveries"])) == (200, dead)

    wait_until_all_done(strict, 60)
    for case in cases:
        is_settled_once(strict, case)
    publish(f"failing for good: {dead} of {len(cases)} dead with their reason, all done after a replay, one order each")


@pytest.mark.req("P2", "B6")
def test_a_payment_that_nobody_knows_is_done_and_the_shop_never_hears_of_it(world: World) -> None:
    world.route_until_taken("tr_OfNobody99")

    assert deliveries(world, "tr_OfNobody99") == [("done", None)]


def comes_until_taken(world: World, transaction_id: str) -> None:
    wait_until(lambda: world.route(transaction_id) == 200, 20)


def nothing_waits(world: World) -> bool:
    return all(state == "dead" for _, state, _ in undone(world))


REFUND_FAULTS = {
    "503": Fault(kind=FaultKind.ANSWER, status=503, body="{}", times=2),
    "429": Fault(kind=FaultKind.ANSWER, status=429, headers={"Retry-After": "1"}, body="{}", times=2),
    "HTML": Fault(kind=FaultKind.ANSWER, status=502, body="<html>", content_type="text/html", times=2),
    "409 in progress": Fault(
        kind=FaultKind.ANSWER,
        status=409,
        body=json.dumps({"status": 409, "title": "Conflict", "detail": "A request with this key is in progress"}),
        times=1,
    ),
    "hangs": Fault(kind=FaultKind.HANG, times=1),
    "hangs up before": Fault(kind=FaultKind.DROP_BEFORE, times=2),
    "hangs up after": Fault(kind=FaultKind.DROP_AFTER, times=1),
    "answers too late": Fault(kind=FaultKind.DELAY_AFTER, seconds=4.0, times=1),
}


@pytest.mark.req("P3", "B4", "B9", "L8")
def test_whatever_mollie_does_to_a_refund_it_is_made_once(world: World, publish: Publish) -> None:
    surplus = {}
    for name, fault in REFUND_FAULTS.items():
        cart_id, _ = world.new_cart()
        first, second = (world.shop.pay(cart_id).transaction_id for _ in range(2))
        for transaction_id in (first, second):
            world.mollie.webhooks.lose(transaction_id)
            world.mollie.pay(transaction_id)
        comes_until_taken(world, first)
        world.mollie.faults.add(replace(fault, method="POST", path=f"/v2/payments/{second}/refunds"))
        comes_until_taken(world, second)
        surplus[name] = second

    wait_until_all_done(world, 60)

    assert {name: refunded(world, transaction_id) for name, transaction_id in surplus.items()} == {
        name: ["14.40"] for name in REFUND_FAULTS
    }
    publish(f"refunds made once, whatever Mollie did: {len(surplus)} of {len(REFUND_FAULTS)} ways to fail")
