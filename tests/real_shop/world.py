"""What the shopper does not see: Mollie, simulated, and the shop's orders."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import requests
from sqlalchemy import Engine, text

from tests.real_shop.shopper import TIMEOUT


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """How a webhook was answered."""

    status: int
    retry_after: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """A payment at the simulator."""

    id: str
    cart: int
    status: str
    webhook: str
    back: str


@dataclass(frozen=True, slots=True)
class World:
    """`mollie`: the simulator's address; `engine`, `prefix`: the shop's database, which is only read."""

    mollie: str
    engine: Engine
    prefix: str
    _mollie: requests.Session = field(default_factory=requests.Session)

    def hold_webhooks(self) -> None:
        """From now on nobody but `announce` calls the shop."""
        self._mollie.post(f"{self.mollie}/_sim/webhooks/hold", timeout=TIMEOUT).raise_for_status()

    def payment_at(self, checkout: str) -> Payment:
        """The payment whose page that is."""
        answer = self._mollie.get(f"{self.mollie}/_sim/payments/{checkout.rsplit('/', 1)[-1]}", timeout=TIMEOUT)
        if not answer.ok:
            raise SystemExit(f"The shop sent its shopper to {checkout or 'no page'}: not one of {self.mollie}")
        return _payment(answer.json())

    def payments(self, cart: int) -> list[Payment]:
        """All payments of a cart, oldest first."""
        found = self._mollie.get(f"{self.mollie}/_sim/payments", timeout=TIMEOUT).json()
        return [each for each in map(_payment, found) if each.cart == cart]

    def pay(self, payment: Payment) -> None:
        """The shopper pays at Mollie; nobody is told of it yet."""
        self._mollie.post(f"{self.mollie}/_sim/payments/{payment.id}/pay", timeout=TIMEOUT).raise_for_status()

    def announce(self, payment: Payment, *, times: int = 1) -> list[Answer]:
        """Call the payment's webhook, `times` times at once."""
        with ThreadPoolExecutor(times) as callers:
            return list(callers.map(lambda _: self._call(payment), range(times)))

    def references(self, cart: int) -> list[str]:
        """The references of the orders of a cart, one for each; parts of a split order share theirs."""
        with self.engine.connect() as db:
            found = db.execute(
                text(f"SELECT DISTINCT reference FROM `{self.prefix}orders` WHERE id_cart = :cart"), {"cart": cart}
            )
            return [str(row.reference) for row in found]

    def _call(self, payment: Payment) -> Answer:
        answer = requests.post(payment.webhook, data={"id": payment.id}, timeout=TIMEOUT)
        return Answer(status=answer.status_code, retry_after=answer.headers.get("Retry-After"))


def _payment(found: dict[str, Any]) -> Payment:
    return Payment(
        id=found["id"],
        cart=int((found.get("metadata") or {}).get("cart_id") or 0),
        status=found["status"],
        webhook=found.get("webhookUrl") or "",
        back=found.get("redirectUrl") or "",
    )
