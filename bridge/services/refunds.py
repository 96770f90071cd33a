"""Refunds: never more than was paid, never doubled, however often and from wherever they are asked for.

A refund is written down under the cart's row lock, and only then sent (`bridge.services.refund_sending`). What could
not be sent, or may have been, stands in the queue.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

import structlog

from bridge.domain.errors import (
    BridgeError,
    Conflict,
    InvalidRequest,
    KeyReused,
    PaymentNotFound,
    RefundNotFound,
)
from bridge.domain.money import Money
from bridge.domain.observed import ObservedPayment, PaymentStatus
from bridge.domain.records import UNFINISHED, AuditEntry, Refund, RefundState
from bridge.domain.refunding import left_of
from bridge.ports.clock import Clock
from bridge.ports.ledger import CartTransaction, Ledger
from bridge.ports.mollie import MollieAccounts
from bridge.services.ids import new_id
from bridge.services.refund_sending import RefundSender
from bridge.services.refund_waits import RefundWaits
from bridge.services.settings import RefundLimits

log = structlog.get_logger()

AT_ONCE = 50
"""Refunds taken up by one look; the rest is due at the next."""

NEEDS_A_PERSON = frozenset({RefundState.PROPOSED, RefundState.FAILED, RefundState.UNCERTAIN})
"""States that are listed when nothing else is asked for; beside those in the queue that wait for too long."""

LISTED = 200
"""Refunds that one answer lists."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundAnswer:
    """`is_new`: this call made the refund (201); else it existed (409)."""

    is_new: bool
    refund: Refund


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundRequest:
    """`amount` None refunds all that is left. `key` is the caller's idempotency key."""

    payment_id: str
    amount: str | None
    reason: str
    key: str


class Refunds:
    """What can be asked about refunds, and the queue of those that are not finished."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        accounts: MollieAccounts,
        sender: RefundSender,
        waits: RefundWaits,
        clock: Clock,
        limits: RefundLimits,
    ) -> None:
        self._ledger = ledger
        self._accounts = accounts
        self._sender = sender
        self._waits = waits
        self._clock = clock
        self._limits = limits

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
        observed = self._accounts.of(attempt.cart.shop_id).find_payment(attempt.transaction_id)
        if observed is None:
            raise InvalidRequest("Mollie does not know this payment")
        if observed.status is PaymentStatus.AUTHORIZED:
            raise InvalidRequest("the payment is authorised, not paid: nothing was taken that could be refunded")
        stored, is_new = self._ledger.in_cart(attempt.cart, lambda tx: self._queue(tx, request, observed))
        if stored.state not in UNFINISHED:
            return RefundAnswer(is_new=is_new, refund=stored)
        sent = self._sender.send(stored)
        if is_new and sent.state in (RefundState.FAILED, RefundState.DROPPED):
            raise InvalidRequest(sent.last_error or "the refund was not made")
        return RefundAnswer(is_new=is_new, refund=sent)

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
            tries=1,
            # It is sent right now; the queue takes it up only if that comes to no end.
            next_try_at=now + self._limits.working,
        )
        tx.save_refund(refund)
        tx.audit(self._entry(refund, "refund.queued"))
        return refund, True

    # --- by a person ----------------------------------------------------------------------------------------------

    def find(self, refund_id: str) -> Refund:
        """A refund by its id. Raises `RefundNotFound`."""
        found = self._ledger.queues.find_refund(refund_id)
        if found is None:
            raise RefundNotFound(f"no refund {refund_id}")
        return found

    def in_states(self, states: frozenset[RefundState]) -> tuple[Refund, ...]:
        """Refunds in these states, oldest first, `LISTED` at most."""
        return self._ledger.queues.refunds_in(states, LISTED)

    def for_a_person(self) -> tuple[Refund, ...]:
        """Refunds that need a person, oldest first: by their state, or waiting unsent for too long."""
        found = (*self.in_states(NEEDS_A_PERSON), *self._waits.find(LISTED))
        return tuple(sorted(found, key=lambda refund: (refund.created_at, refund.id)))[:LISTED]

    def approve(self, refund_id: str) -> Refund:
        """Send a proposed refund; approving it again changes nothing.

        Raises `RefundNotFound`, `Conflict` (it was rejected, or dropped), and what sending raises.
        """
        refund = self._decide(refund_id, RefundState.QUEUED, "refund.approved")
        return self._sender.send(refund) if refund.state in UNFINISHED else refund

    def reject(self, refund_id: str) -> Refund:
        """Do not make a proposed refund; rejecting it again changes nothing.

        Raises `RefundNotFound`, `Conflict` (it was approved already).
        """
        return self._decide(refund_id, RefundState.DROPPED, "refund.rejected")

    def _decide(self, refund_id: str, state: RefundState, event: str) -> Refund:
        refund = self.find(refund_id)
        return self._ledger.in_cart(refund.cart, lambda tx: self._write_decision(tx, refund, state, event))

    def _write_decision(self, tx: CartTransaction, refund: Refund, state: RefundState, event: str) -> Refund:
        known = next(each for each in tx.refunds(refund.transaction_id) if each.id == refund.id)
        if known.state is not RefundState.PROPOSED:
            was_rejected = known.state is RefundState.DROPPED
            if was_rejected != (state is RefundState.DROPPED):
                raise Conflict(f"refund {refund.id} is {known.state.value} already")
            return known
        now = self._clock.now()
        decided = replace(known, state=state, updated_at=now)
        if state is RefundState.QUEUED:
            decided = replace(decided, tries=1, next_try_at=now + self._limits.working)
        tx.save_refund(decided)
        tx.audit(self._entry(decided, event))
        log.info(
            "refund.decided",
            approved=state is RefundState.QUEUED,
            refund_id=refund.id,
            transaction_id=refund.transaction_id,
            cart_id=refund.cart.cart_id,
        )
        return decided

    # --- the queue ------------------------------------------------------------------------------------------------

    def work_due(self) -> int:
        """Take up the refunds that are due; returns how many were."""
        now = self._clock.now()
        due = self._ledger.queues.due_refunds(now, AT_ONCE)
        return sum(self._work(refund.id) for refund in due)

    def _work(self, refund_id: str) -> bool:
        now = self._clock.now()
        refund = self._ledger.queues.claim_refund(refund_id, now, now + self._limits.working)
        if refund is None:
            return False
        try:
            self._sender.send(refund)
        except BridgeError as error:
            # It stands in the queue with its reason and its next try, or has ended with it.
            log.warning("refund.not_sent", refund_id=refund.id, transaction_id=refund.transaction_id, error=str(error))
        return True

    def _entry(self, refund: Refund, event: str) -> AuditEntry:
        return AuditEntry(
            at=self._clock.now(),
            event=event,
            cart=refund.cart,
            attempt_id=refund.attempt_id,
            transaction_id=refund.transaction_id,
            detail={"refund_id": refund.id, "amount": str(refund.money), "kind": refund.kind.value},
        )


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
    left = left_of(observed, earlier)
    asked = Money.parse(request.amount, left.currency) if request.amount is not None else left
    if asked.minor == 0 or asked.minor > left.minor:
        raise InvalidRequest(f"{asked} can not be refunded: {left} is left of the payment")
    return asked
