"""Mollie's JSON as facts: what is read, what is forgiven, what is an error."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from bridge.adapters.mollie.reading import read_order, read_payment, read_refund, settling_payment
from bridge.domain.errors import MollieError
from bridge.domain.observed import PaymentStatus
from bridge.domain.refunding import left_of


def payment(**changes: Any) -> dict[str, Any]:
    sound = {
        "id": "tr_1",
        "status": "open",
        "amount": {"currency": "EUR", "value": "14.40"},
        "metadata": {"cart_id": 42, "order_reference": "mol_1", "secure_key": "k", "molbridge_attempt": "a-1"},
        "method": "ideal",
        "isCancelable": False,
        "expiresAt": "2026-11-21T23:12:33+01:00",
        "webhookUrl": "http://shop.example.test/hook?security_token=1",
        "_links": {"checkout": {"href": "https://mollie.example.test/checkout/1", "type": "text/html"}},
    }
    return {**sound, **changes}


def order(**changes: Any) -> dict[str, Any]:
    return payment(**{"id": "ord_1", "status": "created", **changes})


def with_payments(*payments: dict[str, Any]) -> dict[str, Any]:
    return {"_embedded": {"payments": list(payments)}}


def test_everything_is_read() -> None:
    observed = read_payment(payment())

    assert observed.transaction_id == "tr_1"
    assert observed.status is PaymentStatus.OPEN
    assert str(observed.money) == "14.40 EUR"
    assert (observed.cart_id, observed.attempt_id, observed.method) == (42, "a-1", "ideal")
    assert observed.checkout_url == "https://mollie.example.test/checkout/1"
    assert observed.expires_at == datetime(2026, 11, 21, 22, 12, 33, tzinfo=UTC)
    assert observed.webhook_url == "http://shop.example.test/hook?security_token=1"
    assert not observed.is_cancelable


def test_what_is_missing_is_left_open() -> None:
    observed = read_payment({"id": "tr_1", "status": "paid", "amount": {"currency": "EUR", "value": "14.40"}})

    assert (observed.cart_id, observed.attempt_id, observed.method, observed.checkout_url) == (None, None, None, None)
    assert (observed.refunded_minor, observed.charged_back_minor) == (0, 0)


@pytest.mark.parametrize(
    ("metadata", "cart_id"),
    [
        ({"cart_id": 42}, 42),
        ({"cart_id": "42"}, 42),
        ('{"cart_id": 42}', 42),
        ("cart 42", None),
        ("[42]", None),
        ([{"cart_id": 42}], None),
        (None, None),
        (42, None),
        ({}, None),
        ({"cart_id": None}, None),
        ({"cart_id": True}, None),
        ({"cart_id": 4.2}, None),
        ({"cart_id": "-1"}, None),
        ({"cart_id": 0}, None),
        ({"cart_id": "٤٢"}, None),
        ({"cart_id": "9" * 5000}, None),
        ({"cart_id": {"a": 1}}, None),
        ("[" * 100_000, None),
    ],
)
def test_metadata_may_be_anything(metadata: object, cart_id: int | None) -> None:
    assert read_payment(payment(metadata=metadata)).cart_id == cart_id


def test_a_payment_that_is_over_has_no_page() -> None:
    assert read_payment(payment(status="expired")).checkout_url is None


@pytest.mark.parametrize("links", [None, [], {"checkout": None}, {"checkout": "x"}, {"checkout": {"href": None}}, ...])
def test_without_a_link_there_is_no_page(links: object) -> None:
    assert read_payment(payment(_links=links)).checkout_url is None


@pytest.mark.parametrize("moment", [None, "", "tomorrow", 7, {}])
def test_an_expiry_that_is_no_time_is_left_out(moment: object) -> None:
    assert read_payment(payment(expiresAt=moment)).expires_at is None


def test_what_was_given_back_is_counted() -> None:
    observed = read_payment(
        payment(
            status="paid",
            amountRefunded={"currency": "EUR", "value": "5.00"},
            amountChargedBack={"currency": "EUR", "value": "9.40"},
        )
    )

    assert (observed.refunded_minor, observed.charged_back_minor) == (500, 940)
    assert not observed.money_in


@pytest.mark.req("L8")
@pytest.mark.parametrize(
    ("status", "captured", "refunded", "left"),
    [
        ("paid", "5.00", None, 500),
        ("paid", "5.00", "2.00", 300),
        ("paid", "5.00", "5.00", 0),
        ("paid", "14.40", None, 1440),
        ("paid", "0.00", None, 1440),
        ("paid", "20.00", None, 1440),
        ("paid", "nonsense", None, 1440),
        ("paid", None, None, 1440),
        ("authorized", "5.00", None, 1440),
    ],
)
def test_of_money_that_was_captured_in_part_the_part_can_be_given_back(
    status: str, captured: str | None, refunded: str | None, left: int
) -> None:
    """Nothing captured of what is paid is no word of Mollie's: most payments know no captures."""
    amounts = {
        name: {"currency": "EUR", "value": value} if value else None
        for name, value in (("amountCaptured", captured), ("amountRefunded", refunded))
    }
    observed = read_payment(payment(status=status, **amounts))

    assert observed.refundable_minor == left
    assert observed.money_in is (left > 0)
    assert left_of(observed, ()).minor == left


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "strange"},
        {"status": None},
        {"status": ["paid"]},
        {"id": None},
        {"id": ""},
        {"amount": None},
        {"amount": "14.40"},
        {"amount": {}},
        {"amount": {"currency": "XXX", "value": "14.40"}},
        {"amount": {"currency": "EUR", "value": "14.405"}},
        {"amount": {"currency": "EUR", "value": "-1.00"}},
        {"amount": {"currency": "EUR", "value": "NaN"}},
        {"amountRefunded": {"currency": "USD", "value": "1.00"}},
        {"amountRefunded": "1.00"},
    ],
)
def test_what_makes_no_sense_is_an_error_of_mollies(changes: dict[str, Any]) -> None:
    with pytest.raises(MollieError):
        read_payment(payment(**changes))


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("created", PaymentStatus.OPEN),
        ("pending", PaymentStatus.PENDING),
        ("authorized", PaymentStatus.AUTHORIZED),
        ("shipping", PaymentStatus.AUTHORIZED),
        ("paid", PaymentStatus.PAID),
        ("completed", PaymentStatus.PAID),
        ("canceled", PaymentStatus.CANCELED),
        ("expired", PaymentStatus.EXPIRED),
    ],
)
def test_an_orders_status_as_a_payments(status: str, expected: PaymentStatus) -> None:
    assert read_order(order(status=status)).status is expected


