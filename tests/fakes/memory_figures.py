"""The figures of the ledger in memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractContextManager
from datetime import date, datetime
from typing import TYPE_CHECKING

from bridge.domain.attempt import Attempt, AttemptState
from bridge.domain.cart import OrderPhase
from bridge.domain.days import Begun, Decided, GivenBack, Ordered, summed
from bridge.domain.records import AuditEntry, Refund, RefundState
from bridge.domain.surplus import SURPLUS_KEY
from bridge.ports.figures import News, Unreturned

if TYPE_CHECKING:
    from tests.fakes.memory_ledger import Tables

_ON_ITS_WAY = frozenset({RefundState.QUEUED, RefundState.SENT, RefundState.REFUNDED})


class MemoryFigures:
    """Implements `FigureSource` on the tables that the ledger has now, under its lock."""

    def __init__(self, asked: Callable[[], AbstractContextManager[None]], tables: Callable[[], Tables]) -> None:
        self._asked = asked
        self._tables = tables

    def decided(self, since: datetime, until: datetime) -> tuple[Decided, ...]:
        with self._asked():
            found = [entry for entry in self._tables().audit if since <= entry.at < until]
            counts = Counter(_decision(entry) for entry in found if _is_told(entry))
            return tuple(
                Decided(day=day, decision=name, transaction_id=transaction_id, count=count)
                for (day, name, transaction_id), count in counts.items()
            )

    def money_of(self, transaction_ids: Collection[str]) -> Mapping[str, tuple[str, int]]:
        with self._asked():
            return {
                attempt.transaction_id: _charged(attempt)
                for attempt in self._tables().attempts.values()
                if attempt.transaction_id in transaction_ids and attempt.transaction_id is not None
            }

    def given_back(self, since: datetime) -> tuple[GivenBack, ...]:
        with self._asked():
            made = [
                refund
                for refund in self._tables().refunds.values()
                if refund.state is RefundState.REFUNDED and refund.updated_at >= since and self._is_surplus(refund)
            ]
            return tuple(
                GivenBack(
                    day=refund.updated_at.date(), currency=refund.money.currency, count=1, minor=refund.money.minor
                )
                for refund in made
            )

    def _is_surplus(self, refund: Refund) -> bool:
        cart = self._tables().carts.get(refund.cart)
        settled = cart.settled_transaction_id if cart is not None else None
        return refund.key.startswith(SURPLUS_KEY) or settled not in (None, refund.transaction_id)

    def begun(self, since: datetime, until: datetime) -> tuple[Begun, ...]:
        with self._asked():
            made = [attempt for attempt in self._tables().attempts.values() if since <= attempt.created_at < until]
            counts = Counter((attempt.created_at.date(), attempt.state) for attempt in made)
            return tuple(Begun(day=day, state=state, count=count) for (day, state), count in counts.items())

    def changed(self, since: datetime) -> frozenset[date]:
        with self._asked():
            attempts = self._tables().attempts.values()
            return frozenset(attempt.created_at.date() for attempt in attempts if attempt.updated_at >= since)

    def ordered(self, since: datetime, until: datetime) -> tuple[Ordered, ...]:
        with self._asked():
            tables = self._tables()
            return tuple(
                Ordered(
                    day=entry.at.date(),
                    seconds=int((entry.at - tables.attempts[entry.attempt_id].created_at).total_seconds()),
                    count=1,
                )
                for entry in tables.audit
                if since <= entry.at < until
                and entry.event == "order.verified"
                and entry.attempt_id is not None
                and entry.attempt_id in tables.attempts
            )

    def unreturned(self) -> tuple[Unreturned, ...]:
        with self._asked():
            tables = self._tables()
            left = []
            for attempt in tables.attempts.values():
                if attempt.state in (AttemptState.SURPLUS, AttemptState.HELD):
                    currency, minor = _charged(attempt)
                    going = [r for r in tables.refunds.values() if r.transaction_id == attempt.transaction_id]
                    minor -= sum(refund.money.minor for refund in going if refund.state in _ON_ITS_WAY)
                    left += [(currency, minor)] if minor > 0 else []
            return tuple(
                Unreturned(currency=currency, payments=[one for one, _ in left].count(currency), minor=minor)
                for currency, minor in summed(left).items()
            )

    def unverified(self, before: datetime) -> int:
        with self._asked():
            tables = self._tables()
            old = {attempt.transaction_id for attempt in tables.attempts.values() if attempt.updated_at < before}
            return sum(
                state.order_phase is OrderPhase.STARTED and state.settled_transaction_id in old
                for state in tables.carts.values()
            )

    def find_news(self) -> News | None:
        with self._asked():
            newest = max(self._tables().deliveries.values(), key=lambda each: each.received_at, default=None)
            return None if newest is None else News(at=newest.received_at, source=newest.source)

    def close(self) -> None:
        pass


def _is_told(entry: AuditEntry) -> bool:
    decision = entry.detail.get("decision")
    match entry.event:
        case "initiation.decided" | "initiation.observed":
            return decision != "Proceed"
        case "settlement.decided" | "settlement.observed":
            return decision == "Surplus"
        case _:
            return False


def _decision(entry: AuditEntry) -> tuple[date, str, str | None]:
    is_surplus = entry.event.startswith("settlement.")
    return entry.at.date(), str(entry.detail["decision"]), entry.transaction_id if is_surplus else None


def _charged(attempt: Attempt) -> tuple[str, int]:
    money = attempt.charged or attempt.money
    return money.currency, money.minor
