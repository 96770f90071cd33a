"""A script of the shop that goes on after the sidecar gave it up, with two web servers behind one address."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from bridge.demo.balancer import TwoWebServers
from bridge.demo.serving import serve_in_thread
from bridge.demo.storefront import BridgeShim, Stage
from bridge.demo.storefront.seed import State
from bridge.demo.storefront.web import create_app
from tests.integration.findings import order_states, paid_by, wait_until_all_done
from tests.integration.sidecar import SHOP_TOKEN
from tests.integration.world import World, running_world
from tests.services.mariadb import Database
from tests.services.waiting import wait_until

pytestmark = [pytest.mark.mariadb, pytest.mark.slow]


@pytest.fixture(scope="module")
def world(module_database: Database) -> Iterator[World]:
    webhooks = {"shop_timeout": 1.5, "lease_wait": 0.2, "first_pause": 0.1, "longest_pause": 0.2}
    with running_world(module_database, web_servers=2, webhooks=webhooks, locks={"lifetime": 8.0}) as running:
        yield running


@pytest.fixture(scope="module")
def balanced(world: World) -> Iterator[World]:
    """Webhooks go to the two web servers in turn: the module's own lock on one of them is nothing to the other."""
    shim = BridgeShim(base_url=world.sidecar.url, token=SHOP_TOKEN)
    first, second = (create_app(shop, shim) for shop in world.shops)
    with serve_in_thread(TwoWebServers(first, second)) as server:
        for shop in world.shops:
            shop.base_url = server.url
        yield world


@pytest.mark.req("P2", "B6", "B8")
def test_while_a_script_may_still_be_at_work_no_other_is_started_for_the_cart(balanced: World) -> None:
    go_on, is_there, scripts = threading.Event(), threading.Event(), []

    def pause(stage: Stage) -> None:
        if stage is Stage.CHECKED:
            scripts.append(stage)
            is_there.set()
            go_on.wait(5)

    for shop in balanced.shops:
        shop.pause = pause
    cart_id, _ = balanced.new_cart()
    transaction_id = balanced.shop.pay(cart_id).transaction_id
    balanced.mollie.webhooks.lose(transaction_id)
    balanced.mollie.pay(transaction_id)

    assert balanced.route(transaction_id) == 503
    assert is_there.wait(30)
    assert balanced.route(transaction_id) == 503

    wait_until_all_done(balanced, 30)
    go_on.set()
    wait_until(lambda: order_states(balanced, cart_id))
    assert len(balanced.references(cart_id)) == 1
    assert order_states(balanced, cart_id) == [State.PAID]
    assert paid_by(balanced, cart_id) == [transaction_id]
    assert len(scripts) == 1
