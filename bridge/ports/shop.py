"""The shop's own tables, read; and the shop's own webhook, called."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bridge.domain.cart import CartRef
from bridge.domain.shop import OrderRecord, ShopPayment, ShopView


@dataclass(frozen=True, slots=True, kw_only=True)
class MollieAccess:
    """The Mollie key that a shop uses now. Never logged: its repr hides the key."""

    api_key: str
    live: bool

    def __repr__(self) -> str:
        return f"MollieAccess(live={self.live})"


class Shop(Protocol):
    """What the bridge reads of PrestaShop's tables. Raises `StoreDown` when the database can not be asked."""

    def find_view(self, cart: CartRef) -> ShopView | None:
        """The cart's owner, orders and payment rows; None when the shop has no such cart or it is another shop's."""
        ...

    def find_cart_of(self, transaction_id: str) -> CartRef | None:
        """The cart that the module's payment row names."""
        ...

    def find_cart(self, cart_id: int) -> CartRef | None:
        """The cart with its shop, by its number."""
        ...

    def shop_ids(self) -> tuple[int, ...]:
        """The shops of this database (of a multishop), lowest first."""
        ...

    def find_record(self, cart: CartRef) -> OrderRecord | None:
        """All that was written for the cart's order (of its first reference); None when there is none."""
        ...

    def find_payment(self, transaction_id: str) -> ShopPayment | None:
        """The module's payment row."""
        ...

    def find_mollie_access(self, shop_id: int) -> MollieAccess | None:
        """The Mollie key by the shop's own configuration: shop first, then its group, then global."""
        ...

    def correct_payment(self, transaction_id: str, *, bank_status: str, reason: str) -> bool:
        """Write the truth into the module's payment row (the only write to the shop's tables)."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopAnswer:
    """What the shop's webhook answered. `body` is cut to its first 200 characters."""

    status: int
    body: str


class ShopWebhook(Protocol):
    """The shop's own webhook controller, called the way Mollie calls it."""

    def deliver(
        self, cart: CartRef, transaction_id: str, webhook_url: str, *, timeout: float, until: datetime
    ) -> ShopAnswer:
        """POST `id=<transaction>` with the signed header that tells the shim to let it through.

        The header is good until the end of the lease, `until`: a call that a pause held back until then is one like
        any other to the shim, and has to claim the cart.
        Redirects are not followed. Raises `ShopDown` when there is no answer in `timeout` seconds.
        """
        ...
