"""The simulator's Orders API, seen through the real Mollie client."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from mollie.api.error import NotFoundError, UnprocessableEntityError

from bridge.demo.simulator import MollieSimulator, ShiftableClock
from tests.contract.mollie_simulator import Rig, running_rig


@pytest.fixture
def rig() -> Iterator[Rig]:
    with running_rig() as running:
        yield running


def order_body(rig: Rig, **changes: Any) -> dict[str, Any]:
    body = rig.body(orderNumber="WNRARWVFO", locale="en_US", lines=[{"name": "Mug", "quantity": 1}])
    body["payment"] = {"webhookUrl": body["webhookUrl"]}
    return {**body, **changes}


def the_payment(rig: Rig, order_id: str) -> Any:
    (payment,) = rig.client.orders.get(order_id, embed="payments").payments.list()
    return payment


def test_an_order_stands_for_a_payment(rig: Rig) -> None:
    order = rig.client.orders.create(order_body(rig))

    payment = the_payment(rig, order.id)
    assert order.status == "created"
    assert order.checkout_url == payment.checkout_url
    assert payment.order_id == order.id
    assert payment.metadata == order.metadata == {"cart_id": 1}


def test_a_paid_payment_makes_the_order_paid_and_both_are_announced(rig: Rig) -> None:
    order_id = rig.client.orders.create(order_body(rig)).id

    rig.simulator.pay(the_payment(rig, order_id).id)

    order = rig.client.orders.get(order_id)
    assert order.is_paid()
    assert order.checkout_url is None
    assert rig.simulator.webhooks.wait_until_accepted(order_id)
    assert rig.simulator.webhooks.wait_until_accepted(the_payment(rig, order_id).id)


def test_a_failed_payment_leaves_the_order_open_for_another(rig: Rig) -> None:
    order = rig.client.orders.create(order_body(rig))
    rig.simulator.fail(the_payment(rig, order.id).id)

    second = order.payments.create({"method": "creditcard"})

    after = rig.client.orders.get(order.id, embed="payments")
    assert after.status == "created"
    assert [each.status for each in after.payments.list()] == ["failed", "open"]
    assert after.checkout_url == second.checkout_url


def test_a_canceled_order_takes_its_payment_along(rig: Rig) -> None:
    order_id = rig.client.orders.create(order_body(rig)).id

    assert rig.client.orders.delete(order_id).status == "canceled"

    assert the_payment(rig, order_id).status == "canceled"
    with pytest.raises(UnprocessableEntityError):
        rig.client.orders.delete(order_id)


def test_an_order_expires_after_28_days() -> None:
    clock = ShiftableClock()
    with running_rig(MollieSimulator(clock=clock)) as rig:
        order_id = rig.client.orders.create(order_body(rig)).id

        clock.advance(timedelta(days=28))

        assert rig.client.orders.get(order_id).status == "expired"


def test_an_order_is_refunded_as_a_whole(rig: Rig) -> None:
    order = rig.client.orders.create(order_body(rig))
    rig.simulator.pay(the_payment(rig, order.id).id)

    refund = order.refunds.create()

    assert refund.amount["value"] == "14.40"
    assert rig.client.orders.get(order.id).amount_refunded["value"] == "14.40"


@pytest.mark.parametrize("field", ["orderNumber", "locale", "lines", "redirectUrl", "amount"])
def test_an_incomplete_order_is_refused_and_leaves_nothing(rig: Rig, field: str) -> None:
    body = order_body(rig)
    del body[field]

    with pytest.raises(UnprocessableEntityError) as refusal:
        rig.client.orders.create(body)

    assert refusal.value.field == field
    counters = rig.simulator.counters()
    assert (counters.orders, counters.payments) == (0, 0)


def test_an_unknown_order_is_not_found(rig: Rig) -> None:
    with pytest.raises(NotFoundError):
        rig.client.orders.get("ord_nothing")


def test_the_profile_and_the_methods_can_be_read(rig: Rig) -> None:
    assert rig.client.profiles.get("me").id.startswith("pfl_")
    assert "ideal" in {method.id for method in rig.client.methods.list()}


def test_an_order_whose_payment_is_refused_leaves_nothing(rig: Rig) -> None:
    with pytest.raises(UnprocessableEntityError) as refusal:
        rig.client.orders.create(order_body(rig, payment={"webhookUrl": "shop"}))

    assert refusal.value.field == "webhookUrl"
    assert rig.simulator.counters().orders == 0
