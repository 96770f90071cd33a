"""Mollie in memory: the merchant's account, and what shoppers and banks do to it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from bridge.demo.simulator.account import Account
from bridge.demo.simulator.amounts import Amount
from bridge.demo.simulator.books import new_id
from bridge.demo.simulator.errors import ApiError
from bridge.demo.simulator.faults import Faults
from bridge.demo.simulator.idempotency import IdempotencyKeys
from bridge.demo.simulator.orders import Orders
from bridge.demo.simulator.records import Chargeback, Payment, PaymentStatus
from bridge.demo.simulator.traffic import Counters, Traffic
from bridge.ports.clock import Clock

LIVE = frozenset({PaymentStatus.OPEN, PaymentStatus.PENDING, PaymentStatus.AUTHORIZED})


class MollieSimulator(Account):
    """One Mollie account. Every method may be called from any thread; none holds the lock while it talks to anybody.

    `webhook_time_scale`: real seconds per second of Mollie's retry schedule (0.05 / 60: a minute in 50 ms).
    `webhook_timeout`: real seconds that a call may take. `api_keys`: the keys accepted; None accepts every `test_...`.
    `refund_allowance`: minor units that may be refunded above a payment's amount and that `amountRemaining` shows too
    (Mollie: up to 2500).
    """

    def __init__(
        self,
        *,
        clock: Clock | None = None,
        webhook_time_scale: float = 1.0,
        webhook_timeout: float = 15.0,
        api_keys: frozenset[str] | None = None,
        refund_allowance: int = 0,
    ) -> None:
        super().__init__(
            clock=clock,
            webhook_time_scale=webhook_time_scale,
            webhook_timeout=webhook_timeout,
            refund_allowance=refund_allowance,
        )
        self.api_keys = api_keys
        self.orders = Orders(self)
        self.faults = Faults()
        self.idempotency = IdempotencyKeys()
        self.traffic = Traffic()

    def pay(self, payment_id: str, *, method: str | None = None, late: bool = False) -> Payment:
        """The money comes in. `late`: also for a canceled, expired or failed payment (bank transfers do that)."""
        self.expire_due()
        with self.books.lock:
            payment = self.books.payment(payment_id)
            if payment.status not in LIVE and not (late and payment.status is not PaymentStatus.PAID):
                raise ApiError(422, f"The payment is {payment.status} and takes no money")
            return self.move(replace(payment, method=method or payment.method or "ideal"), PaymentStatus.PAID)

    def authorize(self, payment_id: str) -> Payment:
        """The money is reserved; `pay` captures it."""
        return self._end(payment_id, PaymentStatus.AUTHORIZED)

    def start(self, payment_id: str) -> Payment:
        """The bank has begun to work on it: pending, and not announced."""
        return self._end(payment_id, PaymentStatus.PENDING)

    def fail(self, payment_id: str) -> Payment:
        """The bank refuses."""
        return self._end(payment_id, PaymentStatus.FAILED)

    def cancel(self, payment_id: str) -> Payment:
        """The shopper gives up, whatever `isCancelable` says."""
        return self._end(payment_id, PaymentStatus.CANCELED)

    def expire(self, payment_id: str) -> Payment:
        """Its time is up, now."""
        return self._end(payment_id, PaymentStatus.EXPIRED)

    def chargeback(self, payment_id: str, amount: Amount | None = None) -> Chargeback:
        """The bank takes a paid payment's money back (all of it by default)."""
        with self.books.lock:
            payment = self.books.payment(payment_id)
            if payment.status is not PaymentStatus.PAID:
                raise ApiError(422, "Only a paid payment can be charged back")
            taken = amount or payment.amount.with_minor(payment.amount.minor - payment.charged_back)
            entry = Chargeback(id=new_id("chb"), payment_id=payment_id, amount=taken, created_at=self.clock.now())
            self.books.chargebacks[entry.id] = entry
            self._put(replace(payment, charged_back=payment.charged_back + taken.minor))
        self._announce(payment)
        return entry

    def set_cancelable(self, payment_id: str, *, cancelable: bool) -> Payment:
        """Override whether the API may cancel the payment."""
        with self.books.lock:
            return self._put(replace(self.books.payment(payment_id), cancelable=cancelable))

    def set_expiry(self, payment_id: str, expires_at: datetime) -> Payment:
        """Override when it stops being payable."""
        with self.books.lock:
            payment = replace(self.books.payment(payment_id), expires_at=expires_at)
            self.books.add_payment(payment)
            return payment

    def counters(self) -> Counters:
        """How much was asked and made since the start or the last `reset`."""
        with self.books.lock:
            return Counters(
                payments=len(self.books.payments),
                refunds=len(self.books.refunds),
                orders=len(self.books.orders),
                idempotency_keys=self.idempotency.distinct,
                requests=len(self.traffic.requests()),
            )

    def reset(self) -> None:
        """Forget everything: records, keys, faults, holds and logs."""
        with self.books.lock:
            self.books.clear()
        self.idempotency.reset()
        self.faults.clear()
        self.traffic.clear()
        self.webhooks.reset()

    def close(self) -> None:
        """Make no more webhook calls and let go of hanging requests."""
        self.faults.clear()
        self.webhooks.close()

    def _end(self, payment_id: str, status: PaymentStatus) -> Payment:
        with self.books.lock:
            payment = self.books.payment(payment_id)
            if payment.status not in LIVE:
                raise ApiError(422, f"The payment is {payment.status} already")
            return self.move(payment, status)
