"""Refunds: never more than was paid, never doubled, however often and from wherever they are asked for.

| what came of it | refund | a repeat |
|---|---|---|
| Mollie took it | refunded | is answered with the stored refund |
| Mollie refused it | failed | with a new key is a new refund |
| not sent (Mollie down) | queued | sends it under the same Idempotency-Key |
| nobody knows | uncertain | looks at Mollie's list of refunds first, and sends only what is not there |
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

import structlog

from bridge.domain.attempt import AttemptState
from bridge.domain.errors import (
    InvalidRequest,
    KeyReused,
    MollieConflict,
    MollieDuplicateRefund,
    MollieError,
    MollieTimeout,
    PaymentNotFound,
    Unavailable,
)
from bridge.domain.money import Money
from bridge.domain.observed import ObservedPayment, PaymentStatus
from bridge.domain.records import COUNTS_AS_REFUNDED, AuditEntry, Refund, RefundState
from bridge.ports.clock import Clock
from bridge.ports.ledger import CartTransaction, Ledger
from bridge.ports.mollie import Mollie, MollieAccounts
from bridge.services.ids import new_id
from bridge.telemetry import METRICS

log = structlog.get_logger()

NOT_YET_AT_MOLLIE = frozenset({RefundState.QUEUED, RefundState.SENT, RefundState.UNCERTAIN})
"""Refunds that Mollie's `amountRefunded` may not count yet. Counting one twice refuses too much, never too little."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundAnswer:
    """`is_new`: this call made the refund (201); else it existed (409)."""

    is_new: bool
    refund: Refund


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundRequest:
    """`money` None refunds all that is left. `key` is the caller's idempotency key."""

    payment_id: str
    amount: str | None
    reason: str
    key: str


class Refunds:
    """Writes a refund down under the cart's row lock, and only then sends it."""

    def __init__(self, *, ledger: Ledger, accounts: MollieAccounts, clock: Clock) -> None:
        self._ledger = ledger
        self._accounts = accounts
        self._clock = clock

    def refund(self, request: RefundRequest) -> RefundAnswer:
        """Refund part or all of a payment.

        Raises `PaymentNotFound`, `InvalidRequest` (more than is left), Mollie's errors, and `Unavailable` while its
        outcome is not known: repeat with the same key.
        """
        attempt = self._ledger.find_attempt(request.payment_id)
        if attempt is None:
            raise PaymentNotFound(f"no payment {request.payment_id}")
        if attempt.transaction_id is None:
            raise InvalidRequest("this payment has no transaction, so nothing was paid")
        mollie = self._accounts.of(attempt.cart.shop_id)
        observed = mollie.find_payment(attempt.transaction_id)
        if observed is None:
            raise InvalidRequest("Mollie does not know this payment")
        if observed.status is PaymentStatus.AUTHORIZED:
            raise InvalidRequest("the payment is authorised, not paid: nothing was taken that could be refunded")
        stored, is_new = self._ledger.in_cart(attempt.cart, lambda tx: self._queue(tx, request, observed))
        if not is_new and stored.state in (RefundState.REFUNDED, RefundState.FAILED):
            return RefundAnswer(is_new=False, refund=stored)
        return RefundAnswer(is_new=is_new, refund=self._send(stored, mollie))

    def _queue(self, tx: CartTransaction, request: RefundRequest, observed: ObservedPayment) -> tuple[Refund, bool]:
        earlier = tx.refunds(observed.transaction_id)
        for refund in earlier:
            if refund.key == _mollie_key(request):
                _check_same(refund, request, observed)
                return refund, False
        now = self._clock.now()
        refund = Refund(
            id=new_id(),
            cart=tx.state.cart,
            attempt_id=request.payment_id,
            transaction_id=observed.transaction_id,
            money=_allowed(request, observed, earlier),
            reason=request.reason,
            key=_mollie_key(request),
            state=RefundState.QUEUED,
            created_at=now,
            updated_at=now,
        )
        tx.save_refund(refund)
        tx.audit(self._entry(refund, "refund.queued"))
        return refund, True

    def _send(self, refund: Refund, mollie: Mollie) -> Refund:
        """Send it under its stored key; what may have been sent before is looked for first."""
        if refund.state is not RefundState.QUEUED and (found := self._find_sent(refund, mollie)):
            return found
        self._move(refund, RefundState.SENT)
        try:
            sent = mollie.create_refund(refund.transaction_id, refund.money, key=refund.key, description=refund.reason)
        except (MollieTimeout, MollieConflict, MollieDuplicateRefund) as error:
            self._move(refund, RefundState.UNCERTAIN, error=error)
            raise Unavailable(
                "It is not known whether Mollie made the refund; repeat the request with the same idempotency key",
                retry_after=5.0,
            ) from error
        except Unavailable as error:
            # Not done this time. What may have been sent before must be looked for again.
            first = refund.state is RefundState.QUEUED
            self._move(refund, RefundState.QUEUED if first else RefundState.UNCERTAIN, error=error)
            raise
        except MollieError as error:
            self._move(refund, RefundState.FAILED, error=error)
            raise
        return self._move(refund, RefundState.REFUNDED, mollie_refund_id=sent.refund_id)

    def _find_sent(self, refund: Refund, mollie: Mollie) -> Refund | None:
        """The refund at Mollie that an earlier sending made, known by the key in its metadata.

        A refund of the same amount that bears no key of ours (somebody made it by hand, and Mollie called ours a
        duplicate of it) is taken for it too, unless another refund of ours claims it: better one too few than two.
        """
        ours = self._ledger.in_cart(refund.cart, lambda tx: tx.refunds(refund.transaction_id))
        claimed = {other.mollie_refund_id for other in ours}
        for seen in mollie.refunds_of(refund.transaction_id):
            stands = seen.status not in ("failed", "canceled")
            alike = seen.key is None and seen.money == refund.money and seen.refund_id not in claimed
            if stands and (seen.key == refund.key or alike):
                return self._move(refund, RefundState.REFUNDED, mollie_refund_id=seen.refund_id)
        return None

    def _move(
        self,
        refund: Refund,
        state: RefundState,
        *,
        mollie_refund_id: str | None = None,
        error: Exception | None = None,
    ) -> Refund:
        moved = replace(
            refund,
            state=state,
            updated_at=self._clock.now(),
            mollie_refund_id=mollie_refund_id,
            last_error=f"{type(error).__name__}: {error}"[:500] if error else None,
        )
        written = self._ledger.in_cart(refund.cart, lambda tx: self._write(tx, moved))
        if written is moved:
            METRICS.refunds.labels(outcome=state.value).inc()
            log.info("refund.moved", refund_id=refund.id, transaction_id=refund.transaction_id, state=state.value)
        return written

    def _write(self, tx: CartTransaction, moved: Refund) -> Refund:
        """Write it, unless somebody else's repeat found out meanwhile how the refund ended."""
        known = next(refund for refund in tx.refunds(moved.transaction_id) if refund.id == moved.id)
        if known.state in (RefundState.REFUNDED, RefundState.FAILED):
            return known
        tx.save_refund(moved)
        tx.audit(self._entry(moved, f"refund.{moved.state.value}"))
        if moved.state is RefundState.REFUNDED:
            _close_if_all_is_back(tx, moved)
        return moved

    def _entry(self, refund: Refund, event: str) -> AuditEntry:
        return AuditEntry(
            at=self._clock.now(),
            event=event,
            cart=refund.cart,
            attempt_id=refund.attempt_id,
            transaction_id=refund.transaction_id,
            detail={"refund_id": refund.id, "amount": str(refund.money)},
        )


