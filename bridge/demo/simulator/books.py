"""Everything the simulator remembers, behind its one lock."""

from __future__ import annotations

import heapq
import secrets
import string
import threading
from dataclasses import dataclass, field
from datetime import datetime

from bridge.demo.simulator.errors import not_found
from bridge.demo.simulator.records import Chargeback, Order, Payment, Refund

_ALPHABET = string.ascii_letters + string.digits


def new_id(prefix: str) -> str:
    """An id in Mollie's form, `tr_` and ten letters or digits."""
    return prefix + "_" + "".join(secrets.choice(_ALPHABET) for _ in range(10))


@dataclass(slots=True, kw_only=True)
class Books:
    """The records by id, in the order they were made. Hold `lock` around every read-and-write."""

    lock: threading.RLock = field(default_factory=threading.RLock)
    payments: dict[str, Payment] = field(default_factory=dict)
    refunds: dict[str, Refund] = field(default_factory=dict)
    chargebacks: dict[str, Chargeback] = field(default_factory=dict)
    orders: dict[str, Order] = field(default_factory=dict)
    # When payments run out, the next one first: looking for those due must not cost a walk through all of them.
    expiries: list[tuple[datetime, str]] = field(default_factory=list)

    def add_payment(self, payment: Payment) -> None:
        """Keep a payment that is new or has a new expiry."""
        self.payments[payment.id] = payment
        heapq.heappush(self.expiries, (payment.expires_at, payment.id))

    def take_due(self, now: datetime) -> list[Payment]:
        """The open payments whose time is up at `now`, each handed out once."""
        due: dict[str, Payment] = {}
        while self.expiries and self.expiries[0][0] <= now:
            payment = self.payments[heapq.heappop(self.expiries)[1]]
            if payment.payable and payment.expires_at <= now:
                due[payment.id] = payment
        return list(due.values())

    def payment(self, payment_id: str) -> Payment:
        """The payment, or a 404."""
        try:
            return self.payments[payment_id]
        except KeyError:
            raise not_found("payment", payment_id) from None

    def order(self, order_id: str) -> Order:
        """The order, or a 404."""
        try:
            return self.orders[order_id]
        except KeyError:
            raise not_found("order", order_id) from None

    def refund(self, refund_id: str) -> Refund:
        """The refund, or a 404."""
        try:
            return self.refunds[refund_id]
        except KeyError:
            raise not_found("refund", refund_id) from None

    def refunds_of(self, payment_id: str) -> list[Refund]:
        """The refunds of a payment, oldest first."""
        return [refund for refund in self.refunds.values() if refund.payment_id == payment_id]

    def chargebacks_of(self, payment_id: str) -> list[Chargeback]:
        """The chargebacks of a payment, oldest first."""
        return [each for each in self.chargebacks.values() if each.payment_id == payment_id]

    def clear(self) -> None:
        """Forget everything."""
        for table in (self.payments, self.refunds, self.chargebacks, self.orders):
            table.clear()
        self.expiries.clear()
