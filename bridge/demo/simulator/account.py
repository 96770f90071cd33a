"""What a merchant can ask of Mollie: payments and refunds, in memory."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from bridge.demo.simulator.amounts import parse_amount
from bridge.demo.simulator.books import Books, new_id
from bridge.demo.simulator.clock import ShiftableClock
from bridge.demo.simulator.errors import ApiError
from bridge.demo.simulator.records import OrderStatus, Payment, PaymentStatus, Refund, RefundStatus
from bridge.demo.simulator.refunds import check_refund
from bridge.demo.simulator.validation import (
    CANCELABLE_METHODS,
    MINUTES_PAYABLE,
    MINUTES_PAYABLE_WITHOUT_METHOD,
    NewPayment,
    read_metadata,
    read_new_payment,
    read_url,
    require_object,
)
from bridge.demo.simulator.webhooks import Webhooks
from bridge.ports.clock import Clock

# What Mollie calls the webhook for; open and pending are not news.
ANNOUNCED = frozenset(PaymentStatus) - {PaymentStatus.OPEN, PaymentStatus.PENDING}


class Account:
    """The books and the rules of the API. Every method may be called from any thread.

    `refund_allowance` and the two webhook settings are explained at `MollieSimulator`.
    """

    def __init__(
        self, *, clock: Clock | None, webhook_time_scale: float, webhook_timeout: float, refund_allowance: int
    ) -> None:
        self.clock: Clock = clock or ShiftableClock()
        self.refund_allowance = refund_allowance
        self.books = Books()
        self.webhooks = Webhooks(
            now=self.clock.now, find_url=self.webhook_url_of, scale=webhook_time_scale, timeout=webhook_timeout
        )

    def create_payment(self, body: Any, *, mode: str = "test", order_id: str | None = None) -> Payment:
        """A new open payment from the body of `POST /v2/payments`; raises ApiError."""
        wanted = read_new_payment(body)
        with self.books.lock:
            payment = self._open(wanted, self.clock.now(), mode, order_id)
            self.books.add_payment(payment)
        return payment

    def payment(self, payment_id: str) -> Payment:
        """The payment as it is now (its time may have run out); raises ApiError 404."""
        self.expire_due()
        with self.books.lock:
            return self.books.payment(payment_id)

    def payments(self) -> list[Payment]:
        """All payments, oldest first."""
        self.expire_due()
        with self.books.lock:
            return list(self.books.payments.values())

    def update_payment(self, payment_id: str, body: Any) -> Payment:
        """Change what `PATCH` may change: description, metadata and the URLs."""
        given = require_object(body)
        changes: dict[str, Any] = {}
        if isinstance(given.get("description"), str) and given["description"]:
            changes["description"] = given["description"][:255]
        if "metadata" in given:
            changes["metadata"] = read_metadata(given["metadata"])
        for name, key in (("redirectUrl", "redirect_url"), ("cancelUrl", "cancel_url"), ("webhookUrl", "webhook_url")):
            if name in given:
                changes[key] = read_url(given[name], name)
        with self.books.lock:
            return self._put(replace(self.books.payment(payment_id), **changes))

    def cancel_by_api(self, payment_id: str) -> Payment:
        """`DELETE`: canceled when Mollie allows it for the method and it is still open, else 422."""
        self.expire_due()
        with self.books.lock:
            payment = self.books.payment(payment_id)
            if not (payment.payable and payment.cancelable):
                raise ApiError(422, "The payment cannot be canceled")
            return self.move(payment, PaymentStatus.CANCELED)

    def release_authorization(self, payment_id: str) -> Payment:
        """Give reserved money back; 422 unless authorized."""
        with self.books.lock:
            payment = self.books.payment(payment_id)
            if payment.status is not PaymentStatus.AUTHORIZED:
                raise ApiError(422, "The payment is not authorized")
            return self.move(payment, PaymentStatus.CANCELED)

    def create_refund(self, payment_id: str, body: Any) -> Refund:
        """A queued refund from the body of `POST .../refunds`; raises ApiError (see `check_refund`)."""
        given = require_object(body)
        now = self.clock.now()
        with self.books.lock:
            payment = self.books.payment(payment_id)
            amount = parse_amount(given.get("amount"))
            check_refund(payment, self.books.refunds_of(payment_id), amount, now, self.refund_allowance)
            refund = Refund(
                id=new_id("re"),
                payment_id=payment_id,
                amount=amount,
                description=str(given.get("description") or "")[:140],
                metadata=read_metadata(given.get("metadata")),
                created_at=now,
            )
            self.books.refunds[refund.id] = refund
            self._recount(payment)
        self._announce(payment)
        return refund

    def move_refund(self, refund_id: str, status: RefundStatus) -> Refund:
        """Let a refund reach `status` (pending, refunded, failed; canceled only while it is queued)."""
        with self.books.lock:
            refund = self.books.refund(refund_id)
            if status is RefundStatus.CANCELED and refund.status is not RefundStatus.QUEUED:
                raise ApiError(422, "The refund can no longer be canceled")
            refund = self.books.refunds[refund_id] = replace(refund, status=status)
            payment = self._recount(self.books.payment(refund.payment_id))
        if status is not RefundStatus.PENDING:
            self._announce(payment)
        return refund

    def expire_due(self) -> None:
        """Expire every open payment whose time is up; each reading does this first."""
        now = self.clock.now()
        with self.books.lock:
            for payment in self.books.take_due(now):
                self.move(payment, PaymentStatus.EXPIRED)

    def webhook_url_of(self, transaction_id: str) -> str | None:
        """Where calls about a payment or an order go; None for nowhere or when it is unknown."""
        with self.books.lock:
            if transaction_id in self.books.orders:
                url = self.books.orders[transaction_id].body.get("webhookUrl")
                return str(url) if url else None
            payment = self.books.payments.get(transaction_id)
            return payment.webhook_url if payment else None

    def _open(self, wanted: NewPayment, now: datetime, mode: str, order_id: str | None) -> Payment:
        minutes = MINUTES_PAYABLE[wanted.method] if wanted.method else MINUTES_PAYABLE_WITHOUT_METHOD
        return Payment(
            id=new_id("tr"),
            mode=mode,
            created_at=now,
            expires_at=now + timedelta(minutes=minutes),
            amount=wanted.amount,
            description=wanted.description,
            method=wanted.method,
            redirect_url=wanted.redirect_url,
            cancel_url=wanted.cancel_url,
            webhook_url=wanted.webhook_url,
            locale=wanted.locale,
            sequence_type=wanted.sequence_type,
            metadata=wanted.metadata,
            cancelable=wanted.method in CANCELABLE_METHODS,
            order_id=order_id,
        )

    def _put(self, payment: Payment) -> Payment:
        self.books.payments[payment.id] = payment
        return payment

    def _recount(self, payment: Payment) -> Payment:
        total = sum(each.amount.minor for each in self.books.refunds_of(payment.id) if each.counts)
        return self._put(replace(payment, refunded=total))

    def move(self, payment: Payment, status: PaymentStatus) -> Payment:
        """Let a payment reach `status`, and tell the shop if that is news. Hold the books' lock."""
        moved = self._put(payment.moved(status, self.clock.now()))
        order = self.books.orders.get(moved.order_id or "")
        if order is not None and status in (PaymentStatus.PAID, PaymentStatus.AUTHORIZED):
            self.books.orders[order.id] = order.moved(OrderStatus(status.value), self.clock.now())
        if status in ANNOUNCED:
            self._announce(moved)
        return moved

    def _announce(self, payment: Payment) -> None:
        self.webhooks.announce(payment.id)
        if payment.order_id is not None and payment.status in (PaymentStatus.PAID, PaymentStatus.AUTHORIZED):
            self.webhooks.announce(payment.order_id)
