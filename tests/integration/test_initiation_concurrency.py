"""Many initiations at once against a real sidecar process and a real MariaDB."""

from __future__ import annotations

import time
from collections import Counter
from functools import partial

import pytest

from bridge.adapters.clock import SystemClock
from bridge.adapters.flock_locks import FlockCartLocks
from tests.integration.sidecar import Reply
from tests.integration.world import World, new_key, together

pytestmark = [pytest.mark.mariadb, pytest.mark.slow]


@pytest.mark.req("P1", "L2", "L5", "L16")
@pytest.mark.parametrize("tabs", [200, 1000])
def test_of_many_initiations_of_one_cart_at_once_one_creates_and_the_others_are_told_so(
    world: World, tabs: int
) -> None:
    cart_id, customer_id = world.new_cart()
    calls = [partial(world.sidecar.initiate, cart_id, customer_id, key=new_key()) for _ in range(tabs)]

    replies = together(calls)

    assert Counter(reply.status for reply in replies) == {201: 1, 409: tabs - 1}, [
        reply.body for reply in replies if reply.status > 409
    ]
    assert {reply.data["action"] for reply in replies if reply.status == 409} == {"retry_later"}
    assert {reply.data["type"] for reply in replies if reply.status == 409} == {"existing"}
    assert all("Retry-After" in reply.headers for reply in replies if reply.status == 409)
    assert world.rows("SELECT COUNT(*) FROM {p}attempt WHERE id_cart = %s", cart_id) == ((1,),)


@pytest.mark.long
@pytest.mark.req("L16")
@pytest.mark.parametrize("shoppers", [200, 1000])
def test_many_carts_at_once_all_get_their_payment(world: World, shoppers: int) -> None:
    carts = [world.new_cart() for _ in range(shoppers)]
    calls = [partial(world.sidecar.initiate, cart, customer, key=new_key()) for cart, customer in carts]

    replies = together(calls)

    assert Counter(reply.status for reply in replies) == {201: shoppers}
    assert len({reply.data["payment_id"] for reply in replies}) == shoppers


@pytest.mark.req("P1", "B3")
def test_a_second_tab_waits_for_the_first_ones_payment_and_is_sent_to_its_page(world: World) -> None:
    cart_id, customer_id = world.new_cart()
    first = world.initiate(cart_id)

    def create_and_bind() -> Reply:
        started = world.shop.pay(cart_id)
        body = {"transaction_id": started.transaction_id, "checkout_url": started.checkout_url}
        return world.sidecar.post(f"/v1/payments/{first.data['payment_id']}/bind", body)

    def press_again() -> Reply:
        return world.sidecar.initiate(cart_id, customer_id, key="second-tab")

    second, _ = together([press_again, create_and_bind])

    assert (second.status, second.data["action"]) == (409, "resume")
    assert second.data["checkout_url"].startswith(world.mollie_url)


@pytest.mark.req("L3")
def test_a_caller_who_waits_for_less_is_answered_sooner(world: World) -> None:
    cart_id, customer_id = world.new_cart()
    somebody = FlockCartLocks(world.sidecar.folder, SystemClock())
    assert somebody.acquire(f"webhook-cart-{cart_id}", timeout=1, lifetime=60, purpose="test") is not None
    body = {"shop_id": 1, "cart_id": cart_id, "customer_id": customer_id, "amount": "14.40", "currency": "EUR"}

    took = []
    for header in ({"Prefer": "wait=0.3"}, {}):
        begun = time.monotonic()
        reply = world.sidecar.call("POST", "/v1/payments", body, Idempotency_Key=new_key(), **header)
        took.append(time.monotonic() - begun)
        assert (reply.status, reply.body["title"]) == (503, "Lock acquisition timeout")
    somebody.close()

    assert took[0] < took[1]
