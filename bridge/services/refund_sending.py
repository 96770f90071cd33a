"""Sending a refund to Mollie: written down as sent before it is, looked for before it is sent again.

| what came of it | refund | taken up again |
|---|---|---|
| Mollie took it | refunded | never |
| Mollie refused it | failed (dropped where nothing was left to give back) | never; the merchant is told |
| not sent (Mollie down, no key) | queued | sent under the same Idempotency-Key |
| nobody knows | uncertain | looked for at Mollie first, sent only if it is not there |
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import assert_never

import structlog

from bridge.domain.attempt import AttemptState
from bridge.domain.errors import (
    Conflict,
    MollieDuplicateRefund,
    MollieError,
    MollieRefused,
    MollieTimeout,
    MollieUnauthorized,
    MollieUnavailable,
    Unavailable,
)
from bridge.domain.notices import NoticeKind
from bridge.domain.observed import ObservedPayment, PaymentStatus
from bridge.domain.records import UNFINISHED, Refund, RefundKind, RefundState
from bridge.domain.refunding import left_of
from bridge.domain.surplus import SURPLUS_KEY
from bridge.ports.clock import Clock
from bridge.ports.ledger import CartTransaction, Ledger
from bridge.ports.mollie import Mollie, MollieAccounts, ObservedRefund
from bridge.services.backoff import pause_after, reason_of
from bridge.services.deliveries import wake_kept
from bridge.services.notices import Notices
from bridge.services.refund_ends import (
    DUPLICATE_WITHIN,
    UNDONE_AT_MOLLIE,
    case_of,
    close_if_all_is_back,
    entry_of,
    is_in_place_of,
    stored_in,
    why_not,
    why_not_beside,
)
from bridge.services.refund_waits import RefundWaits
from bridge.services.settings import RefundLimits
from bridge.services.shop_rows import ShopRows
from bridge.telemetry import METRICS

log = structlog.get_logger()

SAME_REFUND_PAUSE = DUPLICATE_WITHIN + timedelta(minutes=1)
"""When Mollie has forgotten the refund that it took ours for a duplicate of."""

_ENDED = frozenset({PaymentStatus.CANCELED, PaymentStatus.EXPIRED, PaymentStatus.FAILED})


class RefundSender:
    """Sends one refund, or finds out what became of it."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        accounts: MollieAccounts,
        notices: Notices,
        rows: ShopRows,
        waits: RefundWaits,
        clock: Clock,
        limits: RefundLimits,
    ) -> None:
        self._ledger = ledger
        self._accounts = accounts
        self._notices = notices
        self._rows = rows
        self._waits = waits
        self._clock = clock
        self._limits = limits

    def send(self, refund: Refund) -> Refund:
        """The refund as it is afterwards.

        Raises `Unavailable` and `MollieUnauthorized` while it is not done or its outcome is not known (it is due again
        by itself), and `MollieRefused` when Mollie refused it.
        """
        try:
            return self._send(refund, self._accounts.of(refund.cart.shop_id))
        except (MollieTimeout, MollieDuplicateRefund, Conflict) as error:
            self._put_back(refund, error)
            raise _unknown() from error
        except (Unavailable, MollieUnauthorized) as error:
            self._put_back(refund, error)
            raise
        except MollieRefused as error:
            self._refused(refund, error)
            raise
        except MollieError as error:
            # An answer that makes no sense: it may have been done.
            self._put_back(refund, error)
            raise _unknown() from error

    def _send(self, refund: Refund, mollie: Mollie) -> Refund:
        observed, found = self._look(refund, mollie)
        if found is not None:
            return found
        refund = self._ledger.in_cart(refund.cart, lambda tx: self._write_sent(tx, refund, observed))
        if refund.state is not RefundState.SENT:
            return refund
        match refund.kind:
            case RefundKind.REFUND:
                sent = mollie.create_refund(
                    refund.transaction_id, refund.money, key=refund.key, description=refund.reason
                )
                return self._done(refund, sent.refund_id)
            case RefundKind.RELEASE:
                mollie.release_authorization(refund.transaction_id, key=refund.key)
                return self._done(refund, None)
            case _:
                assert_never(refund.kind)

    def _look(self, refund: Refund, mollie: Mollie) -> tuple[ObservedPayment | None, Refund | None]:
        """The payment as it is now, and what an earlier sending did.

        In this order: what is made in between is then listed, and never taken for somebody else's.
        """
        if refund.state is RefundState.QUEUED:
            return mollie.find_payment(refund.transaction_id), None
        try:
            observed = mollie.find_payment(refund.transaction_id)
            return observed, self._find_sent(refund, mollie, observed)
        except MollieRefused as error:
            # The question was refused, not the refund: it may be there all the same.
            raise MollieError(f"the refund can not be looked for: {error}") from error

    def _write_sent(self, tx: CartTransaction, refund: Refund, observed: ObservedPayment | None) -> Refund:
        """Write it down as sent, with the amount that may be sent; or as ended when it is not to be sent.

        Once it was sent its amount stands: Mollie refuses another payload under a key that it knows. Raises `Conflict`
        when somebody else has sent it since it was read: it is looked for first, then.
        """
        known = stored_in(tx, refund)
        if known.state not in UNFINISHED:
            return known
        never_sent = known.state is RefundState.QUEUED
        if refund.state is RefundState.QUEUED and not never_sent:
            raise Conflict(f"refund {refund.id} was sent by somebody else meanwhile")
        sent = replace(known, state=RefundState.SENT, last_error=None)
        if observed is None:
            return self._write(tx, sent)
        stays = why_not(tx, known, observed)
        if stays is not None:
            return self._write(tx, replace(known, state=RefundState.DROPPED, next_try_at=None, last_error=stays))
        left = left_of(observed, tx.refunds(known.transaction_id), but=known.id)
        if known.kind is RefundKind.RELEASE or known.money.minor <= left.minor:
            return self._write(tx, sent)
        if never_sent and known.key.startswith(SURPLUS_KEY):
            # All of it was meant, and somebody has given a part back meanwhile.
            return self._write(tx, replace(sent, money=left))
        too_much = f"{known.money} can not be refunded: {left} is left of the payment"
        failed = replace(known, state=RefundState.FAILED, next_try_at=None, last_error=too_much)
        self._notices.tell_in(tx, case_of(NoticeKind.REFUND_FAILED, failed))
        return self._write(tx, failed)

    # --- what became of it ----------------------------------------------------------------------------------------

    def _find_sent(self, refund: Refund, mollie: Mollie, observed: ObservedPayment | None) -> Refund | None:
        """What an earlier sending did; None when it did nothing."""
        match refund.kind:
            case RefundKind.REFUND:
                return self._find_refund(refund, mollie, observed)
            case RefundKind.RELEASE:
                released = observed is not None and observed.status in _ENDED
                return self._done(refund, None) if released else None
            case _:
                assert_never(refund.kind)

    def _find_refund(self, refund: Refund, mollie: Mollie, observed: ObservedPayment | None) -> Refund | None:
        """What an earlier sending did at Mollie, known by the key in the refund's metadata, and by nothing else.

        One of the same amount that somebody made by hand at about the time of ours is never taken for ours, but it may
        be what ours was meant for: ours is not sent again then, and a person is told. Where nothing would be left for
        ours in any case, there is nobody to ask: it is dropped.
        """
        seen = mollie.refunds_of(refund.transaction_id)
        ours = self._ledger.in_cart(refund.cart, lambda tx: tx.refunds(refund.transaction_id))
        known_as = {each.mollie_refund_id for each in ours if each.id == refund.id} - {None}
        own = next((each for each in seen if each.key == refund.key or each.refund_id in known_as), None)
        if own is not None:
            return self._undone(refund, own) if own.status in UNDONE_AT_MOLLIE else self._done(refund, own.refund_id)
        alike = next((each for each in seen if is_in_place_of(each, refund)), None)
        if alike is None or observed is None or left_of(observed, ours, but=refund.id).minor < refund.money.minor:
            return None
        return self._end_for_another(refund, alike)

    def _end_for_another(self, refund: Refund, alike: ObservedRefund) -> Refund:
        """Somebody gave the same amount back by hand: whether ours is meant as well, a person has to say."""
        failed = replace(refund, state=RefundState.FAILED, next_try_at=None, last_error=why_not_beside(alike))
        self._notices.tell(case_of(NoticeKind.REFUND_FAILED, failed))
        return self._store(failed)

    def _done(self, refund: Refund, mollie_refund_id: str | None) -> Refund:
        """Raises `Conflict` when another refund of ours claims the one at Mollie."""
        done = replace(
            refund, state=RefundState.REFUNDED, mollie_refund_id=mollie_refund_id, next_try_at=None, last_error=None
        )
        stored = self._store(done)
        if stored.state is RefundState.REFUNDED and self._is_surplus(refund):
            self._rows.show_returned(refund.transaction_id)
        return stored

    def _is_surplus(self, refund: Refund) -> bool:
        attempt = self._ledger.find_attempt(refund.attempt_id)
        by_policy = refund.key.startswith(SURPLUS_KEY)
        return by_policy and attempt is not None and attempt.state is AttemptState.REFUNDED

    def _undone(self, refund: Refund, seen: ObservedRefund) -> Refund:
        """Mollie took it and could not do it in the end, or somebody cancelled it there."""
        reason = f"Mollie took the refund and ended it as {seen.status}"
        failed = replace(refund, state=RefundState.FAILED, next_try_at=None, last_error=reason)
        self._notices.tell(case_of(NoticeKind.REFUND_FAILED, failed))
        return self._store(replace(failed, mollie_refund_id=seen.refund_id))

    def _refused(self, refund: Refund, error: MollieRefused) -> None:
        failed = replace(refund, state=RefundState.FAILED, next_try_at=None, last_error=reason_of(error))
        self._notices.tell(case_of(NoticeKind.REFUND_FAILED, failed))
        self._store(failed)

    def _put_back(self, refund: Refund, error: Exception) -> None:
        """Not done, or not known to be done: due again after a pause."""
        is_old = self._waits.is_too_long(refund)
        self._ledger.in_cart(refund.cart, lambda tx: self._write_back(tx, refund, error, is_old=is_old))

    def _write_back(self, tx: CartTransaction, refund: Refund, error: Exception, *, is_old: bool) -> Refund:
        """What was sent once is looked for from then on, unless its first sender heard that it was not done.

        What is stored decides: the error may be the database's, and came after Mollie had done it.
        """
        known = stored_in(tx, refund)
        not_done = refund.state is RefundState.QUEUED and isinstance(error, (MollieUnavailable, MollieUnauthorized))
        never_sent = known.state is RefundState.QUEUED or not_done
        pause = pause_after(refund.tries, self._limits.pauses, error)
        if isinstance(error, MollieDuplicateRefund):
            pause = max(pause, SAME_REFUND_PAUSE)
        waiting = replace(
            known,
            state=RefundState.QUEUED if never_sent else RefundState.UNCERTAIN,
            next_try_at=self._clock.now() + pause,
            last_error=reason_of(error),
        )
        if known.state in UNFINISHED and not never_sent and refund.tries >= self._limits.tell_after:
            self._notices.tell_in(tx, case_of(NoticeKind.REFUND_UNCERTAIN, waiting))
        if known.state in UNFINISHED and never_sent and is_old:
            self._notices.tell_in(tx, case_of(NoticeKind.REFUND_WAITING, waiting))
        return self._write(tx, waiting)

    # --- writing --------------------------------------------------------------------------------------------------

    def _store(self, moved: Refund) -> Refund:
        return self._ledger.in_cart(moved.cart, lambda tx: self._write(tx, moved))

    def _write(self, tx: CartTransaction, moved: Refund) -> Refund:
        """Write it, unless somebody else found out meanwhile how the refund ended."""
        known = stored_in(tx, moved)
        if known.state not in UNFINISHED:
            return known
        # The amount that was sent stands, whatever the mover had read.
        money = known.money if known.state is not RefundState.QUEUED else moved.money
        moved = replace(moved, money=money, tries=known.tries, updated_at=self._clock.now())
        tx.save_refund(moved)
        if moved.state is not known.state:
            tx.audit(entry_of(moved))
        if moved.state is RefundState.REFUNDED:
            close_if_all_is_back(tx, moved)
        if moved.state not in UNFINISHED:
            wake_kept(tx, moved.attempt_id, moved.updated_at)
        METRICS.refunds.labels(outcome=moved.state.value).inc()
        log.info(
            "refund.moved",
            refund_id=moved.id,
            cart_id=moved.cart.cart_id,
            transaction_id=moved.transaction_id,
            state=moved.state.value,
            error=moved.last_error,
        )
        return moved


def _unknown() -> Unavailable:
    return Unavailable(
        "It is not known whether Mollie made the refund; repeat the request with the same idempotency key",
        retry_after=5.0,
    )
