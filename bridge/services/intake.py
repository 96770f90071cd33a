"""Taking deliveries in: stored before anything else is done about them, and no more of one payment than are needed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from bridge.domain.errors import TooManyUnknown
from bridge.domain.records import BY_A_PERSON, OWN_QUESTIONS, Delivery, DeliveryState
from bridge.ports.clock import Clock
from bridge.ports.ledger import Ledger
from bridge.services.deliveries import new_delivery
from bridge.services.rate import RateLimit
from bridge.services.settings import WebhookLimits


class Intake:
    """Stores what comes in.

    A delivery of the same payment that waits for its next try is taken up instead of storing another: both would ask
    Mollie the same question. One that is being worked on is no reason not to store: what it has seen may be old.

    What is taken up is worked on for the one who has more to say: a person, then whoever announced it, then a question
    of the bridge's own, of which the shop does not hear in every case.
    """

    def __init__(self, *, ledger: Ledger, clock: Clock, limits: WebhookLimits) -> None:
        self._ledger = ledger
        self._clock = clock
        self._limits = limits
        self._unknown = RateLimit(limits.unknown_per_minute, clock)

    def check(self, transaction_id: str) -> None:
        """Raise `TooManyUnknown` when it is one too many of the payments that nobody here knows.

        Webhooks are not signed: anybody may announce payments that do not exist, and each is a question to Mollie.
        """
        known = (
            self._ledger.find_attempt_by_transaction(transaction_id) is not None
            or self._ledger.shop.find_payment(transaction_id) is not None
        )
        if not known and not self._unknown.allows():
            raise TooManyUnknown("too many webhooks of unknown payments; send it again later", retry_after=60.0)

    def take(
        self, transaction_id: str, *, source: str, query: str | None = None, rest: timedelta | None = None
    ) -> Delivery:
        """A delivery that is taken for working on it: a worker that dies leaves it due again, after `rest`."""
        now = self._clock.now()
        until = now + (rest if rest is not None else self._limits.working)
        waiting = self._ledger.queues.take_waiting(transaction_id, now, until)
        if waiting is not None:
            return self._for(source, waiting)
        delivery = new_delivery(transaction_id, source=source, now=now, query=query)
        taken = replace(delivery, state=DeliveryState.WORKING, next_try_at=until, tries=1)
        self._ledger.save_delivery(taken)
        return taken

    def _for(self, source: str, taken: Delivery) -> Delivery:
        if _weight(source) <= _weight(taken.source):
            return taken
        raised = replace(taken, source=source)
        self._ledger.save_delivery(raised)
        return raised

    def take_up(self, due: Delivery) -> Delivery | None:
        """Take a due delivery for working on it, which counts as a try; None when somebody else has it."""
        now = self._clock.now()
        return self._ledger.queues.claim_delivery(due.id, now, now + self._limits.working)

    def lay_down(self, taken: Delivery) -> None:
        """What was taken and not begun is due again at once, and has not been tried."""
        now = self._clock.now()
        tries = taken.tries if taken.planned_at is not None else max(0, taken.tries - 1)
        self._ledger.save_delivery(
            replace(taken, state=DeliveryState.RECEIVED, tries=tries, next_try_at=now, updated_at=now)
        )

    def find(self, delivery_id: str) -> Delivery | None:
        """A delivery by its id."""
        return self._ledger.find_delivery(delivery_id)

    def store(self, transaction_id: str, *, source: str, query: str | None = None) -> Delivery:
        """A delivery that is due at once, for whoever has time for it."""
        now = self._clock.now()
        waiting = self._ledger.queues.hasten_waiting(transaction_id, now)
        if waiting is not None and _weight(source) <= _weight(waiting.source):
            return waiting
        delivery = new_delivery(transaction_id, source=source, now=now, query=query)
        self._ledger.save_delivery(delivery)
        return delivery


def _weight(source: str) -> int:
    return 0 if source in OWN_QUESTIONS else 2 if source in BY_A_PERSON else 1
