"""Verifying what the shop wrote for a settled cart: each thing that may be wrong is named."""

from __future__ import annotations

from decimal import Decimal

import pytest

from bridge.domain.consistency import find_mismatches
from bridge.domain.money import Money
from bridge.domain.observed import ObservedPayment
from bridge.domain.shop import OrderRecord, ShopPayment
from tests.unit.builders import a_record, a_row, an_order, observed

PAID = observed("paid")
AUTHORIZED = observed("authorized")
GOOD_ROW = a_row("tr_own", "paid", order_id=1)


@pytest.mark.parametrize(
    ("payment", "record", "row"),
    [
        pytest.param(PAID, a_record(), GOOD_ROW, id="paid"),
        pytest.param(AUTHORIZED, a_record(paid_by={}), a_row("tr_own", "authorized", order_id=1), id="authorised"),
        pytest.param(PAID, a_record(an_order(1), an_order(2)), a_row("tr_own", "paid", order_id=2), id="split order"),
        pytest.param(PAID, a_record(total="14.404999"), GOOD_ROW, id="the shop's six decimals"),
        pytest.param(PAID, a_record(invoices=(), expects_invoice=False), GOOD_ROW, id="a state without an invoice"),
        pytest.param(PAID, a_record(counts_as_paid=False, paid_by={}), GOOD_ROW, id="not counted as paid yet"),
        pytest.param(PAID, a_record(), a_row("tr_own", "completed", order_id=1), id="the row goes on to completed"),
        pytest.param(
            observed("paid", money=Money.parse("1440", "JPY")),
            a_record(total="1440.000000", currency="JPY"),
            GOOD_ROW,
            id="a currency without decimals",
        ),
    ],
)
@pytest.mark.req("L7")
def test_an_order_that_fits_its_payment_has_no_mismatch(
    payment: ObservedPayment, record: OrderRecord, row: ShopPayment
) -> None:
    assert find_mismatches(payment, record, row) == ()


@pytest.mark.parametrize(
    ("record", "row", "fault"),
    [
        (None, GOOD_ROW, "no order for the cart"),
        (a_record(an_order(1, "A"), an_order(2, "B")), GOOD_ROW, "several order references for one cart: A, B"),
        (a_record(currency="USD", counts_as_paid=False), GOOD_ROW, "order in USD, payment in EUR"),
        (a_record(total="28.80", paid_by={"tr_own": "14.40"}), GOOD_ROW, "order of 28.80 EUR, payment of 14.40 EUR"),
        (a_record(total="14.405", paid_by={"tr_own": "14.40"}), GOOD_ROW, "order of 14.41 EUR, payment of 14.40 EUR"),
        (a_record(), None, "the module has no row for the payment"),
        (a_record(), a_row("tr_own", "open", order_id=1), "the module's row says 'open'"),
        (a_record(), a_row("tr_own", "paid", order_id=0), "linked to order 0, which is not the cart's"),
        (a_record(), a_row("tr_own", "paid", order_id=9), "linked to order 9, which is not the cart's"),
        (a_record(paid_by={}), GOOD_ROW, "the order has no payment of transaction tr_own"),
        (a_record(paid_by={"tr_other": "14.40"}), GOOD_ROW, "the order has no payment of transaction tr_own"),
        (a_record(paid_by={"tr_own": "14.00"}), GOOD_ROW, "the order's payment is 14.00, Mollie took 14.40 EUR"),
        (a_record(invoices=()), GOOD_ROW, "the order's state asks for an invoice and there is none"),
    ],
)
@pytest.mark.req("L7", "P3")
def test_what_does_not_fit_is_named(record: OrderRecord | None, row: ShopPayment | None, fault: str) -> None:
    (found,) = find_mismatches(PAID, record, row)

    assert fault in found


@pytest.mark.parametrize(
    ("record", "fault"),
    [
        (a_record(currency="USD"), "order in USD, payment in EUR"),
        (a_record(currency="TRY"), "order in TRY, payment in EUR"),
        (a_record(currency=""), "order in no known currency, payment in EUR"),
        (a_record(total="-14.40", paid_by={"tr_own": "14.40"}), "order of -14.40 EUR, payment of 14.40 EUR"),
        (a_record(paid_by={"tr_own": "-14.40"}), "the order's payment is -14.40, Mollie took 14.40 EUR"),
    ],
)
@pytest.mark.req("L7")
def test_what_can_be_no_money_at_mollie_is_a_mismatch_and_no_error(record: OrderRecord, fault: str) -> None:
    assert find_mismatches(PAID, record, GOOD_ROW) == (fault,)


def test_everything_that_is_wrong_is_named_at_once() -> None:
    record = a_record(an_order(1, "A"), an_order(2, "B"), total="20", invoices=(), paid_by={})

    assert len(find_mismatches(PAID, record, a_row("tr_own", "open", order_id=0))) == 6


def test_a_split_order_is_compared_by_its_sum() -> None:
    parts = (an_order(1, total="10.00"), an_order(2, total="4.40"))
    record = a_record(*parts, total=str(sum((part.total for part in parts), Decimal())))

    assert find_mismatches(PAID, record, GOOD_ROW) == ()
