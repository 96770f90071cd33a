"""What was taken for a cart and what was owed: Mollie's answer beside the shop's orders."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from bridge.demo.storefront.database import Row
from bridge.demo.storefront.module_api import ApiFailed
from bridge.demo.storefront.shop import ToyShop
from bridge.demo.storefront.workshop import NoApiKey

_TAKEN: Final = frozenset({"paid", "authorized"})


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentLine:
    """One payment of the cart. `status` is Mollie's, `unknown` when it does not answer; `shop_status` the module's."""

    transaction_id: str
    method: str
    amount: Decimal
    refunded: Decimal
    status: str
    shop_status: str
    checkout_url: str | None

    @property
    def taken(self) -> Decimal:
        """What of it stays with the merchant."""
        return self.amount - self.refunded if self.status in _TAKEN else Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class CartBalance:
    """A cart's money. `owed` is what the cart's first order costs, or the cart while there is none."""

    cart_id: int
    currency: str
    owed: Decimal
    payments: tuple[PaymentLine, ...]
    orders: tuple[Row, ...]

    @property
    def taken(self) -> Decimal:
        """All that stays with the merchant."""
        return sum((payment.taken for payment in self.payments), Decimal(0))

    @property
    def surplus(self) -> Decimal:
        """What was taken too much."""
        return max(Decimal(0), self.taken - self.owed)

    @property
    def references(self) -> tuple[str, ...]:
        """The order references: more than one is a duplicate order."""
        return tuple(dict.fromkeys(str(order["reference"]) for order in self.orders))

    @property
    def is_clean(self) -> bool:
        """Whether nobody paid too much and no order is there twice."""
        return self.surplus == 0 and len(self.references) <= 1


def balance_of(shop: ToyShop, cart_id: int) -> CartBalance:
    """Ask the shop and Mollie about a cart. Raises `NoSuchCart`."""
    cart = shop.get_cart(cart_id)
    orders = tuple(shop.orders_of(cart_id))
    first = [order for order in orders if order["reference"] == orders[0]["reference"]]
    return CartBalance(
        cart_id=cart_id,
        currency=cart.currency,
        owed=sum((order["total_paid_tax_incl"] for order in first), Decimal(0)) if first else cart.total,
        payments=tuple(_line(shop, row) for row in shop.payments_of(cart_id)),
        orders=orders,
    )


def _line(shop: ToyShop, row: Row) -> PaymentLine:
    payment = _asked(shop, row["transaction_id"])
    return PaymentLine(
        transaction_id=row["transaction_id"],
        method=row["method"],
        amount=_value(payment, "amount"),
        refunded=_value(payment, "amountRefunded"),
        status=str(payment.get("status", "unknown")),
        shop_status=row["bank_status"],
        checkout_url=payment.get("_links", {}).get("checkout", {}).get("href"),
    )


def _asked(shop: ToyShop, transaction_id: str) -> dict[str, Any]:
    try:
        return shop.api().get_payment(transaction_id)
    except (ApiFailed, NoApiKey):
        return {}


def _value(payment: dict[str, Any], field: str) -> Decimal:
    return Decimal((payment.get(field) or {}).get("value", "0"))
