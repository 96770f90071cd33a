"""The shim asks the sidecar, does what it says, and knows what to do when it says nothing."""

from __future__ import annotations

import hashlib
import hmac
import uuid
from collections.abc import Iterator
from contextlib import suppress

import pytest

from bridge.demo.storefront import Answer, BridgeShim, ConnectionBroken, Failure, Happening, Redirect, Tell
from bridge.demo.storefront.flock import held
from bridge.demo.storefront.module_api import ApiFailed
from tests.unit.fake_sidecar import TOKEN, FakeSidecar, open_sidecar
from tests.unit.storefront_scene import Scene, open_scene, sqlite_engine

PAYMENT = "0198c0de-0000-7000-8000-000000000001"
LEASE = {"token": "lease-1", "expires_at": "2026-11-21T22:00:00Z"}
NOBODY = "http://127.0.0.1:9"


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("storefront")
    with open_scene(sqlite_engine(folder), folder) as opened:
        yield opened


@pytest.fixture
def scene(stage: Scene) -> Scene:
    stage.calm()
    return stage


@pytest.fixture
def bridge() -> Iterator[tuple[FakeSidecar, BridgeShim]]:
    with open_sidecar() as (sidecar, url):
        yield sidecar, BridgeShim(base_url=url, token=TOKEN)


Bridge = tuple[FakeSidecar, BridgeShim]


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


# The webhook


@pytest.fixture
def paid(scene: Scene) -> tuple[int, str]:
    cart = scene.shop.add_cart()
    transaction_id = scene.shop.pay(cart).transaction_id
    scene.pay_at_mollie(transaction_id)
    return cart, transaction_id


def claimed(sidecar: FakeSidecar, cart: int) -> None:
    sidecar.says("claim", 200, {"decision": "process", "reason": "settle", "cart_id": cart, "lease": LEASE})


def test_a_claimed_webhook_is_worked_on_and_verified(scene: Scene, bridge: Bridge, paid: tuple[int, str]) -> None:
    sidecar, shim = bridge
    cart, transaction_id = paid
    claimed(sidecar, cart)
    sidecar.says("complete", 200, {"verified": True, "mismatches": []})

    assert shim.webhook(scene.shop, transaction_id, "t").status == 200

    assert len(scene.references(cart)) == 1
    assert [call.body for call in sidecar.called("claim")] == [{"transaction_id": transaction_id}]
    (completed,) = sidecar.called("complete")
    assert completed.path == "v1/leases/lease-1/complete"
    assert completed.body == {"outcome": "done", "http_status": 200}


def test_a_webhook_to_be_skipped_never_reaches_the_module(scene: Scene, bridge: Bridge, paid: tuple[int, str]) -> None:
    sidecar, shim = bridge
    cart, transaction_id = paid
    sidecar.says("claim", 200, {"decision": "skip", "reason": "surplus", "cart_id": cart, "lease": None})

    assert shim.webhook(scene.shop, transaction_id, "t").status == 200
    assert scene.references(cart) == set()


@pytest.mark.parametrize("status", [409, 503])
def test_a_held_lease_sends_mollie_away_for_now(
    scene: Scene, bridge: Bridge, paid: tuple[int, str], status: int
) -> None:
    sidecar, shim = bridge
    cart, transaction_id = paid
    sidecar.says("claim", status, Retry_After="3")

    answer = shim.webhook(scene.shop, transaction_id, "t")

    assert (answer.status, dict(answer.headers)) == (503, {"Retry-After": "3"})
    assert scene.references(cart) == set()


def test_a_result_that_does_not_verify_is_not_answered_200(scene: Scene, bridge: Bridge, paid: tuple[int, str]) -> None:
    sidecar, shim = bridge
    cart, transaction_id = paid
    claimed(sidecar, cart)
    sidecar.says("complete", 200, {"verified": False, "mismatches": ["the payment's row is still open"]})
    scene.shop.failures.next(Failure.HALF_DONE)

    answer = shim.webhook(scene.shop, transaction_id, "t")

    assert answer.status == 503
    assert "Retry-After" in dict(answer.headers)


def test_a_lost_lease_is_not_answered_200(scene: Scene, bridge: Bridge, paid: tuple[int, str]) -> None:
    sidecar, shim = bridge
    cart, transaction_id = paid
    claimed(sidecar, cart)
    sidecar.says("complete", 409)

    assert shim.webhook(scene.shop, transaction_id, "t").status == 503


