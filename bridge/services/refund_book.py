"""What came of a refund, written down in the cart's transaction: unless somebody else found out first how it ended."""

from __future__ import annotations

from dataclasses import replace

from bridge.domain.attempt import AttemptState
from bridge.domain.errors import MollieDuplicateRefund, MollieRefused, MollieUnauthorized, MollieUnavailable
from bridge.domain.notices import NoticeKind
from bridge.domain.records import UNFINISHED, Refund, RefundState
from bridge.domain.surplus import SURPLUS_KEY
from bridge.ports.clock import Clock
from bridge.ports.ledger import CartTransaction, Ledger
from bridge.services.backoff import pause_after, reason_of
from bridge.services.deliveries import wake_kept
from bridge.services.notices import Notices
from bridge.services.refund_ends import (
    SAME_REFUND_PAUSE,
    STILL_RESERVED,
    case_of,
    close_if_all_is_back,
    entry_of,
    is_doubted_release,
    next_look,
    report,
    stored_in,
)
from bridge.services.refund_waits import RefundWaits
from bridge.services.settings import RefundLimits
from bridge.services.shop_rows import ShopRows


class RefundBook:
    """Writes the ends of refunds, and when those that have none are taken up again."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        notices: Notices,
        rows: ShopRows,
        waits: RefundWaits,
        clock: Clock,
        limits: RefundLimits,
    ) -> None:
        self._ledger = ledger
        self._notices = notices
        self._rows = rows
        self._waits = waits
        self._clock = clock
        self._limits = limits

    def take(self, refund: Refund, mollie_refund_id: str | None, *, ended: bool = False) -> Refund:
        """Mollie took it; `ended`: nothing can come of it but what came.

        Raises `Conflict` when another refund of ours claims the one at Mollie.
        """
        now = self._clock.now()
        taken = replace(
            refund,
            state=RefundState.REFUNDED,
            mollie_refund_id=mollie_refund_id,
            taken_at=refund.taken_at or now,
            last_error=None,
        )
        look_at = None if ended else next_look(taken, now, self._limits)
        stored = self._store(replace(taken, next_try_at=look_at))
        if stored.state is RefundState.REFUNDED and self._is_surplus(refund):
            self._rows.show_returned(refund.transaction_id)
        return stored

    def wait_for_release(self, refund: Refund) -> Refund:
        """Mollie took a release again that it had taken before and not made: only the payment's end tells."""
        again = self._clock.now() + self._limits.release_within
        waiting = replace(refund, state=RefundState.UNCERTAIN, next_try_at=again, last_error=STILL_RESERVED)
        return self._store(waiting)

    def fail(self, refund: Refund, reason: str, *, mollie_refund_id: str | None = None) -> Refund:
        """It is not made, and not tried again: the merchant is told with the same commit."""
        known_as = mollie_refund_id or refund.mollie_refund_id
        failed = replace(
            refund, state=RefundState.FAILED, next_try_at=None, last_error=reason, mollie_refund_id=known_as
        )
        return self._ledger.in_cart(refund.cart, lambda tx: self.fail_in(tx, failed))

    def fail_in(self, tx: CartTransaction, failed: Refund) -> Refund:
        """As `fail`, in the transaction."""
        stored = self.write(tx, failed)
        if stored.state is RefundState.FAILED:
            self._notices.tell_in(tx, case_of(NoticeKind.REFUND_FAILED, stored))
        return stored

    def put_back(self, refund: Refund, error: Exception) -> None:
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
        if isinstance(error, MollieRefused):
            # A release that Mollie took before: it may be at work on it, and until then takes no other.
            pause = max(pause, self._limits.release_within)
        waiting = replace(
            known,
            state=RefundState.QUEUED if never_sent else RefundState.UNCERTAIN,
            next_try_at=self._clock.now() + pause,
            last_error=reason_of(error),
        )
        # Of a release that Mollie took and did not make the merchant was told when that was found out.
        often = refund.tries >= self._limits.tell_after and not is_doubted_release(known)
        if known.state in UNFINISHED and not never_sent and often:
            self._notices.tell_in(tx, case_of(NoticeKind.REFUND_UNCERTAIN, waiting))
        if known.state in UNFINISHED and never_sent and is_old:
            self._notices.tell_in(tx, case_of(NoticeKind.REFUND_WAITING, waiting))
        return self.write(tx, waiting)

    # --- writing --------------------------------------------------------------------------------------------------

    def _store(self, moved: Refund) -> Refund:
        return self._ledger.in_cart(moved.cart, lambda tx: self.write(tx, moved))

    def write(self, tx: CartTransaction, moved: Refund) -> Refund:
        """Write it, unless somebody else found out meanwhile how the refund ended."""
        known = stored_in(tx, moved)
        if known.state not in UNFINISHED:
            return known
        # The amount that was sent stands, whatever the mover had read.
        money = known.money if known.state is not RefundState.QUEUED else moved.money
        moved = replace(moved, money=money, tries=known.tries, updated_at=self._clock.now())
        moved = replace(moved, taken_at=known.taken_at or moved.taken_at)
        tx.save_refund(moved)
        if moved.state is not known.state:
            tx.audit(entry_of(moved))
        if moved.state is RefundState.REFUNDED:
            close_if_all_is_back(tx, moved)
        if moved.state not in UNFINISHED:
            wake_kept(tx, moved, moved.updated_at)
        report(moved)
        return moved

    def _is_surplus(self, refund: Refund) -> bool:
        attempt = self._ledger.find_attempt(refund.attempt_id)
        by_policy = refund.key.startswith(SURPLUS_KEY)
        return by_policy and attempt is not None and attempt.state is AttemptState.REFUNDED
