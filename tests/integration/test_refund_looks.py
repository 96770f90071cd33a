"""What Mollie took and what came to nothing there, told by nobody: the sidecar's janitor looks after it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bridge.demo.simulator.clock import ShiftableClock
from bridge.demo.simulator.records import PaymentStatus, RefundStatus
from tests.integration.administrator import command, paid_twice
from tests.integration.world import World, running_world
from tests.services.mariadb import Database
from tests.services.waiting import wait_until

pytestmark = [pytest.mark.mariadb, pytest.mark.slow, pytest.mark.usefixtures("started")]

FIVE = {"amount": {"currency": "EUR", "value": "5.00"}}


@pytest.fixture(scope="module")
def world(module_database: Database) -> Iterator[World]:
    """Refunds of surplus money are proposed; what Mollie took is looked after every second."""
    every = {"policy": "propose", "first_pause": 1, "look_every": 1, "look_soon": 1}
    with running_world(module_database, surplus=every, janitor={"every": 1}) as running:
        yield running


def refund_of(world: World, refund_id: str) -> tuple[Any, ...]:
    """Its state, its last error, and when it is looked after next."""
    (row,) = world.rows("SELECT state, last_error, next_try_at FROM {p}refund WHERE id = %s", refund_id)
    return row


def comes_to(world: World, refund_id: str, state: str) -> None:
    wait_until(lambda: refund_of(world, refund_id)[0] == state, 120, what=f"the refund to be {state}")


def look_now(world: World, refund_id: str) -> None:
    """Hours go by."""
    waiting = "state IN ('refunded', 'uncertain') AND next_try_at IS NOT NULL"
    world.rows(f"UPDATE {{p}}refund SET next_try_at = UTC_TIMESTAMP(6) WHERE id = %s AND {waiting}", refund_id)


def attempt_of(world: World, transaction_id: str) -> str:
    ((state,),) = world.rows("SELECT state FROM {p}attempt WHERE transaction_id = %s", transaction_id)
    return str(state)


def authorized_twice(world: World) -> tuple[str, str]:
    """A cart that was paid, and for which another payment is authorised: refund (its release) and transaction."""
    cart_id, _ = world.new_cart()
    _, old = world.open_payment(cart_id)
    world.shop.change_cart(cart_id, "28.80")
    _, new = world.open_payment(cart_id, "28.80")
    for transaction_id in (new, old):
        world.mollie.webhooks.lose(transaction_id)
    world.mollie.pay(new)
    assert world.route(new) == 200
    world.mollie.authorize(old)
    assert world.route(old) == 200
    ((refund_id,),) = world.rows("SELECT id FROM {p}refund WHERE transaction_id = %s", old)
    return str(refund_id), old


@pytest.mark.req("L8", "B9")
def test_a_refund_that_failed_behind_one_of_the_same_amount_made_by_hand_is_found_out(world: World) -> None:
    _, refund_id, transaction_id = paid_twice(world)
    world.rows("UPDATE {p}refund SET amount_minor = 500 WHERE id = %s", refund_id)
    world.rows("UPDATE {p}refund SET idempotency_key = 'refund-by-an-admin' WHERE id = %s", refund_id)
    assert command(world, "refunds", "approve", refund_id).returncode == 0
    (made,) = world.mollie.books.refunds_of(transaction_id)
    world.mollie.webhooks.lose(transaction_id)
    world.mollie.move_refund(made.id, RefundStatus.FAILED)
    world.mollie.create_refund(transaction_id, FIVE)
    assert world.mollie.payment(transaction_id).refunded == 500

    world.sidecar.start()
    comes_to(world, refund_id, "failed")

    assert refund_of(world, refund_id)[1:] == ("Mollie took the refund and ended it as failed", None)
    assert len(world.mollie.books.refunds_of(transaction_id)) == 2


@pytest.mark.req("P3", "B9")
def test_a_release_that_mollie_took_and_did_not_make_is_asked_for_again(world: World) -> None:
    if not world.sidecar.running:
        world.sidecar.start()
    refund_id, transaction_id = authorized_twice(world)
    assert command(world, "refunds", "approve", refund_id).returncode == 0
    assert refund_of(world, refund_id)[0] == "refunded"
    books = world.mollie.books
    with books.lock:
        released = books.payment(transaction_id)
        assert released.status is PaymentStatus.CANCELED
        books.payments[transaction_id] = replace(released, status=PaymentStatus.AUTHORIZED)

    look_now(world, refund_id)
    assert isinstance(world.mollie.clock, ShiftableClock)
    world.mollie.clock.advance(timedelta(hours=2))
    world.sidecar.start()
    wait_until(lambda: released_again(world, transaction_id), 120, what="the release to be sent again")
    wait_until(lambda: is_over(world, refund_id), 120, what="the release to end")

    doubted = "SELECT COUNT(*) FROM {p}audit WHERE event = 'refund.uncertain' AND transaction_id = %s"
    assert world.rows(doubted, transaction_id)[0][0] >= 2
    assert refund_of(world, refund_id)[2] is None
    wait_until(lambda: attempt_of(world, transaction_id) == "refunded", 120, what="the payment to be let go of")


def released_again(world: World, transaction_id: str) -> bool:
    return world.mollie.payment(transaction_id).status is PaymentStatus.CANCELED


def is_over(world: World, refund_id: str) -> bool:
    """Whether it has ended; until then hours go by."""
    if refund_of(world, refund_id)[0] == "refunded":
        return True
    look_now(world, refund_id)
    return False