def _close_if_all_is_back(tx: CartTransaction, refund: Refund) -> None:
    attempt = next(a for a in tx.attempts() if a.id == refund.attempt_id)
    back = sum(r.money.minor for r in tx.refunds(refund.transaction_id) if r.state is RefundState.REFUNDED)
    if back >= (attempt.charged or attempt.money).minor:
        tx.save_attempt(attempt.moved(AttemptState.REFUNDED, refund.updated_at))


def _mollie_key(request: RefundRequest) -> str:
    """The key at Mollie: a digest of the caller's and the payment's id, of one length however long the caller's is."""
    digest = hashlib.sha256(f"{request.payment_id}\n{request.key}".encode()).hexdigest()
    return f"refund-{digest[:48]}"


def _check_same(refund: Refund, request: RefundRequest, observed: ObservedPayment) -> None:
    same = request.amount is None or Money.parse(request.amount, observed.money.currency) == refund.money
    if not same or refund.reason != request.reason:
        raise KeyReused("this idempotency key was used for another refund; use a new key for another refund")


def _allowed(request: RefundRequest, observed: ObservedPayment, earlier: tuple[Refund, ...]) -> Money:
    """The amount to refund. Raises `InvalidRequest` when it is nothing or more than is left."""
    on_the_way = sum(r.money.minor for r in earlier if r.state in NOT_YET_AT_MOLLIE & COUNTS_AS_REFUNDED)
    done = max(observed.refunded_minor, sum(r.money.minor for r in earlier if r.state is RefundState.REFUNDED))
    paid = observed.money.minor if observed.money_in else 0
    left = max(0, paid - done - observed.charged_back_minor - on_the_way)
    currency = observed.money.currency
    remaining = Money(currency=currency, minor=left)
    asked = Money.parse(request.amount, currency) if request.amount is not None else remaining
    if asked.minor == 0 or asked.minor > left:
        raise InvalidRequest(f"{asked} can not be refunded: {remaining} is left of the payment")
    return asked
