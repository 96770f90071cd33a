"""The shop's tables outside a cart's transaction: each call in one of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import Connection

from bridge.adapters.ledger.faults import translated
from bridge.adapters.ledger.sessions import Sessions
from bridge.domain.cart import CartRef
from bridge.domain.shop import OrderRecord, ShopPayment, ShopView
from bridge.ports.shop import MollieAccess, Shop

T = TypeVar("T")


class ShopByCall:
    """`bridge.ports.shop.Shop`: takes a connection, asks the reader of the shop on it, gives the connection back."""

    def __init__(self, sessions: Sessions, shop_of: Callable[[Connection], Shop]) -> None:
        self._sessions = sessions
        self._shop_of = shop_of

    def find_view(self, cart: CartRef) -> ShopView | None:
        """The cart's owner, orders and payment rows."""
        return self._read(lambda shop: shop.find_view(cart))

    def find_cart_of(self, transaction_id: str) -> CartRef | None:
        """The cart that the module's payment row names."""
        return self._read(lambda shop: shop.find_cart_of(transaction_id))

    def find_cart(self, cart_id: int) -> CartRef | None:
        """The cart with its shop, by its number."""
        return self._read(lambda shop: shop.find_cart(cart_id))

    def shop_ids(self) -> tuple[int, ...]:
        """The shops of this database."""
        return self._read(lambda shop: shop.shop_ids())

    def find_record(self, cart: CartRef) -> OrderRecord | None:
        """All that was written for the cart's order."""
        return self._read(lambda shop: shop.find_record(cart))

    def find_payment(self, transaction_id: str) -> ShopPayment | None:
        """The module's payment row."""
        return self._read(lambda shop: shop.find_payment(transaction_id))

    def find_mollie_access(self, shop_id: int) -> MollieAccess | None:
        """The Mollie key by the shop's own configuration."""
        return self._read(lambda shop: shop.find_mollie_access(shop_id))

    def correct_payment(self, transaction_id: str, *, bank_status: str, reason: str) -> bool:
        """Write the truth into the module's payment row, and commit."""

        def correct(connection: Connection) -> bool:
            return self._shop_of(connection).correct_payment(transaction_id, bank_status=bank_status, reason=reason)

        with translated():
            return self._sessions.write(correct)

    def _read(self, ask: Callable[[Shop], T]) -> T:
        with translated():
            return self._sessions.read(lambda connection: ask(self._shop_of(connection)))
