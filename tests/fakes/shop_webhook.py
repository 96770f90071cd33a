"""The shop's webhook in memory: it answers by script, or as the Mollie module would."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from bridge.domain.cart import CartRef
from bridge.domain.observed import PaymentStatus
from bridge.ports.shop import ShopAnswer
from tests.fakes.mollie import FakeMollie
from tests.fakes.shop import FakeShop

OK = ShopAnswer(status=200, body="OK")


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookCall:
    """One call, as it was made."""

    cart: CartRef
    transaction_id: str
    webhook_url: str
    timeout: float


Work = Callable[[WebhookCall], ShopAnswer | None]


class FakeShopWebhook:
    """Implements `ShopWebhook`.

    Each call takes the next item of `script` (an answer, or an error to raise); with the script at its end `work` is
    called, where there is one; what remains is a plain 200 that does nothing.
    """

    def __init__(self, work: Work | None = None, script: list[ShopAnswer | Exception] | None = None) -> None:
        self.work = work
        self.script = script or []
        self.calls: list[WebhookCall] = []
        self._mutex = threading.Lock()

    def deliver(
        self, cart: CartRef, transaction_id: str, webhook_url: str, *, timeout: float, until: datetime
    ) -> ShopAnswer:
        call = WebhookCall(cart=cart, transaction_id=transaction_id, webhook_url=webhook_url, timeout=timeout)
        with self._mutex:
            self.calls.append(call)
            scripted = self.script.pop(0) if self.script else None
        if isinstance(scripted, Exception):
            raise scripted
        if scripted is not None:
            return scripted
        return (self.work(call) if self.work else None) or OK


def mollie_module(shop: FakeShop, mollie: FakeMollie) -> Work:
    """The official module's work: the first money makes the order, later money is absorbed, the rest is ignored.

    Nothing is locked, as in the module: two calls at once may make two orders.
    """

    def work(call: WebhookCall) -> ShopAnswer:
        payment = mollie.payments.get(call.transaction_id)
        if payment is None:
            return ShopAnswer(status=400, body="API error")
        if payment.status not in (PaymentStatus.PAID, PaymentStatus.AUTHORIZED):
            return OK
        if shop.find_payment(call.transaction_id) is None:
            shop.add_payment(call.cart, call.transaction_id)
        if orders := shop.orders_of(call.cart):
            shop.set_payment(call.transaction_id, bank_status=payment.status, order_id=orders[0].order_id)
            return OK
        money = payment.money
        paid = payment.status is PaymentStatus.PAID
        shop.add_order(
            call.cart,
            Decimal(money.value),
            currency=money.currency,
            paid_by=call.transaction_id if paid else None,
            paid=paid,
        )
        if not paid:
            order = shop.orders_of(call.cart)[0]
            shop.set_payment(call.transaction_id, bank_status=payment.status, order_id=order.order_id)
        return OK

    return work
