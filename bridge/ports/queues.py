"""What waits for somebody to take it up: deliveries, refunds, notices, tasks, and what a crash left lying.

Whoever works on something has taken it first, by the number of rows that a conditional update changed: so that any
number of threads and sidecars may look for work at once. What is taken is due again by itself at `until`, should its
worker die.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from bridge.domain.attempt import Attempt
from bridge.domain.cart import CartRef, CartState
from bridge.domain.notices import Notice
from bridge.domain.records import Delivery, DeliveryState, Refund, RefundState


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """How much there is of what. `live`: attempts that may still be paid; `completed`: paid since the asked time.

    The others map a state to how many are in it, for the states in which something is still to be done.
    """

    live: int = 0
    completed: int = 0
    deliveries: Mapping[str, int] = field(default_factory=dict)
    refunds: Mapping[str, int] = field(default_factory=dict)
    notices: Mapping[str, int] = field(default_factory=dict)


FARTHEST = timedelta(days=2)
"""No plan goes further than this: settings of pauses and lifetimes end at one day. A time beyond it was written while
the clock was wrong (a machine that came up without its time), and what waits for it would wait for ever."""


def covered_by(delivery: Delivery) -> str:
    """What stands as the last error of deliveries that a later one covers."""
    return f"covered by delivery {delivery.id}"


class Queues(Protocol):
    """Every method raises `StoreDown` when the database can not be asked."""

    # --- deliveries -----------------------------------------------------------------------------------------------

    def due_deliveries(self, now: datetime, limit: int) -> tuple[Delivery, ...]:
        """Deliveries to be tried now, oldest first; those whose worker did not finish in time are among them."""
        ...

    def claim_delivery(self, delivery_id: str, now: datetime, until: datetime) -> Delivery | None:
        """Take a due delivery, which counts as a try; None when somebody else has it."""
        ...

    def take_waiting(self, transaction_id: str, now: datetime, until: datetime) -> Delivery | None:
        """Take the oldest delivery of the transaction that nobody works on; None when there is none.

        It counts as a try only when the delivery was due; else `planned_at` says when it was to be.
        """
        ...

    def hasten_waiting(self, transaction_id: str, now: datetime) -> Delivery | None:
        """Make the oldest delivery of the transaction that nobody works on due now; None when there is none.

        Where it was not due yet, the try that follows is not counted: its tries are one fewer.
        """
        ...

    def deliveries_in(
        self, states: frozenset[DeliveryState], limit: int, *, cart: CartRef | None = None
    ) -> tuple[Delivery, ...]:
        """Deliveries in any of these states (of one cart), oldest first."""
        ...

    def reopen_delivery(self, delivery_id: str, now: datetime) -> Delivery | None:
        """Make a delivery due now, as if it were new, its source `replay`; None when somebody works on it."""
        ...

    def cover(self, delivery: Delivery, now: datetime) -> int:
        """Close its transaction's older deliveries that failed or are dead, now that it is done; returns how many."""
        ...

    # --- refunds --------------------------------------------------------------------------------------------------

    def due_refunds(self, now: datetime, limit: int) -> tuple[Refund, ...]:
        """Unfinished refunds to be taken up now, oldest first."""
        ...

    def claim_refund(self, refund_id: str, now: datetime, until: datetime) -> Refund | None:
        """Take a due refund, which counts as a try; None when somebody else has it or it is finished."""
        ...

    def doubtful_refunds(self, now: datetime, limit: int) -> tuple[Refund, ...]:
        """Refunds that Mollie took and that are to be looked after there now, the longest due first."""
        ...

    def claim_look(self, refund_id: str, now: datetime, until: datetime) -> Refund | None:
        """Take such a refund to look after it, which is no try; None when somebody else has it or it is not due."""
        ...

    def find_refund(self, refund_id: str) -> Refund | None:
        """A refund by its id."""
        ...

    def refunds_of(self, transaction_id: str) -> tuple[Refund, ...]:
        """The refunds of a transaction, oldest first."""
        ...

    def refunds_in(self, states: frozenset[RefundState], limit: int) -> tuple[Refund, ...]:
        """Refunds in any of these states, oldest first."""
        ...

    # --- notices --------------------------------------------------------------------------------------------------

    def add_notice(self, notice: Notice) -> bool:
        """Store a notice; False, and nothing stored, when its case has one on this channel."""
        ...

    def due_notices(self, now: datetime, limit: int) -> tuple[Notice, ...]:
        """Notices to be sent now, oldest first."""
        ...

    def claim_notice(self, notice_id: str, now: datetime, until: datetime) -> Notice | None:
        """Take a due notice, which counts as a try; None when somebody else has it or it is sent."""
        ...

    def save_notice(self, notice: Notice) -> None:
        """Store a notice's new state, by id."""
        ...

    # --- tasks ----------------------------------------------------------------------------------------------------

    def take_task(self, name: str, holder: str, now: datetime, until: datetime) -> bool:
        """Take a task that nobody holds (any more), or hold on to one's own; False when somebody else holds it.

        Nobody holds one until a time that is farther away than `FARTHEST`.
        """
        ...

    def end_task(self, name: str, holder: str, now: datetime) -> None:
        """Let go of a task; one that is somebody else's by now is left alone."""
        ...

    # --- what a crash, or a shopper who never came back, left lying --------------------------------------------------

    def unchecked_attempts(
        self, *, quiet_since: datetime, silent_since: datetime, made_after: datetime, now: datetime, limit: int
    ) -> tuple[Attempt, ...]:
        """Attempts that may still be paid and that nobody has asked about for a while, the longest first.

        Live ones, and superseded ones that have a transaction, made after `made_after`, that have not changed since
        `quiet_since`, and of those the ones that were to expire before `now`, that have not changed since
        `silent_since`, or that have no transaction yet.
        """
        ...

    def unfinished_carts(self, limit: int) -> tuple[CartState, ...]:
        """Carts whose order was begun and not verified, and whose settling payment has no delivery to be worked on."""
        ...

    def hasten_strays(self, now: datetime) -> int:
        """Make due now what waits for a time that is farther away than `FARTHEST`; returns how many did."""
        ...

    def figures(self, since: datetime) -> Figures:
        """How much there is of what; `completed` counts from `since`."""
        ...

    def prune(self, now: datetime, *, audit_before: datetime, deliveries_before: datetime) -> int:
        """Remove expired idempotency keys, older audit entries, and older deliveries and notices that are done.

        Returns how many rows went.
        """
        ...