@pytest.mark.parametrize("status", ["strange", None, ["paid"]])
def test_an_orders_status_that_is_not_known(status: object) -> None:
    with pytest.raises(MollieError):
        read_order(order(status=status))


def test_an_order_being_shipped_is_paid_when_its_payment_is() -> None:
    assert read_order(order(status="shipping", **with_payments(payment(status="paid")))).status is PaymentStatus.PAID


def test_an_orders_chargebacks_are_those_of_its_payments() -> None:
    charged = payment(status="paid", amountChargedBack={"currency": "EUR", "value": "14.40"})

    assert read_order(order(status="paid", **with_payments(charged))).charged_back_minor == 1440


def test_an_order_without_a_webhook_of_its_own_has_its_payments() -> None:
    found = read_order(order(webhookUrl=None, **with_payments(payment(webhookUrl="http://shop.example.test/a"))))

    assert found.webhook_url == "http://shop.example.test/a"


def test_the_payment_that_settled_an_order() -> None:
    failed, paid = payment(id="tr_1", status="failed"), payment(id="tr_2", status="paid")

    assert settling_payment(order(**with_payments(failed, paid))) == "tr_2"
    assert settling_payment(order(**with_payments(failed))) is None
    assert settling_payment(order()) is None


def test_a_refund_is_read_with_its_key() -> None:
    refund = read_refund(
        {
            "id": "re_1",
            "status": "queued",
            "amount": {"currency": "EUR", "value": "5.00"},
            "metadata": {"molbridge_key": "k"},
            "createdAt": "2026-03-02T10:00:00+00:00",
        }
    )

    assert (refund.refund_id, refund.status, refund.money.minor, refund.key) == ("re_1", "queued", 500, "k")
    assert refund.created_at == datetime(2026, 3, 2, 10, tzinfo=UTC)


def test_a_refund_that_somebody_else_made_has_no_key() -> None:
    amount = {"currency": "EUR", "value": "5.00"}

    assert read_refund({"id": "re_1", "status": "queued", "amount": amount, "metadata": None}).key is None
