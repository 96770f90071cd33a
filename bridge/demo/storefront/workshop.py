"""What every part of the toy shop works with: database, orders, payment rows, Mollie's API, addresses, journal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bridge.demo.storefront.carts import Carts
from bridge.demo.storefront.database import ShopDatabase
from bridge.demo.storefront.journal import Event, Happening, Journal
from bridge.demo.storefront.module_api import ModuleApi
from bridge.demo.storefront.module_urls import ModuleUrls
from bridge.demo.storefront.payment_rows import PaymentRows
from bridge.demo.storefront.prestashop import PrestaShop, Stage


class NoApiKey(LookupError):
    """The shop has no key for Mollie."""


@dataclass(frozen=True, kw_only=True)
class Workshop:
    """One web server's tools. `api` raises `NoApiKey`."""

    db: ShopDatabase
    carts: Carts
    orders: PrestaShop
    rows: PaymentRows
    urls: ModuleUrls
    journal: Journal
    api: Callable[[], ModuleApi]
    pause: Callable[[Stage], None]
    temp_dir: Path

    def note_payment(self, cart_id: int, transaction_id: str, amount: str) -> None:
        """Journal a payment that stands open at Mollie."""
        self.note(Happening.PAYMENT_CREATED, cart_id, f"payment {transaction_id} over {amount} created at Mollie")

    def note_order(self, cart_id: int, reference: str) -> None:
        """Journal an order."""
        self.note(Happening.ORDER_CREATED, cart_id, f"order {reference} created")

    def note(self, kind: Happening, cart_id: int, text: str) -> None:
        """Journal anything."""
        self.journal.add(Event(at=self.db.now(), kind=kind, cart_id=cart_id, text=text))
