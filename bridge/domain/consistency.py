"""Verifying what the shop wrote for a settled cart: a 200 from the module proves nothing."""

from __future__ import annotations

from decimal import Decimal

from bridge.domain.errors import InvalidMoney
from bridge.domain.money import Money
from bridge.domain.observed import ObservedPayment, PaymentStatus
from bridge.domain.shop import OrderRecord, ShopPayment


def find_mismatches(observed: ObservedPayment, record: OrderRecord | None, row: ShopPayment | None) -> tuple[str, ...]:
    """What does not fit between a paid or authorised payment and the shop's order; empty when all is well.

    | looked at | must be |
    |---|---|
    | order | there, under one reference |
    | order total and currency | what the payment says |
    | payment row of the module | there, paid or authorised, linked to the order |
    | order payment | once the order counts as paid: the transaction is there with its amount |
    | invoice | there when the order's state asks for one |
    """
    if record is None:
        return ("no order for the cart",)
    faults = [*_order_faults(observed.money, record), *_row_faults(record, row)]
    if record.counts_as_paid and observed.status is PaymentStatus.PAID:
        faults += _payment_faults(observed, record)
    if record.expects_invoice and not record.invoice_numbers:
        faults.append("the order's state asks for an invoice and there is none")
    return tuple(faults)


def amount_faults(observed: ObservedPayment, record: OrderRecord) -> tuple[str, ...]:
    """What does not fit in the order's references, amount and currency alone."""
    return tuple(_order_faults(observed.money, record))


def _order_faults(money: Money, record: OrderRecord) -> list[str]:
    faults = []
    if len(record.view.references) > 1:
        faults.append(f"several order references for one cart: {', '.join(record.view.references)}")
    if record.currency != money.currency:
        faults.append(f"order in {record.currency or 'no known currency'}, payment in {money.currency}")
    elif not _is(record.total, money):
        faults.append(f"order of {_shown(record.total, money)}, payment of {money}")
    return faults


def _row_faults(record: OrderRecord, row: ShopPayment | None) -> list[str]:
    if row is None:
        return ["the module has no row for the payment"]
    faults = []
    if not row.says_paid:
        faults.append(f"the module's row says {row.bank_status!r}")
    if row.order_id not in {order.order_id for order in record.view.orders}:
        faults.append(f"the module's row is linked to order {row.order_id}, which is not the cart's")
    return faults


def _payment_faults(observed: ObservedPayment, record: OrderRecord) -> list[str]:
    paid = record.paid_by.get(observed.transaction_id)
    if paid is None:
        return [f"the order has no payment of transaction {observed.transaction_id}"]
    if record.currency == observed.money.currency and not _is(paid, observed.money):
        return [f"the order's payment is {paid.quantize(Decimal('0.01'))}, Mollie took {observed.money}"]
    return []


def _is(amount: Decimal, money: Money) -> bool:
    """Whether the shop's amount, of the same currency, is the money. What can be no money (below zero) is not."""
    try:
        return Money.round_shop(amount, money.currency) == money
    except InvalidMoney:
        return False


def _shown(amount: Decimal, money: Money) -> str:
    try:
        return str(Money.round_shop(amount, money.currency))
    except InvalidMoney:
        return f"{amount} {money.currency}"
