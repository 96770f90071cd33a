"""The toy shop answers as the official module 6.4.4 was seen to answer: payments, webhooks and their races."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import select

from bridge.demo.storefront import Stage, State
from bridge.demo.storefront.flock import held
from tests.unit.storefront_scene import Scene


def test_a_payment_stands_open_in_the_modules_table_and_names_its_cart(scene: Scene) -> None:
    cart = scene.shop.add_cart("14.40")

    started = scene.shop.pay(cart)

    (row,) = scene.shop.payments_of(cart)
    assert (row["transaction_id"], row["bank_status"], row["order_id"]) == (started.transaction_id, "open", 0)
    assert row["order_reference"][4:-23] == str(cart)
    assert row["created_at"] is not None
    assert started.checkout_url.startswith(scene.mollie_url)


def test_mollie_learns_amount_cart_and_addresses_as_the_module_sends_them(scene: Scene) -> None:
    cart = scene.shop.add_cart("14.40")

    payment = scene.mollie.payment(scene.shop.pay(cart).transaction_id)

    assert str(payment.amount.value) == "14.40"
    assert payment.metadata["cart_id"] == cart
    assert payment.description == payment.metadata["order_reference"]
    query = parse_qs(urlsplit(payment.webhook_url or "").query)
    assert query["controller"] == ["webhook"]
    assert query["security_token"] == [scene.shop.token_of(cart)]


def test_two_tabs_make_two_payments_with_one_security_token(scene: Scene) -> None:
    cart = scene.shop.add_cart()

    first, second = scene.shop.pay(cart), scene.twin.pay(cart)

    assert first.transaction_id != second.transaction_id
    assert (
        parse_qs(urlsplit(first.webhook_url).query)["security_token"]
        == (parse_qs(urlsplit(second.webhook_url).query)["security_token"])
    )


def test_the_webhook_of_a_paid_payment_makes_order_payment_invoice_and_history(scene: Scene) -> None:
    cart = scene.shop.add_cart("14.40")
    transaction_id = scene.paid(cart)

    assert scene.announce(transaction_id, cart) == 200

    (order,) = scene.shop.orders_of(cart)
    (row,) = scene.shop.payments_of(cart)
    (money,) = scene.order_payments(cart)
    assert (order["current_state"], order["valid"], order["module"]) == (State.PAID, 1, "mollie")
    assert order["total_paid"] == order["total_paid_real"] == Decimal("14.40")
    assert (money["amount"], money["transaction_id"]) == (Decimal("14.40"), transaction_id)
    assert (row["bank_status"], row["order_id"], row["order_reference"]) == (
        "paid",
        order["id_order"],
        order["reference"],
    )
    assert invoice_links(scene, order["id_order"]) == [(order["invoice_number"], money["id_order_payment"])]
    assert scene.mollie.payment(transaction_id).description == order["reference"]


def test_a_second_paid_payment_is_silently_absorbed(scene: Scene) -> None:
    cart = scene.shop.add_cart("14.40")
    first, second = scene.paid(cart), scene.paid(cart)

    assert [scene.announce(transaction_id, cart) for transaction_id in (first, second)] == [200, 200]

    (order,) = scene.shop.orders_of(cart)
    assert {(row["bank_status"], row["order_id"]) for row in scene.shop.payments_of(cart)} == {
        ("paid", order["id_order"])
    }
    assert [row["transaction_id"] for row in scene.order_payments(cart)] == [first]


def test_one_web_server_makes_one_order_of_two_webhooks_at_once(scene: Scene) -> None:
    cart = scene.shop.add_cart()
    first, second = scene.paid(cart), scene.paid(cart)
    working, go_on = threading.Event(), threading.Event()

    def wait(stage: Stage) -> None:
        if stage is Stage.CHECKED:
            working.set()
            assert go_on.wait(30)

    scene.shop.pause = wait
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(scene.announce, first, cart)
        assert working.wait(30)
        refused = scene.announce(second, cart)
        go_on.set()
        answered = running.result()

    assert (answered, refused) == (200, 409)
    assert scene.announce(second, cart) == 200
    assert len(scene.references(cart)) == 1
    assert [row["bank_status"] for row in scene.shop.payments_of(cart)] == ["paid", "paid"]


def test_two_web_servers_make_two_orders_of_two_webhooks_at_once(scene: Scene) -> None:
    cart = scene.shop.add_cart("14.40")
    first, second = scene.paid(cart), scene.paid(cart)
    token = scene.shop.token_of(cart)
    both = threading.Barrier(2, timeout=10)
    scene.shop.pause = scene.twin.pause = lambda stage: meet(both, stage)

    with ThreadPoolExecutor(2) as pool:
        answers = [pool.submit(scene.shop.webhook, first, token), pool.submit(scene.twin.webhook, second, token)]
        assert [answer.result().status for answer in answers] == [200, 200]

    assert len(scene.references(cart)) == 2
    assert sum(row["amount"] for row in scene.order_payments(cart)) == Decimal("28.80")
    # Both look the order up by cart afterwards and find the same one.
    assert len({row["order_id"] for row in scene.shop.payments_of(cart)}) == 1


def test_a_webhook_that_loses_the_race_early_answers_405(scene: Scene) -> None:
    cart = scene.shop.add_cart()
    first, second = scene.paid(cart), scene.paid(cart)

    def overtake(stage: Stage) -> None:
        if stage is Stage.LOOKED_UP:
            scene.twin.webhook(second, scene.shop.token_of(cart))

    scene.shop.pause = overtake

    assert scene.announce(first, cart) == 405
    assert len(scene.references(cart)) == 1


@pytest.mark.parametrize("end", ["cancel", "expire", "fail"])
def test_an_unpaid_end_is_answered_200_and_never_stored(scene: Scene, end: str) -> None:
    cart = scene.shop.add_cart()
    transaction_id = scene.shop.pay(cart).transaction_id
    getattr(scene.mollie, end)(transaction_id)

    assert scene.announce(transaction_id, cart) == 200

    (row,) = scene.shop.payments_of(cart)
    assert (row["bank_status"], row["order_id"]) == ("open", 0)


def test_a_payment_without_a_row_gets_one_from_the_webhook(scene: Scene) -> None:
    cart = scene.shop.add_cart()
    transaction_id = scene.paid(cart)
    rows = scene.shop.db.tables.mollie_payments
    with scene.shop.engine.begin() as db:
        db.execute(rows.delete().where(rows.c.cart_id == cart))

    assert scene.announce(transaction_id, cart) == 200

    (row,) = scene.shop.payments_of(cart)
    assert row["bank_status"] == "paid"


def test_the_webhook_refuses_what_it_can_not_work_on(scene: Scene) -> None:
    cart = scene.shop.add_cart()
    token = scene.shop.token_of(cart)
    keyless = scene.twin
    keyless.api_key = ""

    assert scene.shop.webhook("tr_x", "").status == 400
    assert scene.shop.webhook("", token).status == 422
    assert scene.shop.webhook("tr_unknown", token).status == 400
    assert keyless.webhook("tr_x", token).status == 401


def test_the_security_token_is_not_verified(scene: Scene) -> None:
    cart = scene.shop.add_cart()

    assert scene.shop.webhook(scene.paid(cart), "anything").status == 200
    assert len(scene.references(cart)) == 1


def test_a_foreign_secure_key_is_refused(scene: Scene) -> None:
    cart = scene.shop.add_cart()
    transaction_id = scene.paid(cart)
    metadata = dict(scene.mollie.payment(transaction_id).metadata)
    scene.mollie.update_payment(transaction_id, {"metadata": metadata | {"secure_key": "another"}})

    assert scene.announce(transaction_id, cart) == 401


def test_a_held_lock_on_the_token_is_answered_409(scene: Scene) -> None:
    cart = scene.shop.add_cart()
    transaction_id = scene.paid(cart)

    with held(scene.shop.temp_dir, f"webhook-{scene.shop.token_of(cart)}") as taken:
        assert taken
        assert scene.announce(transaction_id, cart) == 409
        assert scene.twin.webhook(transaction_id, scene.shop.token_of(cart)).status == 200


def meet(barrier: threading.Barrier, stage: Stage) -> None:
    if stage is Stage.CHECKED:
        barrier.wait()


def invoice_links(scene: Scene, order_id: int) -> list[tuple[int, int]]:
    t = scene.shop.db.tables
    query = (
        select(t.order_invoice.c.number, t.order_invoice_payment.c.id_order_payment)
        .join(t.order_invoice_payment, t.order_invoice_payment.c.id_order_invoice == t.order_invoice.c.id_order_invoice)
        .where(t.order_invoice.c.id_order == order_id)
    )
    return [(row["number"], row["id_order_payment"]) for row in scene.shop.db.rows(query)]
