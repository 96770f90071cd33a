"""SIGSTOP of a holder for longer than its lease lasts, then SIGCONT: somebody else has done the work by then.

The holder's late completion is refused, and nothing that is written about the cart changes by it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest

from tests.integration.shop_process import ShopProcess, Stop, expiry
from tests.integration.world import World, running_world, together
from tests.services.mariadb import Database, PrivateMariaDB
from tests.services.redis import PrivateRedis
from tests.services.waiting import wait_until

pytestmark = [pytest.mark.mariadb, pytest.mark.slow, pytest.mark.timeout(600), pytest.mark.alone]

Recorder = Callable[[str, object], None]

ROUNDS = 50
SCRIPTS = 5
"""Scripts that are stopped at the same time, each on a cart of its own."""
LIFETIME = 0.5
"""Seconds that a lease lasts in these tests."""
WEBHOOKS = {"shop_timeout": 0.45, "first_pause": 3000.0, "longest_pause": 3600.0}
"""The inbox does not try again by itself here: what changes is the work of the holders in question."""


@pytest.fixture(scope="module", params=["flock", pytest.param("redis", marks=pytest.mark.redis)])
def world(request: pytest.FixtureRequest, mariadb: PrivateMariaDB) -> Iterator[World]:
    """One sidecar and one web server, for each kind of lock."""
    locks: dict[str, Any] = {"lifetime": LIFETIME}
    if request.param == "redis":
        locks |= redis_locks(request.getfixturevalue("redis_process"))
    with (
        fresh_database(mariadb, f"paused_{request.param}") as database,
        running_world(database, locks=locks, webhooks=WEBHOOKS) as running,
    ):
        yield running


@contextlib.contextmanager
def fresh_database(mariadb: PrivateMariaDB, name: str) -> Iterator[Database]:
    mariadb.start()
    yield mariadb.create_database(name)
    mariadb.start()
    mariadb.drop_database(name)


def redis_locks(server: PrivateRedis) -> dict[str, Any]:
    server.start()
    return {"backend": "redis", "redis_url": server.url, "lifetime": LIFETIME}


def paid(world: World) -> tuple[int, str]:
    """A cart and its paid payment, of which nobody has been told."""
    cart_id, _ = world.new_cart()
    transaction_id = world.shop.pay(cart_id).transaction_id
    world.mollie.webhooks.lose(transaction_id)
    world.mollie.pay(transaction_id)
    return cart_id, transaction_id


def taken(world: World, transaction_id: str) -> bool:
    """Mollie comes again; whether the shop took it."""
    return world.mollie.webhooks.deliver(transaction_id).accepted


def takes_over(world: World, transaction_id: str) -> datetime:
    """Mollie comes until the webhook is taken; when that was."""
    wait_until(partial(taken, world, transaction_id), 20)
    return datetime.now(UTC)


def standing(world: World, cart_id: int) -> dict[str, object]:
    """Everything that is written about a cart, but for when the module last touched its payment's row."""
    by_cart = "id_cart = %s"
    by_order = "id_order IN (SELECT id_order FROM ps_orders WHERE id_cart = %s)"
    by_reference = "order_reference IN (SELECT reference FROM ps_orders WHERE id_cart = %s)"
    where = {
        "ps_orders": by_cart,
        "ps_order_history": by_order,
        "ps_order_detail": by_order,
        "ps_order_invoice": by_order,
        "ps_order_payment": by_reference,
        "ps_molbridge_cart": by_cart,
        "ps_molbridge_attempt": by_cart,
        "ps_molbridge_delivery": by_cart,
        "ps_molbridge_audit": by_cart,
    }
    queries = {name: f"SELECT * FROM {name} WHERE {which} ORDER BY 1" for name, which in where.items()}
    queries["ps_mollie_payments"] = (
        "SELECT transaction_id, order_id, order_reference, bank_status FROM ps_mollie_payments WHERE cart_id = %s"
    )
    with world.engine.connect() as connection:
        return {name: connection.exec_driver_sql(sql, (cart_id,)).all() for name, sql in queries.items()}


@pytest.fixture(scope="module")
def scripts(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[ShopProcess]]:
    """Scripts of web servers of their own."""
    with contextlib.ExitStack() as stack:
        yield [
            stack.enter_context(
                ShopProcess(
                    database=world.database.url,
                    mollie=world.mollie_url,
                    sidecar=world.sidecar.url,
                    folder=tmp_path_factory.mktemp("tmp"),
                )
            )
            for _ in range(SCRIPTS)
        ]


@pytest.mark.req("B8", "B14")
def test_a_script_that_was_stopped_for_longer_than_its_lease_completes_nothing_50_of_50(
    world: World, scripts: list[ShopProcess], record_testsuite_property: Recorder
) -> None:
    refused = 0
    for number in range(ROUNDS // SCRIPTS):
        stop = (Stop.CHECKED, Stop.CLAIMED)[number % 2]
        carts = [paid(world) for _ in scripts]
        for script, (cart_id, transaction_id) in zip(scripts, carts, strict=True):
            script.work(transaction_id, world.shop.token_of(cart_id), stop)
        for script in scripts:
            wait_until(script.is_stopped, 20)
        over = together([partial(takes_over, world, transaction_id) for _, transaction_id in carts])

        for script, (cart_id, _), taken_over_at in zip(scripts, carts, over, strict=True):
            before = standing(world, cart_id)
            late = script.go_on()

            # Where the module had seen an order before, nobody needs to ask before the insert: there is none.
            assert (late["renew"], late["complete"]) == (409 if stop is Stop.CHECKED else None, 409)
            assert taken_over_at >= expiry(late)
            assert standing(world, cart_id) == before
            assert len(world.references(cart_id)) == 1
            refused += 1

    record_testsuite_property("late completions of a stopped script refused", f"{refused} of {ROUNDS}")
    assert refused == ROUNDS
