"""How refunds end at Mollie, told over its API: what is ours is known by its key, and what failed brings money back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bridge.demo.simulator.records import Refund, RefundStatus
from tests.integration.administrator import command, paid_twice
from tests.integration.world import World, running_world
from tests.services.mariadb import Database
from tests.services.waiting import wait_until

pytestmark = [pytest.mark.mariadb, pytest.mark.slow, pytest.mark.usefixtures("started")]


@pytest.fixture(scope="module")
def world(module_database: Database) -> Iterator[World]:
    """Refunds of surplus money are proposed; one that is uncertain is looked for after a second."""
    with running_world(
        module_database, surplus={"policy": "propose", "first_pause": 1}, janitor={"every": 3600}
    ) as running:
        yield running


def attempt_of(world: World, transaction_id: str) -> str:
    ((state,),) = world.rows("SELECT state FROM {p}attempt WHERE transaction_id = %s", transaction_id)
    return str(state)


def refund_of(world: World, refund_id: str) -> str:
    ((state,),) = world.rows("SELECT state FROM {p}refund WHERE id = %s", refund_id)
    return str(state)


def at_mollie(world: World, transaction_id: str) -> list[Refund]:
    return world.mollie.books.refunds_of(transaction_id)


@pytest.mark.req("P3", "L8")
def test_a_refund_that_fails_at_mollie_days_later_makes_the_money_surplus_again(world: World) -> None:
    cart_id, refund_id, transaction_id = paid_twice(world)
    assert command(world, "refunds", "approve", refund_id).returncode == 0
    assert attempt_of(world, transaction_id) == "refunded"
    world.sidecar.start()

    (made,) = at_mollie(world, transaction_id)
    world.mollie.webhooks.lose(transaction_id)
    world.mollie.move_refund(made.id, RefundStatus.FAILED)
    world.route_until_taken(transaction_id)

    wait_until(lambda: refund_of(world, refund_id) == "failed", 20)
    assert attempt_of(world, transaction_id) == "surplus"
    ((row,),) = world.rows("SELECT bank_status FROM ps_mollie_payments WHERE transaction_id = %s", transaction_id)
    assert row == "paid"
    assert len(world.references(cart_id)) == 1


@pytest.mark.req("L8", "B9")
def test_a_refund_whose_answer_was_lost_is_known_by_its_metadata(world: World) -> None:
    _, refund_id, transaction_id = paid_twice(world)
    world.rows("UPDATE {p}refund SET amount_minor = 500 WHERE id = %s", refund_id)
    world.mollie.faults.drop_after(method="POST", path=f"/v2/payments/{transaction_id}/refunds")
    assert command(world, "refunds", "approve", refund_id).returncode == 1
    assert refund_of(world, refund_id) == "uncertain"
    (ours,) = at_mollie(world, transaction_id)
    world.sidecar.start()

    wait_until(lambda: refund_of(world, refund_id) == "refunded", 20)
    ((known_as,),) = world.rows("SELECT mollie_refund_id FROM {p}refund WHERE id = %s", refund_id)
    assert known_as == ours.id
    assert ours.metadata["molbridge_key"].startswith("surplus-")


@pytest.mark.req("P3")
def test_an_approval_of_money_that_is_back_already_exits_with_1_and_says_why(world: World) -> None:
    _, refund_id, transaction_id = paid_twice(world)
    world.mollie.create_refund(transaction_id, {"amount": {"currency": "EUR", "value": "14.40"}})

    approved = command(world, "refunds", "approve", refund_id)

    assert approved.returncode == 1
    assert approved.stdout == f"14.40 EUR of {transaction_id}: dropped\n"
    assert approved.stderr.splitlines()[-1] == "not made: nothing is left to give back"
    assert len(at_mollie(world, transaction_id)) == 1
