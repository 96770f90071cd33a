"""`POST /v1/payments`: what a sound request is answered."""

from __future__ import annotations

from typing import Any

import pytest
from werkzeug.test import TestResponse

from bridge.domain.cart import CartRef
from bridge.domain.errors import MollieRefused, MollieTimeout, MollieUnauthorized
from tests.fakes.services import World
from tests.web.caller import MOLLIE, PAYMENT, Caller, assert_problem, json_of

NOTHING_YET: dict[str, Any] = {
    "transaction_id": None,
    "checkout_url": None,
    "has_order": False,
    "order_id": None,
    "order_reference": None,
    "invoice_number": None,
    "retry_after": None,
}


def test_the_first_request_may_create_the_payment(shim: Caller) -> None:
    answer = shim.pay()

    assert answer.status_code == 201
    body = json_of(answer)
    payment_id = body["data"].pop("payment_id")
    assert len(payment_id) == 36
    assert body == {
        "data": {"type": "new", "status": "reserved", "action": "create", **NOTHING_YET},
        "message": "Payment may be created",
    }


def test_a_second_request_meets_the_reservation_and_is_told_when_to_come_again(shim: Caller) -> None:
    first = shim.paid()

    answer = shim.pay("key-2")

    assert answer.status_code == 409
    assert answer.headers["Retry-After"] == "1"
    assert json_of(answer)["data"] == {
        **NOTHING_YET,
        "type": "existing",
        "payment_id": first["payment_id"],
        "status": "reserved",
        "action": "retry_later",
        "retry_after": 1,
    }


def test_an_open_payment_is_resumed(shim: Caller, world: World) -> None:
    payment_id = shim.paid()["payment_id"]
    world.mollie.add("tr_open1")
    shim.post(f"/v1/payments/{payment_id}/bind", {"transaction_id": "tr_open1"})

    answer = shim.pay("key-2")

    assert answer.status_code == 409
    data = json_of(answer)["data"]
    assert (data["type"], data["action"]) == ("existing", "resume")
    assert data["checkout_url"] == "https://mollie.example/checkout/tr_open1"
    assert "Retry-After" not in answer.headers


def test_a_cart_with_an_order_shows_it(shim: Caller, world: World) -> None:
    order = world.shop.add_order(42)

    answer = shim.pay()

    assert answer.status_code == 409
    data = json_of(answer)["data"]
    assert (data["action"], data["has_order"]) == ("show_order", True)
    assert (data["order_id"], data["order_reference"]) == (order.order_id, order.reference)


def test_a_repeat_with_the_same_key_is_answered_with_the_stored_payment(shim: Caller) -> None:
    first = shim.paid()

    answer = shim.pay()

    assert answer.status_code == 409
    assert json_of(answer)["data"]["payment_id"] == first["payment_id"]


@pytest.mark.parametrize("amount", ["14.4", 14.4])
def test_the_same_amount_written_otherwise_is_the_same_request(shim: Caller, amount: object) -> None:
    shim.paid(amount="14.40")

    assert shim.pay(amount=amount).status_code == 409


@pytest.mark.parametrize(
    "changed",
    [{"amount": "14.41"}, {"currency": "USD"}, {"method": "creditcard"}, {"basket_hash": "b"}, {"mollie": MOLLIE}],
    ids=lambda changed: next(iter(changed)),
)
def test_the_same_key_with_another_payload_is_refused(shim: Caller, changed: dict[str, object]) -> None:
    shim.paid()

    assert_problem(shim.pay(**changed), 422, "key-reused")  # type: ignore[arg-type]


def test_the_order_of_the_fields_does_not_make_another_payload(shim: Caller) -> None:
    shim.paid(mollie={**MOLLIE, "metadata": {"a": "1", "b": 2}})

    again = shim.post(
        "/v1/payments", dict(reversed({**PAYMENT, "mollie": {"metadata": {"b": 2, "a": "1"}, **MOLLIE}}.items()))
    )

    assert again.status_code == 409


def test_an_amount_may_be_a_json_number_and_stays_exact(shim: Caller, world: World) -> None:
    shim.send(
        "/v1/payments",
        b'{"shop_id":1,"cart_id":42,"customer_id":7,"amount":1234567.89,"currency":"EUR","idempotency_key":"k"}',
    )

    (attempt,) = world.ledger.attempts_of(CartRef(shop_id=1, cart_id=42))
    assert attempt.money.minor == 123456789


def test_the_cart_of_another_customer_is_refused(shim: Caller, world: World) -> None:
    body = assert_problem(shim.pay(customer_id=8), 403, "foreign-cart")

    assert "another customer" in body["detail"]
    assert world.ledger.find_state(CartRef(shop_id=1, cart_id=42)) is None


def test_an_unknown_cart_is_not_found(shim: Caller, world: World) -> None:
    assert_problem(shim.pay(cart_id=43), 404, "cart-not-found")

    assert world.ledger.find_state(CartRef(shop_id=1, cart_id=43)) is None


