"""The toy shop: one web server of a PrestaShop with the official Mollie module, guarded by nothing.

Two of them over one database, each with its own temporary directory, are two web servers behind a load balancer: their
file locks do not exclude each other.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from decimal import Decimal
from functools import cached_property
from pathlib import Path

from sqlalchemy import Engine

from bridge.demo.storefront.carts import CENT, Cart, Carts
from bridge.demo.storefront.database import Row, ShopDatabase, system_now
from bridge.demo.storefront.failures import ConnectionBroken, Failure, Failures
from bridge.demo.storefront.journal import Happening, Journal
from bridge.demo.storefront.module_api import ModuleApi
from bridge.demo.storefront.module_urls import ModuleUrls, security_token
from bridge.demo.storefront.payment_page import StartedPayment, start_payment
from bridge.demo.storefront.payment_rows import PaymentRows
from bridge.demo.storefront.prestashop import PrestaShop, Stage
from bridge.demo.storefront.webhook import Answer, Webhook
from bridge.demo.storefront.workshop import NoApiKey, Workshop


@dataclass(kw_only=True)
class ToyShop:
    """One web server.

    `mollie_api_url`: Mollie's address without `/v2`. `api_key`: None reads it from the shop's configuration, as the
    module does; "" is a shop without a key. `base_url`: the shop's own address, no trailing slash; it may be set once
    the port is known. `temp_dir`: where PHP's file locks lie. `pause`: seconds between the last check for an order and
    its insert, or what to call at each `Stage`. `zone`: PHP's time zone.
    """

    engine: Engine
    mollie_api_url: str
    temp_dir: Path
    base_url: str = ""
    prefix: str = "ps_"
    api_key: str | None = None
    pause: float | Callable[[Stage], None] = 0.0
    friendly_urls: bool = False
    now: Callable[[], datetime] = system_now
    zone: tzinfo = UTC
    failures: Failures = field(default_factory=Failures)
    journal: Journal = field(default_factory=Journal)

    @cached_property
    def db(self) -> ShopDatabase:
        """The shop's database."""
        return ShopDatabase(engine=self.engine, prefix=self.prefix, now=self.now, zone=self.zone)

    @cached_property
    def carts(self) -> Carts:
        """Customers and carts."""
        return Carts(self.db)

    @cached_property
    def orders(self) -> PrestaShop:
        """Orders."""
        return PrestaShop(self.db, self.carts, self._pause)

    @cached_property
    def rows(self) -> PaymentRows:
        """The module's payment rows."""
        return PaymentRows(self.db)

    @property
    def urls(self) -> ModuleUrls:
        """The shop's addresses."""
        return ModuleUrls(base_url=self.base_url, friendly=self.friendly_urls)

    @property
    def workshop(self) -> Workshop:
        """The tools of one request."""
        return Workshop(
            db=self.db,
            carts=self.carts,
            orders=self.orders,
            rows=self.rows,
            urls=self.urls,
            journal=self.journal,
            api=self.api,
            pause=self._pause,
            temp_dir=self.temp_dir,
        )

    def api(self) -> ModuleApi:
        """Mollie, with the shop's key. Raises `NoApiKey`."""
        live = self.db.setting("MOLLIE_ENVIRONMENT") == "1"
        stored = self.db.setting("MOLLIE_API_KEY" if live else "MOLLIE_API_KEY_TEST")
        key = stored if self.api_key is None else self.api_key
        if not key:
            raise NoApiKey("the shop has no API key for Mollie")
        return ModuleApi(url=self.mollie_api_url, key=key)

    # What shoppers do

    def add_customer(self, first: str = "Test", last: str = "Buyer", email: str = "") -> int:
        """A new customer; his number."""
        return self.carts.add_customer(first, last, email)

    def add_cart(
        self,
        amount: Decimal | str = "14.40",
        products: Mapping[int, int] | None = None,
        *,
        customer_id: int | None = None,
        split: bool = False,
    ) -> int:
        """A new cart; see `Carts.add`. With `split` each line becomes an order of its own, under one reference."""
        return self.carts.add(amount, products, customer_id=customer_id, split=split)

    def change_cart(
        self, cart_id: int, amount: Decimal | str = "28.80", products: Mapping[int, int] | None = None
    ) -> None:
        """Replace what is in the cart."""
        self.carts.change(cart_id, amount, products)

    def get_cart(self, cart_id: int) -> Cart:
        """The cart. Raises `NoSuchCart`."""
        return self.carts.get(cart_id)

    def pay(self, cart_id: int, method: str = "ideal") -> StartedPayment:
        """The pay button, as the module's payment controller answers it; see `start_payment`."""
        return start_payment(self.workshop, cart_id, method)

    # What Mollie does

    def webhook(self, transaction_id: str, token: str) -> Answer:
        """The module's webhook; see `Webhook.answer`. Raises `ConnectionBroken` where a failure says so."""
        failure = self.failures.take(transaction_id)
        match failure:
            case Failure.ANSWER_500 | Failure.ANSWER_409 | Failure.ANSWER_405:
                answer = Answer(status=int(failure.value[-3:]), body={"success": False, "errors": "switched to fail"})
            case Failure.CLOSE:
                raise ConnectionBroken("switched to break before the work")
            case Failure.HANG:
                self.failures.hang()
                answer = Webhook(shop=self.workshop).answer(transaction_id, token)
            case _:
                half_done = failure is Failure.HALF_DONE
                answer = Webhook(shop=self.workshop, half_done=half_done).answer(transaction_id, token)
        self._note_webhook(transaction_id, answer)
        if failure is Failure.CLOSE_AFTER:
            raise ConnectionBroken("switched to break after the work")
        return answer

    def token_of(self, cart_id: int) -> str:
        """The security token in the webhook addresses of the cart."""
        return security_token(self.get_cart(cart_id))

    # What a test or a page looks at

    def total_text(self, cart_id: int) -> str:
        """What the cart costs now, as Mollie writes amounts: `14.40`."""
        return str(self.get_cart(cart_id).total.quantize(CENT))

    def orders_of(self, cart_id: int) -> list[Row]:
        """The rows of `ps_orders` of the cart."""
        return self.orders.orders_of_cart(cart_id)

    def payments_of(self, cart_id: int) -> list[Row]:
        """The rows of `mollie_payments` of the cart."""
        return self.rows.of_cart(cart_id)

    def _note_webhook(self, transaction_id: str, answer: Answer) -> None:
        row = self.rows.find(transaction_id)
        cart_id = int(row["cart_id"] or 0) if row else 0
        text = f"webhook for {transaction_id or 'no payment'} answered {answer.status}"
        self.workshop.note(Happening.WEBHOOK, cart_id, text)

    def _pause(self, stage: Stage) -> None:
        if callable(self.pause):
            self.pause(stage)
        elif stage is Stage.CHECKED and self.pause > 0:
            time.sleep(self.pause)
