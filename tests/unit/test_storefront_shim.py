"""The pay button with the shim: it asks the sidecar, does what it says, and sells on when it says nothing."""

from __future__ import annotations

import uuid

import pytest

from bridge.demo.storefront import BridgeShim, Happening, Redirect, Tell
from bridge.demo.storefront.module_api import ApiFailed
from tests.unit.fake_sidecar import NOBODY, TOKEN, Bridge, FakeSidecar
from tests.unit.storefront_scene import Scene

PAYMENT = "0198c0de-0000-7000-8000-000000000001"


def reserved(sidecar: FakeSidecar) -> None:
    sidecar.says("payments", 201, {"action": "create", "payment_id": PAYMENT})
    sidecar.says("bind", 200)
    sidecar.says("release", 200)


def existing(sidecar: FakeSidecar, action: str, **data: object) -> None:
    sidecar.says("payments", 409, {"action": action, "payment_id": PAYMENT} | data)


# The pay button


def test_a_reserved_payment_is_created_and_bound(scene: Scene, bridge: Bridge) -> None:
    sidecar, shim = bridge
    reserved(sidecar)
    cart = scene.shop.add_cart("14.40")

    answer = shim.pay(scene.shop, cart, "ideal")

    (asked,) = sidecar.called("payments")
    (bound,) = sidecar.called("bind")
    (row,) = scene.shop.payments_of(cart)
    assert asked.body | {"basket_hash": ""} == {
        "shop_id": 1,
        "cart_id": cart,
        "customer_id": scene.shop.get_cart(cart).customer_id,
        "amount": "14.40",
        "currency": "EUR",
        "method": "ideal",
        "basket_hash": "",
    }
    assert asked.authorization == f"Bearer {TOKEN}"
    assert asked.key == str(uuid.UUID(asked.key))
    assert isinstance(answer, Redirect)
    assert bound.path == f"v1/payments/{PAYMENT}/bind"
    assert bound.body == {"transaction_id": row["transaction_id"], "checkout_url": answer.url}


def test_a_payment_that_mollie_refuses_is_released(scene: Scene, bridge: Bridge) -> None:
    sidecar, shim = bridge
    reserved(sidecar)
    cart = scene.shop.add_cart()
    scene.mollie.faults.answer(422, path=".*/payments")

    with pytest.raises(ApiFailed):
        shim.pay(scene.shop, cart)

    assert [call.path for call in sidecar.called("release")] == [f"v1/payments/{PAYMENT}/release"]
    assert sidecar.called("bind") == []


def test_an_open_payment_is_resumed_and_none_is_created(scene: Scene, bridge: Bridge) -> None:
    sidecar, shim = bridge
    existing(sidecar, "resume", checkout_url="http://mollie.test/checkout/tr_1")
    cart = scene.shop.add_cart()

    assert shim.pay(scene.shop, cart) == Redirect(url="http://mollie.test/checkout/tr_1")
    assert scene.shop.payments_of(cart) == []


def test_a_cart_with_an_order_leads_to_its_confirmation(scene: Scene, bridge: Bridge) -> None:
    sidecar, shim = bridge
    existing(sidecar, "show_order", order_id=7)
    cart = scene.shop.add_cart()

    answer = shim.pay(scene.shop, cart)

    assert isinstance(answer, Redirect)
    assert "controller=order-confirmation" in answer.url
    assert "id_order=7" in answer.url


def test_a_paid_cart_without_an_order_leads_to_the_waiting_page_of_its_payment(scene: Scene, bridge: Bridge) -> None:
    sidecar, shim = bridge
    cart = scene.shop.add_cart()
    started = scene.shop.pay(cart)
    existing(sidecar, "wait_for_order", transaction_id=started.transaction_id)

    answer = shim.pay(scene.shop, cart)

    assert isinstance(answer, Redirect)
    assert "controller=return" in answer.url
    assert started.order_reference in answer.url


@pytest.mark.parametrize(
    ("status", "action", "told"),
    [
        (409, "deny", Tell(status=409, text="A payment is already in progress")),
        (409, "retry_later", Tell(status=409, text="A payment is already in progress", retry_after=1)),
        (503, "", Tell(status=409, text="A payment is already in progress", retry_after=1)),
        (403, "", Tell(status=403, text="This cart belongs to another customer.")),
    ],
)
def test_a_shopper_who_may_not_pay_now_is_told_so(
    scene: Scene, bridge: Bridge, status: int, action: str, told: Tell
) -> None:
    sidecar, shim = bridge
    sidecar.says("payments", status, {"action": action}, Retry_After="1")
    cart = scene.shop.add_cart()

    assert shim.pay(scene.shop, cart) == told
    assert scene.shop.payments_of(cart) == []