@pytest.mark.parametrize("header", ["Idempotency-Key", "X-Idempotency-Key"])
@pytest.mark.parametrize("value", ["key-1", '"key-1"'])
def test_the_key_may_be_a_header(shim: Caller, header: str, value: str) -> None:
    body = {name: PAYMENT[name] for name in PAYMENT if name != "idempotency_key"}

    assert shim.post("/v1/payments", body, headers={header: value}).status_code == 201
    assert shim.pay("key-1").status_code == 409
    assert_problem(shim.pay("key-1", amount="1.00"), 422, "key-reused")


def test_the_same_key_in_every_place_is_one_key(shim: Caller) -> None:
    headers = {"Idempotency-Key": "key-1", "X-Idempotency-Key": "key-1"}

    assert shim.post("/v1/payments", PAYMENT, headers=headers).status_code == 201


def test_a_missing_key_is_asked_for(shim: Caller) -> None:
    body = assert_problem(shim.pay(idempotency_key=None), 400, "idempotency-key-missing")

    assert "Idempotency-Key" in body["detail"]


@pytest.mark.parametrize("header", ["another", "key-1, another", "key-1,", '"key-1","another"'])
def test_two_different_keys_are_refused(shim: Caller, header: str) -> None:
    answer = shim.post("/v1/payments", PAYMENT, headers={"Idempotency-Key": header})

    assert_problem(answer, 400, "idempotency-keys-differ")


@pytest.mark.parametrize("key", ["", "k" * 256, "two words", "a,b", "kéy", "tab\t"])
def test_a_key_that_is_none_is_refused(shim: Caller, key: str) -> None:
    body = assert_problem(shim.pay(key), 422, "invalid-request")

    assert body["errors"][0]["field"] == "idempotency_key"


def test_the_bridge_creates_the_payment_when_told_what_to_send(shim: Caller, world: World) -> None:
    section = {
        **MOLLIE,
        "webhook_url": "https://shop.example/hook",
        "locale": "nl_NL",
        "metadata": {"secure_key": "s", "n": 1},
    }

    answer = shim.pay(mollie=section)

    assert answer.status_code == 201
    data = json_of(answer)["data"]
    assert (data["type"], data["action"], data["status"]) == ("new", "resume", "open")
    assert data["checkout_url"] == f"https://mollie.example/checkout/{data['transaction_id']}"
    (request,) = world.mollie.requests_of("create_payment")
    sent = request.payment
    assert sent is not None
    assert (sent.description, sent.redirect_url) == ("Cart 42", "https://shop.example/back?cart=42")
    assert (sent.webhook_url, sent.locale, sent.method) == ("https://shop.example/hook", "nl_NL", "ideal")
    assert sent.metadata == {"secure_key": "s", "n": 1, "cart_id": 42, "molbridge_attempt": data["payment_id"]}


def test_a_time_out_at_mollie_asks_for_a_repeat_with_the_same_key(shim: Caller, world: World) -> None:
    world.mollie.fail("create_payment", MollieTimeout("connection broke"), done=True)

    lost = shim.pay(mollie=MOLLIE)

    body = assert_problem(lost, 503, "unavailable")
    assert "same idempotency key" in body["detail"]
    assert lost.headers["Retry-After"] == "2"
    assert shim.pay(mollie=MOLLIE).status_code == 201
    assert len(world.mollie.payments) == 1


def test_what_mollie_refuses_is_told_with_its_field(shim: Caller, world: World) -> None:
    world.mollie.fail("create_payment", MollieRefused("The amount is too low", status=422, field="amount"))

    body = assert_problem(shim.pay(mollie=MOLLIE), 422, "mollie-refused")

    assert body["detail"] == "The amount is too low"
    assert body["errors"] == [{"field": "amount", "reason": "The amount is too low"}]


def test_a_wrong_mollie_key_is_the_merchants_business(shim: Caller, world: World) -> None:
    world.mollie.fail("create_payment", MollieUnauthorized("live_secret123 is not accepted"))

    answer = shim.pay(mollie=MOLLIE)

    assert "key" in assert_problem(answer, 503, "mollie-unauthorized")["detail"]
    assert "live_secret123" not in answer.text
    assert int(answer.headers["Retry-After"]) >= 1


def test_while_the_first_request_runs_the_key_is_in_progress(shim: Caller, world: World) -> None:
    answers: list[TestResponse] = []
    world.mollie.before = lambda _: answers.append(shim.pay(mollie=MOLLIE)) if not answers else None

    assert shim.pay(mollie=MOLLIE).status_code == 201

    assert_problem(answers[0], 409, "key-in-progress")
    assert answers[0].headers["Retry-After"] == "1"


def test_a_cart_that_is_locked_too_long_answers_with_the_named_time_out(shim: Caller, world: World) -> None:
    grant = world.locks.acquire("webhook-cart-42", timeout=0, lifetime=60, purpose="test")
    assert grant is not None

    answer = shim.pay()

    assert assert_problem(answer, 503, "lock-timeout")["title"] == "Lock acquisition timeout"
    assert answer.headers["Retry-After"] == "1"


def test_a_store_that_is_down_says_so_without_naming_it(shim: Caller, world: World) -> None:
    world.ledger.down = True

    answer = shim.pay()

    assert_problem(answer, 503, "store-down")
    assert int(answer.headers["Retry-After"]) >= 1
