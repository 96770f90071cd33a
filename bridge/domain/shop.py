"""What the shop's own tables say of a cart."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

MOLLIE_MODULE = "mollie"
"""`ps_orders.module` of an order that the official Mollie module made."""

MODULE_PREFIX = "module:"
"""Begins what settled a cart, in place of a transaction, when another payment module made its order."""

PAID_STATUSES = frozenset({"paid", "authorized", "completed", "shipping"})
"""`bank_status` values that the module writes only after Mollie said so. `open` proves nothing."""

ENDED_STATUSES = frozenset({"canceled", "expired", "failed", "refunded"})
"""`bank_status` values of payments that can not be paid any more; the module mostly never stores them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopOrder:
    """One row of `ps_orders`. Several rows with one `reference` are one order, split by carrier or warehouse."""

    order_id: int
    reference: str
    module: str
    total: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopPayment:
    """One row of `<prefix>mollie_payments`; `age` is measured by the database's own clock in its own time zone."""

    transaction_id: str
    cart_id: int
    order_id: int
    method: str
    bank_status: str
    age: timedelta

    @property
    def says_paid(self) -> bool:
        """Whether the module recorded money for it."""
        return self.bank_status in PAID_STATUSES

    @property
    def says_ended(self) -> bool:
        """Whether the module recorded that it can not be paid any more."""
        return self.bank_status in ENDED_STATUSES


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopView:
    """A cart as the shop knows it: its owner, its orders (oldest first), its payment rows (oldest first)."""

    shop_id: int
    customer_id: int
    orders: tuple[ShopOrder, ...] = ()
    payments: tuple[ShopPayment, ...] = ()

    @property
    def references(self) -> tuple[str, ...]:
        """The distinct order references, oldest first. More than one is a duplicate order."""
        return tuple(dict.fromkeys(order.reference for order in self.orders))


@dataclass(frozen=True, slots=True)
class OwnedBy:
    """The order was made for this transaction; `paid` is whether the module recorded money for it."""

    transaction_id: str
    paid: bool = True


@dataclass(frozen=True, slots=True)
class OwnedElsewhere:
    """The order was made by another payment module."""

    module: str


@dataclass(frozen=True, slots=True)
class OwnerUnknown:
    """There is an order of the Mollie module, and its tables do not tell for which transaction."""


OrderOwner = OwnedBy | OwnedElsewhere | OwnerUnknown


def find_order_owner(view: ShopView) -> OrderOwner | None:
    """For which payment the cart's order was made; None when there is no order.

    | orders | payment rows | owner |
    |---|---|---|
    | none | any | None |
    | first one of another module | any | that module |
    | of the Mollie module | a row linked to the order and paid | that transaction (the oldest) |
    | | a row linked to the order (bank transfer: the order comes first) | that transaction |
    | | exactly one row, linked or not | that transaction (the module died between order and row) |
    | | several, none linked | unknown |

    A surplus payment that the module absorbed is linked to the order as well: the oldest paid row is the one that
    made it.
    """
    if not view.orders:
        return None
    first = view.orders[0]
    if first.module != MOLLIE_MODULE:
        return OwnedElsewhere(first.module)
    order_ids = {order.order_id for order in view.orders if order.reference == first.reference}
    linked = [payment for payment in view.payments if payment.order_id in order_ids]
    for candidates in ([p for p in linked if p.says_paid], linked, view.payments if len(view.payments) == 1 else []):
        if candidates:
            return OwnedBy(candidates[0].transaction_id, paid=candidates[0].says_paid)
    return OwnerUnknown()


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRecord:
    """Everything the shop wrote for a cart's order, summed over a split order's rows.

    `paid_by` maps each transaction id in `ps_order_payment` to its amount; `expects_invoice` is whether the current
    order state asks for one.
    """

    view: ShopView
    total: Decimal
    currency: str
    invoice_numbers: tuple[int, ...]
    expects_invoice: bool
    paid_by: dict[str, Decimal]
    counts_as_paid: bool
    """Whether the order's present state is one that the shop treats as paid (`ps_order_state.paid`)."""
