"""Questions about a cart."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.fakes.services import World
from tests.web.caller import Caller, assert_problem, json_of

ROUTES = [("GET", "payment"), ("GET", "can-pay"), ("POST", "expire"), ("POST", "settle"), ("GET", "audit")]


@pytest.mark.parametrize(("method", "name"), ROUTES)
@pytest.mark.parametrize("path", ["43", "42?shop_id=2"])
def test_an_unknown_cart_is_not_found(admin: Caller, method: str, name: str, path: str) -> None:
    number, _, query = path.partition("?")
    url = f"/v1/carts/{number}/{name}?{query}"

    assert_problem(admin.get(url) if method == "GET" else admin.post(url), 404, "cart-not-found")


@pytest.mark.parametrize(("method", "name"), ROUTES)
@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("0/{}", 422),
        ("4294967296/{}", 422),
        ("42/{}?shop_id=0", 422),
        ("42/{}?shop_id=x", 400),
        ("42/{}?telephone=1", 400),
    ],
)
def test_a_number_that_is_none_is_refused(admin: Caller, method: str, name: str, path: str, status: int) -> None:
    url = "/v1/carts/" + path.format(name)

    answer = admin.get(url) if method == "GET" else admin.post(url)

    assert_problem(answer, status, "malformed-request" if status == 400 else "invalid-request")


def test_the_carts_payment_is_found_with_and_without_its_shop(shim: Caller) -> None:
    payment_id = shim.paid()["payment_id"]

    for path in ("/v1/carts/42/payment", "/v1/carts/42/payment?shop_id=1"):
        assert json_of(shim.get(path))["data"]["payment_id"] == payment_id


def test_a_cart_without_payment_says_so(shim: Caller) -> None:
    assert_problem(shim.get("/v1/carts/42/payment"), 404, "payment-not-found")


def test_a_fresh_cart_can_be_paid(shim: Caller) -> None:
    answer = shim.get("/v1/carts/42/can-pay")

    assert answer.status_code == 200
    assert json_of(answer)["data"] == {"allowed": True, "payment": None}


def test_an_open_payment_stands_in_the_way_unless_the_amount_is_another(shim: Caller, world: World) -> None:
    world.mollie.add("tr_1")
    shim.post(f"/v1/payments/{shim.paid()['payment_id']}/bind", {"transaction_id": "tr_1"})

    same = json_of(shim.get("/v1/carts/42/can-pay?amount=14.40&currency=EUR"))["data"]
    other = json_of(shim.get("/v1/carts/42/can-pay?shop_id=1&amount=28.80&currency=EUR"))["data"]

    assert (same["allowed"], same["payment"]["action"], same["payment"]["transaction_id"]) == (False, "resume", "tr_1")
    assert other == {"allowed": True, "payment": None}


@pytest.mark.parametrize("query", ["amount=14.40", "currency=EUR", "amount=0&currency=EUR", "amount=1&currency=eur"])
def test_an_amount_that_can_not_be_meant_is_invalid(shim: Caller, query: str) -> None:
    assert_problem(shim.get(f"/v1/carts/42/can-pay?{query}"), 422, "invalid-request")


def test_an_unknown_currency_is_invalid(shim: Caller) -> None:
    assert_problem(shim.get("/v1/carts/42/can-pay?amount=1.00&currency=XXX"), 422, "invalid-money")


def test_expiring_ends_reservations_that_nothing_came_of(shim: Caller, world: World) -> None:
    payment_id = shim.paid()["payment_id"]
    assert json_of(shim.post("/v1/carts/42/expire"))["data"] == {"ended": []}

    world.clock.advance(timedelta(minutes=2))

    assert json_of(shim.post("/v1/carts/42/expire")) == {"data": {"ended": [payment_id]}, "message": "1 payment ended"}


def test_the_shopper_who_is_back_gets_his_order(shim: Caller, world: World) -> None:
    world.mollie.add("tr_1")
    shim.post(f"/v1/payments/{shim.paid()['payment_id']}/bind", {"transaction_id": "tr_1"})
    assert json_of(shim.post("/v1/carts/42/settle"))["data"] == {"has_order": False}

    world.mollie.pay("tr_1")

    assert json_of(shim.post("/v1/carts/42/settle"))["data"] == {"has_order": True}
    assert len(world.shop.orders_of(42)) == 1


def test_the_audit_trail_tells_what_was_decided(admin: Caller) -> None:
    payment_id = admin.paid()["payment_id"]
    admin.pay("key-2")

    entries = json_of(admin.get("/v1/carts/42/audit"))["data"]["entries"]

    assert [entry["event"] for entry in entries] == ["initiation.decided", "initiation.decided"]
    assert entries[0] == {
        "at": "2026-03-01T12:00:00Z",
        "event": "initiation.decided",
        "payment_id": payment_id,
        "transaction_id": None,
        "detail": {"decision": "Proceed", "amount": "14.40 EUR"},
    }


def test_the_audit_trail_can_be_cut(admin: Caller) -> None:
    admin.pay()
    admin.pay("key-2")

    assert json_of(admin.get("/v1/carts/42/audit?limit=1"))["message"] == "1 entry"
    assert_problem(admin.get("/v1/carts/42/audit?limit=1001"), 422, "invalid-request")


def test_a_shop_that_is_down_is_told_as_such(shim: Caller, world: World) -> None:
    world.shop.down = True

    assert_problem(shim.get("/v1/carts/42/payment"), 503, "store-down")
