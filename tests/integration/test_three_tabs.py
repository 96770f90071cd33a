"""Three tabs on one cart, and what Mollie knows better than the shop's table."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.integration.world import World

pytestmark = [pytest.mark.mariadb, pytest.mark.slow]


@pytest.mark.req("P1", "P5", "B3")
def test_three_tabs_pay_one_payment(world: World) -> None:
    cart_id, _ = world.new_cart()
    _, transaction_id = world.open_payment(cart_id)

    tabs = [world.initiate(cart_id) for _ in range(2)]

    assert [(tab.status, tab.data["action"], tab.data["transaction_id"]) for tab in tabs] == [
        (409, "resume", transaction_id)
    ] * 2
    assert len(world.shop.payments_of(cart_id)) == 1


@pytest.mark.req("P1")
def test_an_order_sends_the_shopper_to_its_confirmation(world: World) -> None:
    cart_id, _ = world.new_cart()
    _, transaction_id = world.open_payment(cart_id)
    world.mollie.pay(transaction_id)
    world.mollie.webhooks.wait_until_accepted(transaction_id)

    reply = world.initiate(cart_id)

    assert (reply.status, reply.data["action"]) == (409, "show_order")
    assert reply.data["order_reference"] == world.references(cart_id)[0]


@pytest.mark.req("B3", "B4")
def test_a_changed_cart_replaces_the_old_payment_and_the_money_of_both_is_accounted_for(world: World) -> None:
    cart_id, _ = world.new_cart()
    _, old = world.open_payment(cart_id)
    world.shop.change_cart(cart_id, "28.80")
    _, new = world.open_payment(cart_id, "28.80")
    for transaction_id in (old, new):
        world.mollie.webhooks.lose(transaction_id)
        world.mollie.pay(transaction_id, late=True)

    held = world.sidecar.post("/v1/webhooks/claim", {"transaction_id": old})
    routed = world.route(new)
    surplus = world.sidecar.post("/v1/webhooks/claim", {"transaction_id": old})

    assert (held.data["decision"], held.data["reason"]) == ("skip", "hold")
    assert routed == 200
    assert (surplus.data["decision"], surplus.data["reason"]) == ("skip", "surplus")
    assert [str(row["total_paid"]) for row in world.shop.orders_of(cart_id)] == ["28.800000"]


@pytest.mark.req("B2")
def test_a_payment_that_is_canceled_at_mollie_and_open_in_the_shops_table_does_not_block(world: World) -> None:
    cart_id, _ = world.new_cart()
    started = world.shop.pay(cart_id)
    world.mollie.webhooks.lose(started.transaction_id)
    world.mollie.set_cancelable(started.transaction_id, cancelable=True)
    world.mollie.cancel(started.transaction_id)

    reply = world.initiate(cart_id)

    assert [row["bank_status"] for row in world.shop.payments_of(cart_id)] == ["open"]
    assert reply.status == 201


@pytest.mark.req("B2", "P4")
def test_a_payment_older_than_the_limit_that_can_still_be_paid_is_caught(world: World) -> None:
    cart_id, _ = world.new_cart()
    started = world.shop.pay(cart_id)
    world.rows("UPDATE ps_mollie_payments SET created_at = NOW() - INTERVAL 2 HOUR WHERE cart_id = %s", cart_id)
    world.mollie.set_expiry(started.transaction_id, world.mollie.clock.now() + timedelta(days=1))

    reply = world.initiate(cart_id)

    assert (reply.status, reply.data["action"]) == (409, "resume")
    assert reply.data["checkout_url"] == started.checkout_url


@pytest.mark.req("B2", "P7")
@pytest.mark.parametrize(("age", "status"), [("10 MINUTE", 409), ("31 MINUTE", 201)])
def test_when_mollie_does_not_answer_the_clock_decides_and_the_audit_says_so(
    world: World, age: str, status: int
) -> None:
    cart_id, _ = world.new_cart()
    world.shop.pay(cart_id)
    world.rows(f"UPDATE ps_mollie_payments SET created_at = NOW() - INTERVAL {age} WHERE cart_id = %s", cart_id)
    world.mollie.faults.answer(503, method="GET", times=None)

    reply = world.initiate(cart_id)
    world.mollie.faults.clear()

    assert reply.status == status
    ((detail,),) = world.rows(
        "SELECT detail FROM {p}audit WHERE id_cart = %s AND event = 'initiation.decided'", cart_id
    )
    assert '"guess": true' in detail


@pytest.mark.req("B2", "P9")
def test_mollie_is_not_asked_when_nothing_stands_in_the_way(world: World) -> None:
    cart_id, _ = world.new_cart()
    before = len(world.mollie.traffic.requests())

    assert world.initiate(cart_id).status == 201

    # The inbox may be working on other tests' payments meanwhile; this cart has none that could be asked about.
    known = {payment.id for payment in world.mollie.payments()}
    asked = [request.path.rpartition("/")[2] for request in world.mollie.traffic.requests()[before:]]
    assert [what for what in asked if what not in known] == []
