"""Refunds that stand in the queue unsent for too long: no key for the shop, or Mollie away for hours."""

from __future__ import annotations

from datetime import datetime

from bridge.domain.records import Refund, RefundState
from bridge.ports.clock import Clock
from bridge.ports.ledger import Ledger
from bridge.services.settings import RefundLimits

_QUEUED_BY = frozenset({"refund.queued", "refund.approved"})
"""Audit events with which a refund comes into the queue; a proposal may have waited for its approval for weeks."""

_ENTRIES = 1_000
"""Newest entries of a cart's trail that are looked through: a refund that is tried for days writes under a hundred."""


class RefundWaits:
    """Tells which refunds wait for too long."""

    def __init__(self, *, ledger: Ledger, clock: Clock, limits: RefundLimits) -> None:
        self._ledger = ledger
        self._clock = clock
        self._limits = limits

    def is_too_long(self, refund: Refund) -> bool:
        """Whether it has stood in the queue, never sent or never taken, for longer than `tell_unsent_after`."""
        latest = self._clock.now() - self._limits.tell_unsent_after
        # The trail is read for those alone that are old enough at all.
        return refund.created_at <= latest and self._queued_since(refund) <= latest

    def find(self, most: int) -> tuple[Refund, ...]:
        """Those that wait for too long, oldest first, of the `most` oldest in the queue."""
        queued = self._ledger.queues.refunds_in(frozenset({RefundState.QUEUED}), most)
        return tuple(refund for refund in queued if self.is_too_long(refund))

    def _queued_since(self, refund: Refund) -> datetime:
        trail = self._ledger.audit_of(refund.cart, _ENTRIES)
        own = (entry for entry in trail if entry.detail.get("refund_id") == refund.id)
        return next((entry.at for entry in own if entry.event in _QUEUED_BY), refund.created_at)
