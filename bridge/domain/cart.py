"""The cart: what a shopper may pay once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class CartRef:
    """A cart by its shop and its number in that shop's database.

    PrestaShop numbers carts per database, over all shops of a multishop.
    """

    shop_id: int
    cart_id: int

    @property
    def lock_key(self) -> str:
        """The key that every contender for this cart locks, PHP and Python alike.

        The shop is not part of it: `ps_cart.id_cart` is the primary key of one table for all shops.
        """
        return f"webhook-cart-{self.cart_id}"

    def __str__(self) -> str:
        return f"cart {self.cart_id} of shop {self.shop_id}"


class OrderPhase(StrEnum):
    """How far the shop is with the cart's order: a recovery point, written before and after the shop works."""

    NONE = "none"
    STARTED = "started"
    DONE = "done"


@dataclass(frozen=True, slots=True, kw_only=True)
class CartLease:
    """A lease as the cart's row shows it: who may work on the cart, since when and until when."""

    token: str
    purpose: str
    holder: str
    taken_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CartState:
    """The bridge's row of one cart: the row that is locked while anything about the cart is decided.

    `fence` is raised whenever a lease on the cart is taken; `version` counts the writes. A cart that the bridge has
    not seen yet is version 0.
    """

    cart: CartRef
    fence: int = 0
    live_attempt_id: str | None = None
    settled_transaction_id: str | None = None
    order_phase: OrderPhase = OrderPhase.NONE
    lease: CartLease | None = None
    version: int = 0
