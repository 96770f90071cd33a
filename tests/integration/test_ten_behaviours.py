"""The ten named behaviours of the payment service, each against a real sidecar process and a real MariaDB."""

from __future__ import annotations

from collections import Counter
from functools import partial

import pytest

from bridge.adapters.clock import SystemClock
from bridge.adapters.flock_locks import FlockCartLocks
from tests.integration.sidecar import ADMIN_TOKEN, Reply
from tests.integration.world import World, together

pytestmark = [pytest.mark.mariadb, pytest.mark.slow, pytest.mark.req("L13")]

CREATION = {"description": "Order", "redirect_url": "https://shop.example/return"}


def paid(world: World, amount: str = "14.40") -> tuple[int, str, str]:
    """A cart whose one payment is paid at Mollie, its webhook lost: cart, payment and transaction id."""
    cart_id, _ = world.new_cart(amount)
    payment_id, transaction_id = world.open_payment(cart_id, amount)
    world.mollie.webhooks.lose(transaction_id)
    world.mollie.pay(transaction_id)
    return cart_id, payment_id, transaction_id


def confirm(world: World, payment_id: str, transaction_id: str) -> Reply:
    return world.sidecar.post(f"/v1/payments/{payment_id}/confirm", {"transaction_id": transaction_id})


def refund(world: World, payment_id: str, amount: str | None = None, *, key: str) -> Reply:
    body = {"reason": "asked for", **({"amount": amount} if amount else {})}
    return world.sidecar.post(f"/v1/payments/{payment_id}/refund", body, token=ADMIN_TOKEN, Idempotency_Key=key)


@pytest.mark.req("L1")
def test_idempotency_key_prevents_duplicate(world: World) -> None:
    cart_id, _ = world.new_cart()

    first = world.initiate(cart_id, key=f"same-{cart_id}", mollie=CREATION)
    second = world.initiate(cart_id, key=f"same-{cart_id}", mollie=CREATION)

    assert (first.status, first.data["type"]) == (201, "new")
    assert (second.status, second.data["type"]) == (409, "existing")
    assert second.data["payment_id"] == first.data["payment_id"]
    assert second.data["checkout_url"] == first.data["checkout_url"]
    assert len([p for p in world.mollie.payments() if p.metadata.get("cart_id") == cart_id]) == 1


@pytest.mark.req("L1")
def test_different_idempotency_keys_on_different_carts_create_separate_payments(world: World) -> None:
    carts = [world.new_cart()[0] for _ in range(2)]

    replies = [world.initiate(cart, mollie=CREATION) for cart in carts]

    assert [reply.status for reply in replies] == [201, 201]
    assert len({reply.data["transaction_id"] for reply in replies}) == 2


@pytest.mark.req("L2", "L5")
def test_lock_prevents_concurrent_creation(world: World) -> None:
    cart_id, _ = world.new_cart()

    replies = together([partial(world.initiate, cart_id, mollie=CREATION) for _ in range(20)])

    assert Counter(reply.status for reply in replies) == {201: 1, 409: 19}
    assert len([p for p in world.mollie.payments() if p.metadata.get("cart_id") == cart_id]) == 1


@pytest.mark.req("L4")
def test_creation_is_atomic(world: World) -> None:
    """Mollie refuses: no live attempt is left, and the cart can be paid at once."""
    cart_id, _ = world.new_cart()
    world.mollie.faults.answer(422, detail="The amount is too low", method="POST", path="/v2/payments", times=1)

    refused = world.initiate(cart_id, mollie=CREATION)
    again = world.initiate(cart_id, mollie=CREATION)

    assert refused.status == 422
    assert again.status == 201
    states = world.rows("SELECT state FROM {p}attempt WHERE id_cart = %s ORDER BY created_at", cart_id)
    assert [state for (state,) in states] == ["released", "open"]


@pytest.mark.req("L7")
def test_confirmation_is_atomic(world: World) -> None:
    """The order, its payment and its invoice are there together with the confirmation."""
    cart_id, payment_id, transaction_id = paid(world)

    confirmed = confirm(world, payment_id, transaction_id)

    assert confirmed.status == 200, confirmed
    assert confirmed.data["order_reference"] == world.references(cart_id)[0]
    assert confirmed.data["invoice_number"] is not None
    ((settled, phase),) = world.rows(
        "SELECT settled_transaction_id, order_phase FROM {p}cart WHERE id_cart = %s", cart_id
    )
    assert (settled, phase) == (transaction_id, "done")


@pytest.mark.req("L7")
def test_concurrent_confirmation_is_detected(world: World) -> None:
    cart_id, payment_id, transaction_id = paid(world)

    replies = together([partial(confirm, world, payment_id, transaction_id) for _ in range(2)])

    assert sorted(reply.status for reply in replies) == [200, 409]
    assert len(world.references(cart_id)) == 1
    assert confirm(world, payment_id, transaction_id).status == 409


@pytest.mark.req("L8")
def test_refund_is_atomic(world: World) -> None:
    """Ten refunds of 5.00 at once on 14.40: two are made, whatever the order, and never more than was paid."""
    _, payment_id, transaction_id = paid(world)
    confirm(world, payment_id, transaction_id)

    replies = together([partial(refund, world, payment_id, "5.00", key=f"{payment_id}-{n}") for n in range(10)])

    assert set(Counter(reply.status for reply in replies)) <= {201, 409, 422, 503}
    assert world.mollie.payment(transaction_id).refunded in {500, 1000}


@pytest.mark.req("L1", "L8")
def test_idempotency_store_is_used(world: World) -> None:
    """The stored refund answers a repeat; Mollie is not asked for another one."""
    _, payment_id, transaction_id = paid(world)
    confirm(world, payment_id, transaction_id)

    first = refund(world, payment_id, "4.40", key=f"once-{payment_id}")
    second = refund(world, payment_id, "4.40", key=f"once-{payment_id}")

    assert (first.status, second.status) == (201, 409), first
    assert world.mollie.payment(transaction_id).refunded == 440


@pytest.mark.req("L6")
def test_a_foreign_customer_is_refused(world: World) -> None:
    cart_id, customer_id = world.new_cart()

    reply = world.sidecar.initiate(cart_id, customer_id + 1, key=f"foreign-{cart_id}")

    assert reply.status == 403
    assert world.rows("SELECT COUNT(*) FROM {p}attempt WHERE id_cart = %s", cart_id) == ((0,),)


@pytest.mark.req("L3", "L6")
def test_a_lock_that_is_not_to_be_had_is_reported(world: World) -> None:
    cart_id, _ = world.new_cart()
    somebody = FlockCartLocks(world.sidecar.folder, SystemClock())
    grant = somebody.acquire(f"webhook-cart-{cart_id}", timeout=1, lifetime=60, purpose="test")
    assert grant is not None

    reply = world.initiate(cart_id)
    somebody.close()

    assert (reply.status, reply.body["title"]) == (503, "Lock acquisition timeout")
    assert int(reply.headers["Retry-After"]) >= 1
    assert world.initiate(cart_id).status == 201