def test_the_modules_own_error_is_reported_and_passed_on(scene: Scene, bridge: Bridge, paid: tuple[int, str]) -> None:
    sidecar, shim = bridge
    cart, transaction_id = paid
    claimed(sidecar, cart)
    sidecar.says("complete", 200, {"verified": False, "mismatches": ["no order"]})
    scene.shop.failures.next(Failure.ANSWER_500)

    assert shim.webhook(scene.shop, transaction_id, "t").status == 500
    (completed,) = sidecar.called("complete")
    assert completed.body == {"outcome": "failed", "http_status": 500}


def test_a_script_that_dies_completes_nothing(scene: Scene, bridge: Bridge, paid: tuple[int, str]) -> None:
    sidecar, shim = bridge
    cart, transaction_id = paid
    claimed(sidecar, cart)
    scene.shop.failures.next(Failure.CLOSE)

    with suppress(ConnectionBroken):
        shim.webhook(scene.shop, transaction_id, "t")
    assert sidecar.called("complete") == []


def signed(scene: Scene, transaction_id: str, *, age: int = 0, token: str = TOKEN, lasts: float = 60.0) -> str:
    now = scene.shop.now().timestamp()
    stamp, until = int(now) - age, int((now + lasts) * 1000)
    mac = hmac.new(token.encode(), f"{stamp}.{transaction_id}.1.{until}".encode(), hashlib.sha256).hexdigest()
    return f"t={stamp},tx={transaction_id},cart=1,until={until},v1={mac}"


def test_the_sidecars_own_call_goes_to_the_module_at_once(scene: Scene, bridge: Bridge, paid: tuple[int, str]) -> None:
    sidecar, shim = bridge
    cart, transaction_id = paid

    assert shim.webhook(scene.shop, transaction_id, "t", signed(scene, transaction_id)).status == 200
    assert len(scene.references(cart)) == 1
    assert sidecar.calls == []


def test_a_stale_forged_or_foreign_signature_opens_nothing(scene: Scene, bridge: Bridge, paid: tuple[int, str]) -> None:
    sidecar, shim = bridge
    cart, transaction_id = paid
    sidecar.says("claim", 200, {"decision": "skip", "reason": "unknown", "cart_id": cart, "lease": None})

    for header in (
        signed(scene, transaction_id, age=301),
        signed(scene, transaction_id, lasts=-0.001),
        signed(scene, transaction_id, token="another"),
        signed(scene, "tr_other"),
        "nonsense",
        "",
    ):
        shim.webhook(scene.shop, transaction_id, "t", header)

    assert len(sidecar.called("claim")) == 6
    assert scene.references(cart) == set()


@pytest.mark.slow
def test_without_the_sidecar_the_module_works_under_the_carts_file_lock(scene: Scene, paid: tuple[int, str]) -> None:
    cart, transaction_id = paid
    shim = BridgeShim(base_url=NOBODY, token=TOKEN)

    with held(scene.shop.temp_dir, f"webhook-cart-{cart}"):
        refused = shim.webhook(scene.shop, transaction_id, "t")
    answered = shim.webhook(scene.shop, transaction_id, "t")

    assert (refused.status, answered.status) == (503, 200)
    assert len(scene.references(cart)) == 1


def test_without_the_sidecar_and_without_shared_files_mollie_is_asked_to_come_again(
    scene: Scene, paid: tuple[int, str]
) -> None:
    cart, transaction_id = paid

    answer = BridgeShim(base_url=NOBODY, token=TOKEN, shared_files=False).webhook(scene.shop, transaction_id, "t")

    assert isinstance(answer, Answer)
    assert answer.status == 503
    assert scene.references(cart) == set()


def test_the_returning_shopper_has_the_cart_settled(scene: Scene, bridge: Bridge) -> None:
    sidecar, shim = bridge
    sidecar.says("settle", 200)

    assert shim.settle(scene.shop, 42)
    assert [call.path for call in sidecar.calls] == ["v1/carts/42/settle"]
    assert not BridgeShim(base_url=NOBODY, token=TOKEN).settle(scene.shop, 42)


def pay_and_announce(scene: Scene, cart: int) -> None:
    transaction_id = scene.shop.pay(cart).transaction_id
    scene.pay_at_mollie(transaction_id)
    assert scene.shop.webhook(transaction_id, "t").status == 200
