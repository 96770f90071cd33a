"""Replaying deliveries: a person has put right what made them fail."""

from __future__ import annotations

import structlog

from bridge.domain.cart import CartRef
from bridge.domain.errors import Conflict, DeliveryNotFound
from bridge.domain.records import AuditEntry, Delivery, DeliveryState
from bridge.ports.clock import Clock
from bridge.ports.ledger import Ledger

log = structlog.get_logger()

UNDONE = frozenset({DeliveryState.FAILED, DeliveryState.DEAD})
"""What is replayed of a cart: whatever failed, given up or not. What is done is replayed by its own id alone."""

AT_ONCE = 1_000
"""Deliveries that one call replays; call again for the rest."""

LISTED = 200
"""Deliveries that one answer lists."""


class Replays:
    """Makes deliveries due again as if they were new. A replay is passed to the shop whatever was done before."""

    def __init__(self, *, ledger: Ledger, clock: Clock) -> None:
        self._ledger = ledger
        self._clock = clock

    def one(self, delivery_id: str) -> Delivery:
        """Replay a delivery. Raises `DeliveryNotFound`, and `Conflict` while it is being worked on."""
        if self._ledger.find_delivery(delivery_id) is None:
            raise DeliveryNotFound(f"no delivery {delivery_id}")
        opened = self._open(delivery_id)
        if opened is None:
            raise Conflict(f"delivery {delivery_id} is being worked on")
        return opened

    def of_cart(self, cart: CartRef) -> tuple[Delivery, ...]:
        """Replay what failed of a cart."""
        return self._all(self._ledger.queues.deliveries_in(UNDONE, AT_ONCE, cart=cart))

    def dead(self) -> tuple[Delivery, ...]:
        """Replay all that are dead."""
        return self._all(self._ledger.queues.deliveries_in(frozenset({DeliveryState.DEAD}), AT_ONCE))

    def in_state(self, state: DeliveryState) -> tuple[Delivery, ...]:
        """Deliveries in a state, oldest first, `LISTED` at most."""
        return self._ledger.queues.deliveries_in(frozenset({state}), LISTED)

    def _all(self, deliveries: tuple[Delivery, ...]) -> tuple[Delivery, ...]:
        """The newest of each payment: once it is done, it covers the older ones."""
        newest = {delivery.transaction_id: delivery for delivery in deliveries}
        opened = (self._open(delivery.id) for delivery in newest.values())
        return tuple(delivery for delivery in opened if delivery is not None)

    def _open(self, delivery_id: str) -> Delivery | None:
        now = self._clock.now()
        opened = self._ledger.queues.reopen_delivery(delivery_id, now)
        if opened is not None:
            self._ledger.audit(
                AuditEntry(
                    at=now,
                    event="delivery.replayed",
                    cart=opened.cart,
                    transaction_id=opened.transaction_id,
                    detail={"delivery_id": delivery_id},
                )
            )
            log.info("delivery.replayed", delivery_id=delivery_id, transaction_id=opened.transaction_id)
        return opened
