"""Mollie in memory: payments as the tests put them there, every request written down, faults on demand."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Literal

from bridge.domain.errors import (
    BridgeError,
    MollieDuplicateRefund,
    MollieRefused,
    MollieUnauthorized,
    UnknownStatus,
)
from bridge.domain.money import Money
from bridge.domain.observed import ObservedPayment, PaymentStatus, StrangePayment
from bridge.ports.clock import Clock
from bridge.ports.mollie import NewPayment, ObservedRefund, PaymentPage

Call = Literal[
    "find_payment",
    "create_payment",
    "cancel_payment",
    "create_refund",
    "refunds_of",
    "release_authorization",
    "list_payments",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class MollieRequest:
    """One request, as it was made."""

    call: Call
    transaction_id: str | None = None
    key: str | None = None
    payment: NewPayment | None = None
    money: Money | None = None
    timeout: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fault:
    error: BridgeError
    done: bool


class FakeMollie:
    """Implements `Mollie`.

    `payments` is what exists, by id. `fail(call, error)` makes the next such call raise; with `done=True` it does its
    work first, as when an answer is lost on the way. `before` is called with each request, outside any lock: the place
    for a test to let something else happen in between. `excess` is what Mollie would give back beyond what was paid, in
    minor units: its own `amountRemaining` may exceed it by 25 euros.
    """

    def __init__(self) -> None:
        self.payments: dict[str, ObservedPayment] = {}
        self.refunds: dict[str, list[ObservedRefund]] = defaultdict(list)
        self.requests: list[MollieRequest] = []
        self.before: Callable[[MollieRequest], None] | None = None
        self.excess = 0
        self.strange: dict[str, str] = {}
        """Payments by id whose status Mollie words in a way that is not known."""
        self.keeps_reserved = False
        """Whether a release is taken and not made: Mollie does not promise that it is."""
        self.clock: Clock | None = None
        """With a clock a refund of the same amount is taken for a mistake for an hour only, as Mollie does."""
        self._faults: dict[Call, list[_Fault]] = defaultdict(list)
        self._always: dict[Call, BridgeError] = {}
        self._made: dict[str, tuple[NewPayment, str]] = {}
        self._refunded: dict[str, ObservedRefund] = {}
        self._numbers = 0
        self._mutex = threading.RLock()

    def add(
        self,
        transaction_id: str,
        status: PaymentStatus | str = PaymentStatus.OPEN,
        amount: str = "14.40",
        *,
        currency: str = "EUR",
        cart_id: int | None = 42,
        attempt_id: str | None = None,
        is_cancelable: bool = False,
        webhook_url: str | None = "http://shop.example/module/mollie/webhook?security_token=abc",
    ) -> ObservedPayment:
        """A payment that exists; open ones have a checkout page."""
        payment = ObservedPayment(
            transaction_id=transaction_id,
            status=PaymentStatus(status),
            money=Money.parse(amount, currency),
            cart_id=cart_id,
            attempt_id=attempt_id,
            method="ideal",
            checkout_url=f"https://mollie.example/checkout/{transaction_id}",
            is_cancelable=is_cancelable,
            webhook_url=webhook_url,
        )
        with self._mutex:
            self.payments[transaction_id] = _tidy(payment)
        return self.payments[transaction_id]

    def set(
        self,
        transaction_id: str,
        status: PaymentStatus | str,
        *,
        refunded: int = 0,
        charged_back: int = 0,
        captured: int | None = None,
    ) -> ObservedPayment:
        """Let the payment go on to `status`; amounts given back are minor units."""
        with self._mutex:
            changed = replace(
                self.payments[transaction_id],
                status=PaymentStatus(status),
                refunded_minor=refunded,
                charged_back_minor=charged_back,
                captured_minor=captured,
            )
            self.payments[transaction_id] = _tidy(changed)
            return self.payments[transaction_id]

    def pay(self, transaction_id: str) -> ObservedPayment:
        """The shopper pays."""
        return self.set(transaction_id, PaymentStatus.PAID)

    def fail(self, call: Call, error: BridgeError, *, done: bool = False, times: int = 1) -> None:
        """Make the next `times` such calls raise `error`."""
        self._faults[call] += [_Fault(error=error, done=done)] * times

    def fail_always(self, call: Call, error: BridgeError | None) -> None:
        """Make every such call raise `error` without doing anything, until told None."""
        self._always.pop(call, None)
        if error is not None:
            self._always[call] = error

    def requests_of(self, call: Call) -> list[MollieRequest]:
        """The requests of one kind, oldest first."""
        return [request for request in self.requests if request.call == call]

    def find_payment(self, transaction_id: str, *, timeout: float | None = None) -> ObservedPayment | None:
        with self._asked(MollieRequest(call="find_payment", transaction_id=transaction_id, timeout=timeout)):
            if transaction_id in self.strange:
                raise UnknownStatus("a status that is not known", word=self.strange[transaction_id])
            return self.payments.get(transaction_id)

    def create_payment(self, payment: NewPayment, *, key: str) -> ObservedPayment:
        with self._asked(MollieRequest(call="create_payment", payment=payment, key=key)):
            if key in self._made:
                first, made = self._made[key]
                if first != payment:
                    raise MollieRefused("the idempotency key was used with another payload", status=400)
                return self.payments[made]
            self._numbers += 1
            transaction_id = f"tr_fake{self._numbers:06d}"
            self._made[key] = (payment, transaction_id)
            cart_id, attempt_id = payment.metadata.get("cart_id"), payment.metadata.get("molbridge_attempt")
            created = self.add(
                transaction_id,
                amount=payment.money.value,
                currency=payment.money.currency,
                cart_id=int(cart_id) if cart_id is not None else None,
                attempt_id=str(attempt_id) if attempt_id is not None else None,
                webhook_url=payment.webhook_url,
            )
            self.payments[transaction_id] = replace(created, method=payment.method)
            return self.payments[transaction_id]

    def cancel_payment(self, transaction_id: str, *, timeout: float | None = None) -> bool:
        with self._asked(MollieRequest(call="cancel_payment", transaction_id=transaction_id, timeout=timeout)):
            payment = self.payments.get(transaction_id)
            if payment is None or not payment.is_cancelable or not payment.is_live:
                return False
            self.set(transaction_id, PaymentStatus.CANCELED)
            return True

    def create_refund(self, transaction_id: str, money: Money, *, key: str, description: str) -> ObservedRefund:
        request = MollieRequest(call="create_refund", transaction_id=transaction_id, key=key, money=money)
        with self._asked(request):
            if key in self._refunded:
                return self._refunded[key]
            payment = self.payments.get(transaction_id)
            if payment is None:
                raise MollieRefused("no payment exists with this id", status=404)
            standing = (each for each in self.refunds[transaction_id] if each.status not in ("failed", "canceled"))
            if any(refund.money == money and self._is_recent(refund) for refund in standing):
                raise MollieDuplicateRefund("a duplicate refund has been detected")
            if money.minor > payment.refundable_minor + self.excess:
                raise MollieRefused("the amount is higher than the maximum", status=422, field="amount.value")
            self._numbers += 1
            refund = ObservedRefund(
                refund_id=f"re_fake{self._numbers:06d}",
                status="pending",
                money=money,
                key=key,
                created_at=self.clock.now() if self.clock else None,
            )
            self.refunds[transaction_id].append(refund)
            self._refunded[key] = refund
            self.payments[transaction_id] = replace(payment, refunded_minor=payment.refunded_minor + money.minor)
            return refund

    def _is_recent(self, refund: ObservedRefund) -> bool:
        made_at = refund.created_at
        return self.clock is None or made_at is None or self.clock.now() - made_at < timedelta(hours=1)

    def refunds_of(self, transaction_id: str) -> tuple[ObservedRefund, ...]:
        with self._asked(MollieRequest(call="refunds_of", transaction_id=transaction_id)):
            return tuple(self.refunds[transaction_id])

    def list_payments(self, *, begin: str | None = None, limit: int = 250) -> PaymentPage:
        with self._asked(MollieRequest(call="list_payments", transaction_id=begin)):
            listed = list(reversed([each for each in self.payments.values() if each.transaction_id.startswith("tr_")]))
            ids = [each.transaction_id for each in listed]
            place = ids.index(begin) if begin else 0
            rest = ids[place + limit : place + limit + 1]
            page = listed[place : place + limit]
            return PaymentPage(
                payments=tuple(each for each in page if each.transaction_id not in self.strange),
                next_id=rest[0] if rest else None,
                strange=tuple(self._strange(each) for each in page if each.transaction_id in self.strange),
            )

    def _strange(self, payment: ObservedPayment) -> StrangePayment:
        return StrangePayment(
            transaction_id=payment.order_id or payment.transaction_id,
            word=self.strange[payment.transaction_id],
            money=payment.money,
            cart_id=payment.cart_id,
            created_at=payment.created_at,
        )

    def release_authorization(self, transaction_id: str, *, key: str) -> None:
        with self._asked(MollieRequest(call="release_authorization", transaction_id=transaction_id, key=key)):
            payment = self.payments.get(transaction_id)
            if payment is None or payment.status is not PaymentStatus.AUTHORIZED:
                raise MollieRefused("there is no authorization to release", status=422)
            if not self.keeps_reserved:
                self.set(transaction_id, PaymentStatus.CANCELED)

    @contextmanager
    def _asked(self, request: MollieRequest) -> Iterator[None]:
        with self._mutex:
            self.requests.append(request)
            faults = self._faults[request.call]
            fault = faults.pop(0) if faults else None
            always = self._always.get(request.call)
        if self.before is not None:
            self.before(request)
        if always is not None:
            raise always
        if fault is not None and not fault.done:
            raise fault.error
        with self._mutex:
            yield
        if fault is not None:
            raise fault.error


class FakeMollieAccounts:
    """Implements `MollieAccounts`: one for all shops, or one each by `by_shop`; those in `closed` have no key."""

    def __init__(self, mollie: FakeMollie | None = None, by_shop: dict[int, FakeMollie] | None = None) -> None:
        self.mollie = mollie or FakeMollie()
        self.by_shop = by_shop or {}
        self.closed: set[int] = set()

    def of(self, shop_id: int) -> FakeMollie:
        if shop_id in self.closed:
            raise MollieUnauthorized(f"shop {shop_id} has no Mollie key", has_key=False)
        return self.by_shop.get(shop_id, self.mollie)


def _tidy(payment: ObservedPayment) -> ObservedPayment:
    """Nothing that is over has a checkout page or can be cancelled."""
    if payment.is_live:
        return payment
    return replace(payment, checkout_url=None, is_cancelable=False)
