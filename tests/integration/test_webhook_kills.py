"""kill -9 of the whole server while the shop is at work on its behalf, in any stage of making an order."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from functools import partial
from typing import TYPE_CHECKING

import pytest
import requests
from flask import Flask

from bridge.demo.serving import serve_in_thread
from bridge.demo.storefront import BridgeShim, Stage, ToyShop
from bridge.demo.storefront.seed import State
from bridge.demo.storefront.web import create_app
from tests.integration.findings import order_states, paid_by, wait_until_all_done
from tests.integration.sidecar import SHOP_TOKEN
from tests.integration.world import World, running_world
from tests.services.mariadb import Database

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

pytestmark = [pytest.mark.mariadb, pytest.mark.slow, pytest.mark.timeout(600)]

STAGES = tuple(Stage)
ROUNDS = 2


@pytest.fixture(scope="module")
def world(module_database: Database) -> Iterator[World]:
    """A web server for each stage. A lease outlasts the restart of the server, on a busy machine too."""
    webhooks = {"shop_timeout": 14.0, "working": 16.0, "lease_wait": 0.2, "first_pause": 0.2, "longest_pause": 0.5}
    with running_world(
        module_database, web_servers=len(STAGES), webhooks=webhooks, locks={"lifetime": 15.0}
    ) as running:
        yield running


class Balancer:
    """Passes what comes for the n-th web server on to it, or to the next one."""

    def __init__(self, servers: list[Flask]) -> None:
        self._servers = servers
        self.turned = 0

    def __call__(self, number: int, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        return self._servers[(number + self.turned) % len(self._servers)](environ, start_response)


@pytest.fixture(scope="module")
def balancer(world: World) -> Iterator[Balancer]:
    """Turned, each web server's address leads to another, whose file locks do not exclude the first one's."""
    shim = BridgeShim(base_url=world.sidecar.url, token=SHOP_TOKEN)
    balancer = Balancer([create_app(shop, shim) for shop in world.shops])
    with ExitStack() as stack:
        for number, shop in enumerate(world.shops):
            shop.base_url = stack.enter_context(serve_in_thread(partial(balancer, number))).url
        yield balancer


class Hold:
    """Keeps the first script of a web server that comes to a stage there, until it is let go."""

    def __init__(self, shop: ToyShop, stage: Stage) -> None:
        self.stage = stage
        self.is_there = threading.Event()
        self._go_on = threading.Event()
        shop.pause = self._pause

    def let_go(self) -> None:
        self._go_on.set()

    def _pause(self, stage: Stage) -> None:
        if stage is self.stage and not self.is_there.is_set():
            self.is_there.set()
            self._go_on.wait(60)


@pytest.mark.long
@pytest.mark.req("P2", "B6", "B8", "B14")
def test_the_shop_goes_on_for_a_killed_server_and_nobody_makes_a_second_order(
    world: World, balancer: Balancer, publish: Callable[[str], None]
) -> None:
    for _ in range(ROUNDS):
        balancer.turned = 0
        holds = [Hold(shop, stage) for shop, stage in zip(world.shops, STAGES, strict=True)]
        carts = [paid(world, shop) for shop in world.shops]
        with ThreadPoolExecutor(len(carts)) as pool:
            calls = [pool.submit(call, world, transaction_id) for _, transaction_id in carts]
            for hold in holds:
                assert hold.is_there.wait(30)
            world.sidecar.kill()
            balancer.turned = 1
            assert [each.result() for each in calls] == [None] * len(carts)

        world.sidecar.start()
        # The lock is free, but the cart's row shows a lease that is still good: somebody may be at work.
        assert [call(world, transaction_id) for _, transaction_id in carts] == [503] * len(carts)
        for hold in holds:
            hold.let_go()

        wait_until_all_done(world, 60)
        for cart_id, transaction_id in carts:
            assert call(world, transaction_id) == 200
            assert len(world.references(cart_id)) == 1
            assert order_states(world, cart_id) == [State.PAID]
            assert paid_by(world, cart_id) == [transaction_id]
    publish(f"servers killed with the shop at work: {ROUNDS}, carts: {ROUNDS * len(STAGES)}, one order each")


def paid(world: World, shop: ToyShop) -> tuple[int, str]:
    cart_id, _ = world.new_cart()
    transaction_id = shop.pay(cart_id).transaction_id
    world.mollie.webhooks.lose(transaction_id)
    world.mollie.pay(transaction_id)
    return cart_id, transaction_id


def call(world: World, transaction_id: str) -> int | None:
    """Mollie's call; None when nobody answers."""
    with suppress(requests.ConnectionError):
        return world.route(transaction_id)
    return None