def test_a_key_of_a_page_from_before_the_cart_changed_is_replaced(scene: Scene, bridge: Bridge) -> None:
    sidecar, shim = bridge
    sidecar.says("payments", 422)
    reserved(sidecar)
    cart = scene.shop.add_cart()

    assert isinstance(shim.pay(scene.shop, cart, key="page-key"), Redirect)
    first, second = sidecar.called("payments")
    assert (first.key, second.key != "page-key") == ("page-key", True)


def test_a_lost_binding_does_not_cost_the_sale(scene: Scene, bridge: Bridge) -> None:
    sidecar, shim = bridge
    sidecar.says("payments", 201, {"action": "create", "payment_id": PAYMENT})
    sidecar.says("bind", 500)
    cart = scene.shop.add_cart()

    assert isinstance(shim.pay(scene.shop, cart), Redirect)
    assert len(scene.shop.payments_of(cart)) == 1


# The pay button while the sidecar is away


def test_without_the_sidecar_the_sale_goes_on_and_is_noted(scene: Scene) -> None:
    cart = scene.shop.add_cart()

    answer = BridgeShim(base_url=NOBODY, token=TOKEN).pay(scene.shop, cart)

    assert isinstance(answer, Redirect)
    assert answer.started is not None
    assert any(event.kind is Happening.GUARD and "silent" in event.text for event in scene.shop.journal.of_cart(cart))


def test_without_the_sidecar_a_closed_shop_asks_the_shopper_to_wait(scene: Scene) -> None:
    cart = scene.shop.add_cart()

    answer = BridgeShim(base_url=NOBODY, token=TOKEN, fail_open=False).pay(scene.shop, cart)

    assert isinstance(answer, Tell)
    assert answer.status == 503
    assert scene.shop.payments_of(cart) == []


@pytest.mark.slow
def test_a_sidecar_that_hangs_is_given_up(scene: Scene, bridge: Bridge) -> None:
    sidecar, shim = bridge
    sidecar.hangs = True
    cart = scene.shop.add_cart()

    assert isinstance(shim.pay(scene.shop, cart), Redirect)
    assert len(scene.shop.payments_of(cart)) == 1


@pytest.mark.parametrize("status", [401, 404, 500])
def test_an_answer_that_no_sidecar_gives_counts_as_none(scene: Scene, bridge: Bridge, status: int) -> None:
    sidecar, shim = bridge
    sidecar.says("payments", status)
    cart = scene.shop.add_cart()

    assert isinstance(shim.pay(scene.shop, cart), Redirect)


def test_without_the_sidecar_two_tabs_still_share_one_payment(scene: Scene) -> None:
    cart = scene.shop.add_cart()
    shim = BridgeShim(base_url=NOBODY, token=TOKEN)

    first, second = shim.pay(scene.shop, cart), shim.pay(scene.shop, cart)

    assert isinstance(first, Redirect)
    assert isinstance(second, Redirect)
    assert (second.url, second.started) == (first.url, None)


def test_without_the_sidecar_a_dead_payment_or_a_changed_cart_does_not_block(scene: Scene) -> None:
    cart = scene.shop.add_cart("14.40")
    shim = BridgeShim(base_url=NOBODY, token=TOKEN)
    first = shim.pay(scene.shop, cart)
    assert isinstance(first, Redirect)
    assert first.started is not None
    scene.mollie.cancel(first.started.transaction_id)
    shim.pay(scene.shop, cart)
    scene.shop.change_cart(cart, "28.80")
    shim.pay(scene.shop, cart)

    assert len(scene.shop.payments_of(cart)) == 3


def test_without_the_sidecar_an_ordered_cart_is_not_paid_again(scene: Scene) -> None:
    cart = scene.shop.add_cart()
    pay_and_announce(scene, cart)

    answer = BridgeShim(base_url=NOBODY, token=TOKEN).pay(scene.shop, cart)

    assert isinstance(answer, Redirect)
    assert "order-confirmation" in answer.url
    assert len(scene.shop.payments_of(cart)) == 1


def pay_and_announce(scene: Scene, cart: int) -> None:
    assert scene.announce(scene.paid(cart), cart) == 200
