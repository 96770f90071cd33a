"""`mollie-bridge refunds` as an administrator types it: real processes, a real database."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.integration.administrator import UNKNOWN, command, paid_twice
from tests.integration.world import World, running_world
from tests.services.mariadb import Database

pytestmark = [pytest.mark.mariadb, pytest.mark.slow, pytest.mark.usefixtures("started")]


@pytest.fixture(scope="module")
def world(module_database: Database) -> Iterator[World]:
    """Refunds of surplus money are proposed; nothing is looked for in the background while a test is at it."""
    with running_world(module_database, surplus={"policy": "propose"}, janitor={"every": 3600}) as running:
        yield running


@pytest.mark.req("P3", "L8")
def test_a_proposed_refund_is_listed_approved_and_made_once(world: World) -> None:
    cart_id, refund_id, transaction_id = paid_twice(world)

    listed = command(world, "refunds", "list", "--json")
    (row,) = (each for each in json.loads(listed.stdout) if each["refund_id"] == refund_id)
    assert (row["cart_id"], row["amount"], row["currency"], row["state"]) == (cart_id, "14.40", "EUR", "proposed")
    assert refund_id in command(world, "refunds", "list").stdout
    for _ in range(2):
        approved = command(world, "refunds", "approve", refund_id)
        assert (approved.returncode, approved.stdout) == (0, f"14.40 EUR of {transaction_id}: refunded\n")

    assert len(world.mollie.books.refunds_of(transaction_id)) == 1
    refused = command(world, "refunds", "reject", refund_id)
    assert refused.returncode == 1
    assert refused.stderr.splitlines()[-1].startswith("mollie-bridge: ")
    assert world.rows("SELECT bank_status FROM ps_mollie_payments WHERE transaction_id = %s", transaction_id) == (
        ("refunded",),
    )
    assert len(world.references(cart_id)) == 1


@pytest.mark.req("P3", "L8")
def test_a_rejected_refund_is_not_made(world: World) -> None:
    _, refund_id, transaction_id = paid_twice(world)

    rejected = command(world, "refunds", "reject", refund_id)
    assert (rejected.returncode, rejected.stdout) == (0, f"14.40 EUR of {transaction_id}: dropped\n")
    assert command(world, "refunds", "approve", refund_id).returncode == 1
    assert len(world.mollie.books.refunds_of(transaction_id)) == 0
    dropped = json.loads(command(world, "refunds", "list", "--state", "dropped", "--json").stdout)
    assert refund_id in [each["refund_id"] for each in dropped]


@pytest.mark.req("L8", "B9")
def test_a_refund_that_mollie_does_not_take_stands_in_the_queue_and_the_janitor_makes_it(world: World) -> None:
    _, refund_id, transaction_id = paid_twice(world)
    world.sidecar.stop()
    world.mollie.faults.answer(503, method="POST", times=None)
    failed = command(world, "refunds", "approve", refund_id)
    world.mollie.faults.clear()
    assert failed.returncode == 1
    assert world.rows("SELECT state FROM {p}refund WHERE id = %s", refund_id) == (("queued",),)
    world.rows("UPDATE {p}refund SET next_try_at = UTC_TIMESTAMP() WHERE id = %s", refund_id)

    assert command(world, "janitor", "--once").returncode == 0

    assert world.rows("SELECT state FROM {p}refund WHERE id = %s", refund_id) == (("refunded",),)
    assert len(world.mollie.books.refunds_of(transaction_id)) == 1


@pytest.mark.parametrize("word", ["approve", "reject"])
def test_an_unknown_refund_is_said_in_one_line(world: World, word: str) -> None:
    done = command(world, "refunds", word, UNKNOWN)

    assert (done.returncode, done.stderr.splitlines()[-1]) == (1, f"mollie-bridge: no refund {UNKNOWN}")
