"""The shopper is back in the guarded shop, on three versions."""

from __future__ import annotations

import pytest

from tests.services.waiting import takes_at_most
from tests.shim.guarding import paid
from tests.shim.wire import Wire
from tests.shim.world import ShimWorld

pytestmark = [pytest.mark.mariadb, pytest.mark.php, pytest.mark.nginx, pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.mark.req("B15")
def test_the_shopper_who_is_back_before_the_webhook_finds_his_order(world: ShimWorld, wire: Wire) -> None:
    shopper, transaction = paid(world)
    back = str(world.mollie.payment(transaction).redirect_url)

    shopper.follow(back)
    polled = shopper.follow(f"{back}&ajax=1&action=getStatus").json

    assert polled["success"] is True
    assert "order-confirmation" in polled["href"]
    assert len(world.references(shopper.cart_id)) == 1


@pytest.mark.req("P8", "B15")
def test_a_pending_payment_gets_its_order_when_the_shopper_is_back(world: ShimWorld, wire: Wire) -> None:
    shopper = world.new_shopper()
    transaction = str(shopper.pay().checkout_id)
    world.mollie.start(transaction)

    returned = shopper.follow(str(world.mollie.payment(transaction).redirect_url))

    assert returned.page == "order-confirmation"
    assert [order["current_state"] for order in world.books.orders_of(shopper.cart_id)] == [15]


@pytest.mark.req("B15")
def test_the_return_page_waits_two_seconds_at_most(world: ShimWorld, wire: Wire) -> None:
    wire.hang("POST /v1/carts/[0-9]+/settle")

    def seconds() -> float:
        shopper, transaction = paid(world)
        answer = shopper.follow(str(world.mollie.payment(transaction).redirect_url))
        assert answer.status == 200
        return answer.seconds

    assert takes_at_most(2.8, seconds)
