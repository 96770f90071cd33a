"""What can be done with one payment."""

from __future__ import annotations

import pytest

from bridge.domain.errors import MollieRefused
from tests.fakes.services import World
from tests.web.caller import UNKNOWN_PAYMENT, Caller, assert_problem, json_of


@pytest.fixture
def payment_id(shim: Caller) -> str:
    """A reserved payment of cart 42."""
    return str(shim.paid()["payment_id"])


@pytest.fixture
def paid_id(shim: Caller, world: World, payment_id: str) -> str:
    """The payment, bound to tr_paid1 and paid at Mollie; the shop does not know yet."""
    world.mollie.add("tr_paid1")
    shim.post(f"/v1/payments/{payment_id}/bind", {"transaction_id": "tr_paid1"})
    world.mollie.pay("tr_paid1")
    return payment_id


def test_a_payment_can_be_looked_up(shim: Caller, payment_id: str) -> None:
    answer = shim.get(f"/v1/payments/{payment_id}")

    assert answer.status_code == 200
    data = json_of(answer)["data"]
    assert (data["type"], data["payment_id"], data["status"]) == ("existing", payment_id, "reserved")


def test_an_id_in_capitals_is_the_same_id(shim: Caller, payment_id: str) -> None:
    assert shim.get(f"/v1/payments/{payment_id.upper()}").status_code == 200


@pytest.mark.parametrize("unknown", [UNKNOWN_PAYMENT, "1", "x" * 500, "%00", "tr_WDqYK6vllg"])
def test_an_unknown_payment_is_not_found(shim: Caller, unknown: str) -> None:
    assert_problem(shim.get(f"/v1/payments/{unknown}"), 404, "payment-not-found")
    assert_problem(shim.post(f"/v1/payments/{unknown}/bind"), 404, "payment-not-found")
    assert_problem(shim.post(f"/v1/payments/{unknown}/release"), 404, "payment-not-found")
    confirm = {"transaction_id": "tr_1"}
    assert_problem(shim.post(f"/v1/payments/{unknown}/confirm", confirm), 404, "payment-not-found")


def test_binding_names_the_transaction(shim: Caller, payment_id: str) -> None:
    answer = shim.post(
        f"/v1/payments/{payment_id}/bind", {"transaction_id": "tr_1", "checkout_url": "https://mollie.example/1"}
    )

    assert answer.status_code == 200
    data = json_of(answer)["data"]
    assert (data["status"], data["transaction_id"], data["action"]) == ("open", "tr_1", "resume")
    assert data["checkout_url"] == "https://mollie.example/1"


def test_binding_without_a_transaction_takes_the_modules_row(shim: Caller, world: World, payment_id: str) -> None:
    world.shop.add_payment(42, "tr_row1")

    answer = shim.send(f"/v1/payments/{payment_id}/bind", b"")

    assert json_of(answer)["data"]["transaction_id"] == "tr_row1"


def test_binding_to_another_transaction_is_a_conflict(shim: Caller, payment_id: str) -> None:
    shim.post(f"/v1/payments/{payment_id}/bind", {"transaction_id": "tr_1"})

    assert_problem(shim.post(f"/v1/payments/{payment_id}/bind", {"transaction_id": "tr_2"}), 409, "conflict")


@pytest.mark.parametrize("wrong", ["1", "re_1", "tr_", "tr_a b", "tr_" + "a" * 62, "TR_1", "tr_é"])
@pytest.mark.parametrize("action", ["bind", "confirm"])
def test_a_transaction_id_that_is_none_is_invalid(shim: Caller, payment_id: str, action: str, wrong: str) -> None:
    body = assert_problem(
        shim.post(f"/v1/payments/{payment_id}/{action}", {"transaction_id": wrong}), 422, "invalid-request"
    )

    assert body["errors"][0]["field"] == "transaction_id"


def test_a_checkout_url_that_is_none_is_invalid(shim: Caller, payment_id: str) -> None:
    answer = shim.post(f"/v1/payments/{payment_id}/bind", {"transaction_id": "tr_1", "checkout_url": "file:///etc"})

    assert_problem(answer, 422, "invalid-request")


def test_releasing_frees_the_cart(shim: Caller, payment_id: str) -> None:
    answer = shim.post(f"/v1/payments/{payment_id}/release", {"reason": "no answer\nfrom Mollie" + "x" * 400})

    assert answer.status_code == 200
    assert json_of(answer)["data"]["status"] == "released"
    assert shim.pay("key-2").status_code == 201


def test_releasing_needs_no_reason(shim: Caller, payment_id: str) -> None:
    assert shim.send(f"/v1/payments/{payment_id}/release", b"").status_code == 200


def test_a_reason_that_is_no_text_is_malformed(shim: Caller, payment_id: str) -> None:
    assert_problem(shim.post(f"/v1/payments/{payment_id}/release", {"reason": 5}), 400, "malformed-request")


