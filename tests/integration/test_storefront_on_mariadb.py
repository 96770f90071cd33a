"""The races of the unguarded module on a real MariaDB: what the bridge is there to end."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from bridge.demo.storefront import Stage, ToyShop
from tests.services.mariadb import Database
from tests.services.waiting import wait_until
from tests.unit.storefront_scene import Scene, open_scene

pytestmark = pytest.mark.mariadb

CARTS = 10


@pytest.fixture
def scene(mariadb_database: Database, tmp_path: Path) -> Iterator[Scene]:
    with open_scene(create_engine(mariadb_database.shop_url), tmp_path, prefix="ps_") as opened:
        yield opened


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(4) as executor:
        yield executor


def two_tabs_paid(scene: Scene) -> tuple[int, str, str]:
    """A cart, and the two transactions that were paid for it in two tabs, nobody told yet."""
    cart = scene.shop.add_cart("14.40")
    first, second = (scene.shop.pay(cart).transaction_id for _ in range(2))
    scene.pay_at_mollie(first)
    scene.pay_at_mollie(second)
    return cart, first, second


def announce(shop: ToyShop, transaction_id: str, token: str) -> list[int]:
    """Call the webhook as Mollie does: again until it is answered 200; all the answers."""
    answers: list[int] = []

    def taken() -> bool:
        answers.append(shop.webhook(transaction_id, token).status)
        return answers[-1] == 200

    wait_until(taken, what=f"{transaction_id} to be taken")
    return answers


@pytest.mark.req("P5")
def test_two_web_servers_make_two_orders_and_take_the_money_twice(scene: Scene, pool: ThreadPoolExecutor) -> None:
    for _ in range(CARTS):
        cart, first, second = two_tabs_paid(scene)
        token = scene.shop.token_of(cart)
        at_the_gap = threading.Barrier(2, timeout=10)
        scene.shop.pause = scene.twin.pause = gap(at_the_gap)

        calls = [pool.submit(announce, scene.shop, first, token), pool.submit(announce, scene.twin, second, token)]
        assert [call.result() for call in calls] == [[200], [200]]

        assert len(scene.references(cart)) == 2
        assert sum(row["amount"] for row in scene.order_payments(cart)) == Decimal("28.80")
        assert {row["bank_status"] for row in scene.shop.payments_of(cart)} == {"paid"}


@pytest.mark.req("P5")
def test_one_web_server_makes_one_order_and_still_takes_the_money_twice(scene: Scene, pool: ThreadPoolExecutor) -> None:
    scene.shop.pause = 0.01
    for _ in range(CARTS):
        cart, first, second = two_tabs_paid(scene)
        token = scene.shop.token_of(cart)
        together = threading.Barrier(2, timeout=10)

        def call(transaction_id: str, start: threading.Barrier = together, token: str = token) -> list[int]:
            start.wait()
            return announce(scene.shop, transaction_id, token)

        for done in [pool.submit(call, first), pool.submit(call, second)]:
            done.result()

        assert len(scene.references(cart)) == 1
        assert [row["amount"] for row in scene.order_payments(cart)] == [Decimal("14.40")]
        assert {row["bank_status"] for row in scene.shop.payments_of(cart)} == {"paid"}
        assert sum(scene.mollie.payment(t).amount.minor for t in (first, second)) == 2880


@pytest.mark.req("P5")
def test_one_webhook_delivered_to_two_web_servers_makes_two_orders(scene: Scene, pool: ThreadPoolExecutor) -> None:
    cart = scene.shop.add_cart()
    transaction_id = scene.shop.pay(cart).transaction_id
    scene.pay_at_mollie(transaction_id)
    token = scene.shop.token_of(cart)
    scene.shop.pause = scene.twin.pause = gap(threading.Barrier(2, timeout=10))

    calls = [pool.submit(announce, shop, transaction_id, token) for shop in (scene.shop, scene.twin)]
    assert [call.result() for call in calls] == [[200], [200]]

    assert len(scene.references(cart)) == 2


def gap(barrier: threading.Barrier) -> Callable[[Stage], None]:
    """Let both scripts see that there is no order before either inserts one."""

    def wait(stage: Stage) -> None:
        if stage is Stage.CHECKED:
            barrier.wait()

    return wait
