"""Restoring from a backup, with the commands of docs/how-to/restore-from-backup.md, on MariaDB."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from bridge.demo.simulator.records import PaymentStatus
from tests.integration.on_call import OnCall, commands
from tests.integration.sidecar import ADMIN_TOKEN
from tests.integration.world import World, new_key, running_world
from tests.services.mariadb import Database, PrivateMariaDB
from tests.services.process import program
from tests.services.waiting import wait_until

pytestmark = [pytest.mark.mariadb, pytest.mark.slow]

PAGE = "restore-from-backup.md"


@pytest.fixture
def database(mariadb: PrivateMariaDB) -> Iterator[Database]:
    mariadb.start()
    yield mariadb.create_database("restored")
    mariadb.start()
    mariadb.drop_database("restored")


@pytest.fixture
def world(database: Database) -> Iterator[World]:
    """A shop whose surplus money goes back at once, and whose janitor looks without waiting."""
    surplus = {"policy": "refund", "first_pause": 0.2}
    with running_world(database, surplus=surplus, janitor={"silent": 1.0, "quiet": 1.0}) as running:
        running.mollie.webhooks.hold()
        yield running


@pytest.fixture
def on_call(world: World, tmp_path: Path) -> OnCall:
    return OnCall(world, tmp_path)


def dump(database: Database) -> str:
    """A backup, as the page wants it."""
    way = ["--no-defaults", f"--socket={database.socket}", f"--user={database.user}", "--single-transaction"]
    made = subprocess.run(
        [program("mariadb-dump", "mariadb-client"), *way, database.name],
        env={**os.environ, "MYSQL_PWD": database.password},
        capture_output=True,
        text=True,
        check=True,
    )
    return made.stdout


def restore(world: World, backup: str) -> None:
    """Set the whole database back."""
    name = world.database.name
    world.engine.dispose()
    world.database.run_script(f"DROP DATABASE {name}; CREATE DATABASE {name}; USE {name};\n{backup}")


def paid_cart(world: World) -> tuple[int, str]:
    """A cart that was paid and has its order."""
    cart_id, _ = world.new_cart()
    _, transaction = world.open_payment(cart_id)
    paid(world, transaction)
    assert len(world.references(cart_id)) == 1
    return cart_id, transaction


def paid(world: World, transaction: str) -> None:
    world.mollie.pay(transaction)
    world.route_until_taken(transaction)


def paid_twice(world: World) -> tuple[int, str]:
    """A cart that is paid, and a second payment of it that still can be."""
    cart_id, _ = world.new_cart()
    _, first = world.open_payment(cart_id)
    second = world.shop.pay(cart_id).transaction_id
    paid(world, first)
    return cart_id, second


def refunded_at_mollie(world: World, transaction: str) -> int:
    """How much of a payment was given back, in cents."""
    return world.mollie.payment(transaction).refunded


def refund_states(world: World, transaction: str) -> list[str]:
    rows = world.rows("SELECT state FROM {p}refund WHERE transaction_id = %s", transaction)
    return [str(state) for (state,) in rows]


def wait_for_refund(world: World, transaction: str) -> None:
    wait_until(lambda: refund_states(world, transaction) == ["refunded"], 20, what="the refund")


@pytest.mark.req("B7", "L18")
def test_the_bridges_tables_alone_are_lost(world: World, on_call: OnCall) -> None:
    ordered, _ = paid_cart(world)
    begun, _ = world.new_cart()
    _, open_payment = world.open_payment(begun)
    given_back_cart, given_back = paid_twice(world)
    paid(world, given_back)
    wait_for_refund(world, given_back)
    _, still_open = paid_twice(world)
    for (name,) in world.rows("SHOW TABLES LIKE 'ps\\_molbridge\\_%%'"):
        world.database.execute(f"DROP TABLE {name}")
    assert world.initiate(begun).status == 503

    on_call.types(commands(PAGE, "Only the bridge's tables are lost"))

    assert world.initiate(begun).data["transaction_id"] == open_payment
    assert world.initiate(ordered).data["action"] == "show_order"
    world.route_until_taken(given_back)
    assert refund_states(world, given_back) == []
    assert len(world.references(given_back_cart)) == 1
    paid(world, still_open)
    wait_for_refund(world, still_open)
    paid(world, open_payment)
    assert on_call.findings() == {}


@pytest.mark.long
@pytest.mark.req("B7", "L18")
def test_the_shops_database_is_set_back(world: World, on_call: OnCall) -> None:
    ordered, _ = paid_cart(world)
    begun, _ = world.new_cart()
    _, open_payment = world.open_payment(begun)
    filled, _ = world.new_cart()
    ending, _ = world.new_cart()
    _, expired = world.open_payment(ending)
    twice, second = paid_twice(world)
    backup = dump(world.database)

    paid(world, open_payment)
    _, later = world.open_payment(filled)
    paid(world, later)
    world.mollie.expire(expired)
    paid(world, second)
    wait_for_refund(world, second)
    lost, of_lost_cart = paid_cart(world)
    world.sidecar.stop()
    restore(world, backup)
    on_call.types(commands(PAGE, "3. Let no number of a cart be used twice"))
    on_call.types(commands(PAGE, "4. Have refunds looked for before they are sent"))
    world.sidecar.start()

    found = on_call.findings()
    assert (found[later], found[of_lost_cart]) == ("paid_without_order", "orphan")
    on_call.types(commands(PAGE, "5. Start the sidecar, and hold the shop against Mollie"))

    assert on_call.findings() == {of_lost_cart: "orphan"}
    assert [len(world.references(cart)) for cart in (ordered, begun, filled, ending, twice)] == [1, 1, 1, 0, 1]
    assert refunded_at_mollie(world, second) == 1440
    assert world.new_cart()[0] >= 20000 > lost
    told = on_call.types(commands(PAGE, "6. Look, and open the shop"))
    assert "sidecar.answers" in told


@pytest.mark.req("L18")
def test_the_janitor_alone_orders_what_the_backup_knows_as_open(world: World, on_call: OnCall) -> None:
    begun, _ = world.new_cart()
    _, open_payment = world.open_payment(begun)
    backup = dump(world.database)
    paid(world, open_payment)
    world.sidecar.stop()
    restore(world, backup)
    assert world.references(begun) == []
    world.sidecar.start()

    def ordered() -> bool:
        on_call.types(".venv/bin/mollie-bridge janitor --once --config config.toml")
        return len(world.references(begun)) == 1

    wait_until(ordered, 20, what="the janitor to ask about the payment")


@pytest.mark.req("L8", "L18")
def test_a_refund_that_waited_in_the_backup_is_not_made_twice(world: World, on_call: OnCall) -> None:
    cart_id, transaction = paid_cart(world)
    payment_id = world.sidecar.get(f"/v1/carts/{cart_id}/payment").data["payment_id"]
    world.mollie.faults.answer(503, method="POST", path=".*refunds", times=None)
    asked = {"amount": "5.00", "reason": "One cup was broken"}
    world.sidecar.post(f"/v1/payments/{payment_id}/refund", asked, token=ADMIN_TOKEN, Idempotency_Key=new_key())
    wait_until(lambda: refund_states(world, transaction) == ["queued"], what="the refund to wait")
    backup = dump(world.database)
    world.mollie.faults.clear()
    wait_for_refund(world, transaction)
    world.sidecar.stop()
    restore(world, backup)

    on_call.types(commands(PAGE, "4. Have refunds looked for before they are sent"))
    assert refund_states(world, transaction) == ["uncertain"]
    sent = len(world.mollie.traffic.requests("POST", ".*refunds"))
    world.sidecar.start()

    wait_for_refund(world, transaction)
    assert len(world.mollie.traffic.requests("POST", ".*refunds")) == sent, "it was found, not sent"
    assert refunded_at_mollie(world, transaction) == 500


@pytest.mark.req("L18")
def test_without_higher_numbers_a_lost_carts_money_would_pay_a_strangers_cart(world: World) -> None:
    """Why step 3 is not to be left out."""
    backup = dump(world.database)
    lost, transaction = paid_cart(world)
    world.sidecar.stop()
    restore(world, backup)
    world.sidecar.start()

    strangers, _ = world.new_cart()
    assert strangers == lost
    world.route_until_taken(transaction)

    assert len(world.references(strangers)) == 1
    assert world.mollie.payment(transaction).status is PaymentStatus.PAID
