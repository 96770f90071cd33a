"""Doubting what Mollie took: a refund may fail there days later, a release may never be made.

| Mollie took | and | found out by | then |
|---|---|---|---|
| a refund | counts less as given back than it took | news | uncertain: the queue finds out which |
| a refund | lists it as failed or canceled, or no more | the list | failed, and told; the payment is decided again |
| a release | the payment is still authorized | the payment | uncertain, and told once; released again |
| a release | the payment has ended | either | nothing is looked after any more |
| a release | all of the money was captured | either | dropped; the payment is decided again |

Sums alone do not tell of one that failed while somebody gave the same amount back by hand, and that one was canceled is
not announced at all. So each is looked for by its own key and Mollie's id: now and then by the janitor, and soon after
news of its payment. Mollie is asked outside any transaction.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import assert_never

import structlog

from bridge.domain.attempt import AttemptState
from bridge.domain.errors import Conflict, MollieError
from bridge.domain.notices import NoticeKind
from bridge.domain.observed import ENDED, ObservedPayment, PaymentStatus
from bridge.domain.records import Refund, RefundKind, RefundState
from bridge.ports.clock import Clock
from bridge.ports.ledger import CartTransaction, Ledger
from bridge.ports.mollie import Mollie, MollieAccounts, ObservedRefund
from bridge.services.deliveries import new_delivery
from bridge.services.notices import Notices
from bridge.services.refund_ends import (
    STILL_RESERVED,
    case_of,
    find_own,
    next_look,
    save_moved,
    stored_in,
    why_undone,
)
from bridge.services.settings import RefundLimits

log = structlog.get_logger()


class Doubts:
    """Hears the news of payments whose refunds Mollie took, and looks after those refunds."""

    def __init__(
        self, *, ledger: Ledger, accounts: MollieAccounts, notices: Notices, clock: Clock, limits: RefundLimits
    ) -> None:
        self._ledger = ledger
        self._accounts = accounts
        self._notices = notices
        self._clock = clock
        self._limits = limits

    # --- news -----------------------------------------------------------------------------------------------------

    def hear(self, tx: CartTransaction, observed: ObservedPayment) -> None:
        """A payment was announced. So it is with every payment, not with surplus ones alone."""
        now = self._clock.now()
        taken = [refund for refund in tx.refunds(observed.transaction_id) if refund.state is RefundState.REFUNDED]
        given = [refund for refund in taken if refund.kind is RefundKind.REFUND]
        is_less = sum(refund.money.minor for refund in given) > observed.refunded_minor
        for refund in given:
            if is_less:
                doubted = replace(refund, state=RefundState.UNCERTAIN, updated_at=now, next_try_at=now)
                save_moved(tx, doubted)
            else:
                self._hasten(tx, refund, now)
        for refund in taken:
            if refund.kind is RefundKind.RELEASE and refund.next_try_at is not None:
                self._end_release(tx, refund, observed, now)

    def _hasten(self, tx: CartTransaction, refund: Refund, now: datetime) -> None:
        """Its end may be what the news is about. Not at once: news comes in bursts, and one look is for all of it."""
        soon = now + self._limits.look_soon
        if refund.next_try_at is not None and soon < refund.next_try_at:
            tx.save_refund(replace(refund, next_try_at=soon))

    # --- looks ----------------------------------------------------------------------------------------------------

    def look_due(self, most: int, end: datetime) -> int:
        """Look after refunds that are due for it, until `end`; returns how many were.

        One whose account can not be asked waits; raises `Unavailable` when Mollie or the database is away.
        """
        looked = 0
        for due in self._ledger.queues.doubtful_refunds(self._clock.now(), most):
            now = self._clock.now()
            if now >= end:
                break
            refund = self._ledger.queues.claim_look(due.id, now, now + self._limits.look_soon)
            if refund is not None:
                looked += self._look(refund)
        return looked

    def _look(self, refund: Refund) -> bool:
        try:
            mollie = self._accounts.of(refund.cart.shop_id)
            match refund.kind:
                case RefundKind.REFUND:
                    self._look_for_refund(mollie, refund)
                case RefundKind.RELEASE:
                    self._look_for_release(mollie, refund)
                case _:
                    assert_never(refund.kind)
        except (MollieError, Conflict) as error:
            log.warning(
                "refund.not_looked_after",
                refund_id=refund.id,
                transaction_id=refund.transaction_id,
                error=str(error),
            )
            # A shop that has no key today has none in a minute; and in the end nobody is asked any more.
            self._ledger.in_cart(refund.cart, lambda tx: self._look_later(tx, stored_in(tx, refund)))
            return False
        return True

    def _look_later(self, tx: CartTransaction, known: Refund) -> None:
        if known.state is RefundState.REFUNDED:
            tx.save_refund(replace(known, next_try_at=next_look(known, self._clock.now(), self._limits)))

    def _look_for_refund(self, mollie: Mollie, refund: Refund) -> None:
        """One list tells of all refunds of the payment that had been made before it was asked for."""
        made = {each.id for each in self._ledger.queues.refunds_of(refund.transaction_id) if _is_made(each)}
        seen = mollie.refunds_of(refund.transaction_id)
        self._ledger.in_cart(refund.cart, lambda tx: self._judge(tx, refund.transaction_id, made, seen))

    def _judge(
        self, tx: CartTransaction, transaction_id: str, made: set[str], seen: tuple[ObservedRefund, ...]
    ) -> None:
        now = self._clock.now()
        failed = False
        for known in tx.refunds(transaction_id):
            if known.id not in made or not _is_made(known):
                continue
            own = find_own(seen, known)
            reason = why_undone(own, known, now)
            if reason is None:
                self._look_later(tx, known)
            else:
                self._fail(tx, known, reason, now)
                failed = True
        if failed:
            # Its money is here again.
            tx.save_delivery(new_delivery(transaction_id, source="refund", now=now))

    def _fail(self, tx: CartTransaction, known: Refund, reason: str, now: datetime) -> None:
        failed = replace(known, state=RefundState.FAILED, updated_at=now, next_try_at=None, last_error=reason)
        save_moved(tx, failed)
        self._notices.tell_in(tx, case_of(NoticeKind.REFUND_FAILED, failed))

    def _look_for_release(self, mollie: Mollie, refund: Refund) -> None:
        observed = mollie.find_payment(refund.transaction_id)
        self._ledger.in_cart(refund.cart, lambda tx: self._judge_release(tx, refund, observed))

    def _judge_release(self, tx: CartTransaction, refund: Refund, observed: ObservedPayment | None) -> None:
        known, now = stored_in(tx, refund), self._clock.now()
        if known.state is not RefundState.REFUNDED:
            return
        if observed is not None and observed.status is PaymentStatus.AUTHORIZED:
            self._doubt_release(tx, known, now)
        elif observed is None or not self._end_release(tx, known, observed, now):
            self._look_later(tx, known)
            return
        # The news of it may have been lost, and the payment's attempt is what it was.
        tx.save_delivery(new_delivery(known.transaction_id, source="refund", now=now))

    def _doubt_release(self, tx: CartTransaction, known: Refund, now: datetime) -> None:
        doubted = replace(
            known, state=RefundState.UNCERTAIN, updated_at=now, next_try_at=now, last_error=STILL_RESERVED
        )
        save_moved(tx, doubted)
        self._notices.tell_in(tx, case_of(NoticeKind.RELEASE_UNDONE, doubted))
        attempt = next(each for each in tx.attempts() if each.id == known.attempt_id)
        if attempt.state is AttemptState.REFUNDED:
            is_surplus = tx.state.settled_transaction_id is not None
            tx.save_attempt(attempt.moved(AttemptState.SURPLUS if is_surplus else AttemptState.HELD, now))

    def _end_release(self, tx: CartTransaction, known: Refund, observed: ObservedPayment, now: datetime) -> bool:
        """Whether the payment tells how its release ended; written down then."""
        if observed.status in ENDED or observed.is_captured_in_part:
            tx.save_refund(replace(known, next_try_at=None))
            return True
        if observed.status is not PaymentStatus.PAID:
            return False
        taken = f"nothing is reserved any more: the payment is {observed.status.value}"
        save_moved(tx, replace(known, state=RefundState.DROPPED, updated_at=now, next_try_at=None, last_error=taken))
        return True


def _is_made(refund: Refund) -> bool:
    return refund.kind is RefundKind.REFUND and refund.state is RefundState.REFUNDED