def test_confirming_settles_the_cart_and_a_second_time_says_so(shim: Caller, world: World, paid_id: str) -> None:
    first = shim.post(f"/v1/payments/{paid_id}/confirm", {"transaction_id": "tr_paid1"})
    second = shim.post(f"/v1/payments/{paid_id}/confirm", {"transaction_id": "tr_paid1"})

    (order,) = world.shop.orders_of(42)
    assert first.status_code == 200, first.text
    data = json_of(first)["data"]
    assert (data["type"], data["status"], data["has_order"]) == ("new", "paid", True)
    assert (data["order_id"], data["order_reference"]) == (order.order_id, order.reference)
    assert (data["invoice_number"], data["mismatches"]) == (order.order_id, [])
    assert second.status_code == 409
    assert json_of(second)["data"]["type"] == "existing"


def test_confirming_what_is_not_paid_is_a_conflict_that_says_how_it_stands(
    shim: Caller, world: World, payment_id: str
) -> None:
    world.mollie.add("tr_open1")

    answer = shim.post(f"/v1/payments/{payment_id}/confirm", {"transaction_id": "tr_open1"})

    assert answer.status_code == 409
    assert json_of(answer)["message"] == "Not confirmed: Mollie says open"


def test_confirming_needs_the_transaction(shim: Caller, payment_id: str) -> None:
    assert_problem(shim.post(f"/v1/payments/{payment_id}/confirm"), 400, "malformed-request")


def test_a_refund_is_made_once_for_each_key(admin: Caller, world: World, paid_id: str) -> None:
    body = {"amount": "5.00", "reason": "broken cup", "idempotency_key": "refund-1"}

    first = admin.post(f"/v1/payments/{paid_id}/refund", body)
    second = admin.post(f"/v1/payments/{paid_id}/refund", body)

    assert first.status_code == 201, first.text
    data = json_of(first)["data"]
    assert (data["type"], data["amount"], data["currency"], data["status"]) == ("new", "5.00", "EUR", "refunded")
    assert (data["payment_id"], data["transaction_id"]) == (paid_id, "tr_paid1")
    assert second.status_code == 409
    assert json_of(second)["data"] == {**data, "type": "existing"}
    assert len(world.mollie.requests_of("create_refund")) == 1


def test_a_refund_without_amount_gives_all_back(admin: Caller, paid_id: str) -> None:
    answer = admin.post(f"/v1/payments/{paid_id}/refund", {"reason": "r", "idempotency_key": "k"})

    assert json_of(answer)["data"]["amount"] == "14.40"


def test_the_refunds_key_may_be_a_header(admin: Caller, paid_id: str) -> None:
    answer = admin.post(f"/v1/payments/{paid_id}/refund", {"reason": "r"}, headers={"Idempotency-Key": "k"})

    assert answer.status_code == 201


def test_a_refund_needs_a_key(admin: Caller, paid_id: str) -> None:
    assert_problem(admin.post(f"/v1/payments/{paid_id}/refund", {"reason": "r"}), 400, "idempotency-key-missing")


@pytest.mark.parametrize("amount", ["0", "-5", "five", ""])
def test_a_refund_of_no_amount_is_invalid(admin: Caller, paid_id: str, amount: str) -> None:
    body = {"reason": "r", "idempotency_key": "k", "amount": amount}

    assert_problem(admin.post(f"/v1/payments/{paid_id}/refund", body), 422, "invalid-request")


@pytest.mark.parametrize("reason", ["", "r" * 256, "a\nb"])
def test_a_refunds_reason_is_a_line_of_text(admin: Caller, paid_id: str, reason: str) -> None:
    body = {"reason": reason, "idempotency_key": "k"}

    assert_problem(admin.post(f"/v1/payments/{paid_id}/refund", body), 422, "invalid-request")


def test_a_refund_of_more_than_is_left_is_invalid(admin: Caller, paid_id: str) -> None:
    body = {"reason": "r", "idempotency_key": "k", "amount": "14.41"}

    problem = assert_problem(admin.post(f"/v1/payments/{paid_id}/refund", body), 422, "invalid-request")

    assert "14.40 EUR is left" in problem["detail"]


def test_a_refunds_key_with_another_amount_is_refused(admin: Caller, paid_id: str) -> None:
    body = {"reason": "r", "idempotency_key": "k", "amount": "1.00"}
    admin.post(f"/v1/payments/{paid_id}/refund", body)

    assert_problem(admin.post(f"/v1/payments/{paid_id}/refund", body | {"amount": "2.00"}), 422, "key-reused")


def test_a_refund_that_mollie_refuses_says_why(admin: Caller, world: World, paid_id: str) -> None:
    world.mollie.fail("create_refund", MollieRefused("Not enough balance", status=422))

    body = {"reason": "r", "idempotency_key": "k"}
    problem = assert_problem(admin.post(f"/v1/payments/{paid_id}/refund", body), 422, "mollie-refused")

    assert problem["detail"] == "Not enough balance"


def test_a_payment_without_money_can_not_be_refunded(admin: Caller, payment_id: str) -> None:
    body = {"reason": "r", "idempotency_key": "k"}

    assert_problem(admin.post(f"/v1/payments/{payment_id}/refund", body), 422, "invalid-request")
