"""A ledger in memory: the semantics of the database, none of its concurrency.

One lock serialises everything. A transaction works on a copy of the tables, which takes their place when the work
returns and is forgotten when it raises; the records themselves are frozen, so a copy of the dictionaries is enough.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeVar

from bridge.domain.attempt import Attempt
from bridge.domain.cart import CartRef, CartState
from bridge.domain.errors import Conflict, KeyReused, StoreDown
from bridge.domain.notices import Notice
from bridge.domain.records import AuditEntry, Delivery, DeliveryState, IdempotencyRecord, Refund
from bridge.domain.shop import ShopView
from bridge.ports.ledger import CartTransaction
from bridge.ports.shop import Shop
from tests.fakes.memory_figures import MemoryFigures
from tests.fakes.memory_queues import MemoryQueues

T = TypeVar("T")


@dataclass(slots=True)
class Tables:
    carts: dict[CartRef, CartState] = field(default_factory=dict)
    attempts: dict[str, Attempt] = field(default_factory=dict)
    keys: dict[tuple[str, str], IdempotencyRecord] = field(default_factory=dict)
    deliveries: dict[str, Delivery] = field(default_factory=dict)
    refunds: dict[str, Refund] = field(default_factory=dict)
    audit: list[AuditEntry] = field(default_factory=list)
    notices: dict[str, Notice] = field(default_factory=dict)
    tasks: dict[str, tuple[str, datetime]] = field(default_factory=dict)

    def copy(self) -> Tables:
        return Tables(
            carts=dict(self.carts),
            attempts=dict(self.attempts),
            keys=dict(self.keys),
            deliveries=dict(self.deliveries),
            refunds=dict(self.refunds),
            audit=list(self.audit),
            notices=dict(self.notices),
            tasks=dict(self.tasks),
        )

    def add_notice(self, notice: Notice) -> bool:
        """Once for each case and channel."""
        if any((other.case, other.channel) == (notice.case, notice.channel) for other in self.notices.values()):
            return False
        self.notices[notice.id] = notice
        return True

    def attempts_of(self, cart: CartRef) -> tuple[Attempt, ...]:
        own = (attempt for attempt in self.attempts.values() if attempt.cart == cart)
        return tuple(sorted(own, key=lambda attempt: (attempt.created_at, attempt.id)))


class MemoryLedger:
    """Implements `Ledger`. With `down` set every call raises `StoreDown`; `transactions` counts those that returned."""

    def __init__(self, shop: Shop) -> None:
        self.down = False
        self.transactions = 0
        self._shop = shop
        self._tables = Tables()
        self._mutex = threading.Lock()
        self._owner: int | None = None

    @property
    def shop(self) -> Shop:
        return self._shop

    @property
    def queues(self) -> MemoryQueues:
        return MemoryQueues(self._asked, lambda: self._tables)

    @property
    def figures(self) -> MemoryFigures:
        return MemoryFigures(self._asked, lambda: self._tables)

    @property
    def trail(self) -> tuple[AuditEntry, ...]:
        """The whole audit trail, oldest first."""
        return tuple(self._tables.audit)

    def in_cart(self, cart: CartRef, work: Callable[[CartTransaction], T]) -> T:
        with self._asked():
            tables = self._tables.copy()
            transaction = _MemoryTransaction(tables, self._shop, cart)
            result = work(transaction)
            transaction.flush()
            self._tables = tables
            self.transactions += 1
            return result

    def find_state(self, cart: CartRef) -> CartState | None:
        with self._asked():
            return self._tables.carts.get(cart)

    def find_leased(self, token: str) -> CartState | None:
        return next((state for state in self.leased() if state.lease and state.lease.token == token), None)

    def leased(self) -> tuple[CartState, ...]:
        with self._asked():
            held = [(state.lease.taken_at, state) for state in self._tables.carts.values() if state.lease]
            return tuple(state for _, state in sorted(held, key=lambda pair: pair[0]))

    def find_attempt(self, attempt_id: str) -> Attempt | None:
        with self._asked():
            return self._tables.attempts.get(attempt_id)

    def find_attempt_by_transaction(self, transaction_id: str) -> Attempt | None:
        with self._asked():
            return next((a for a in self._tables.attempts.values() if a.transaction_id == transaction_id), None)

    def look(self, cart: CartRef) -> tuple[ShopView | None, tuple[Attempt, ...]]:
        view = self._shop.find_view(cart)
        with self._asked():
            return view, self._tables.attempts_of(cart)

    def attempts_of(self, cart: CartRef) -> tuple[Attempt, ...]:
        with self._asked():
            return self._tables.attempts_of(cart)

    def save_delivery(self, delivery: Delivery) -> None:
        with self._asked():
            self._tables.deliveries[delivery.id] = replace(delivery, planned_at=None)

    def find_delivery(self, delivery_id: str) -> Delivery | None:
        with self._asked():
            return self._tables.deliveries.get(delivery_id)

    def audit(self, entry: AuditEntry) -> None:
        with self._asked():
            self._tables.audit.append(entry)

    def audit_of(self, cart: CartRef, limit: int) -> tuple[AuditEntry, ...]:
        with self._asked():
            own = [entry for entry in self._tables.audit if entry.cart == cart]
            return tuple(own[max(0, len(own) - limit) :])

    def ping(self) -> None:
        with self._asked():
            pass

    def close(self) -> None:
        pass

    @contextmanager
    def _asked(self) -> Iterator[None]:
        if self.down:
            raise StoreDown("the ledger is down for this test")
        if self._owner == threading.get_ident():
            raise AssertionError("the ledger was called inside in_cart: work may use its argument only")
        with self._mutex:
            self._owner = threading.get_ident()
            try:
                yield
            finally:
                self._owner = None


class _MemoryTransaction:
    """Implements `CartTransaction` on a copy of the tables."""

    def __init__(self, tables: Tables, shop: Shop, cart: CartRef) -> None:
        self._tables = tables
        self._shop = shop
        self._stored = tables.carts.get(cart, CartState(cart=cart))
        self._state = self._stored
        self._attempt_written = False
        self._passed_over: dict[tuple[str, str], IdempotencyRecord] = {}

    @property
    def state(self) -> CartState:
        return self._state

    @property
    def shop(self) -> Shop:
        return self._shop

    def save_state(self, state: CartState) -> None:
        self._check_own(state.cart)
        self._state = replace(state, live_attempt_id=self._state.live_attempt_id, version=self._stored.version)

    def attempts(self) -> tuple[Attempt, ...]:
        return self._tables.attempts_of(self._stored.cart)

    def add_attempt(self, attempt: Attempt) -> None:
        if attempt.id in self._tables.attempts:
            raise Conflict(f"payment attempt {attempt.id} exists already")
        self._store(attempt)

    def save_attempt(self, attempt: Attempt) -> Attempt:
        self._check_own(attempt.cart)
        stored = self._tables.attempts.get(attempt.id)
        if stored is None or stored.version != attempt.version or stored.cart != attempt.cart:
            raise Conflict(f"payment attempt {attempt.id} was changed by somebody else")
        saved = replace(attempt, version=attempt.version + 1)
        self._store(saved)
        return saved

    def find_key(self, scope: str, key: str, now: datetime) -> IdempotencyRecord | None:
        record = self._tables.keys.get((scope, key))
        if record is not None and record.expires_at <= now:
            self._passed_over[scope, key] = record
            return None
        return record

    def save_key(self, record: IdempotencyRecord) -> None:
        name = record.scope, record.key
        stored = self._tables.keys.get(name)
        known = stored is None or stored.fingerprint == record.fingerprint or stored == self._passed_over.get(name)
        if not known:
            raise KeyReused(f"idempotency key {record.key[:40]!r} was used for another request")
        self._tables.keys[name] = record

    def refunds(self, transaction_id: str) -> tuple[Refund, ...]:
        own = (refund for refund in self._tables.refunds.values() if refund.transaction_id == transaction_id)
        return tuple(sorted(own, key=lambda refund: (refund.created_at, refund.id)))

    def save_refund(self, refund: Refund) -> None:
        others = [other for other in self._tables.refunds.values() if other.id != refund.id]
        claimed = refund.mollie_refund_id
        if any(other.key == refund.key or (claimed and other.mollie_refund_id == claimed) for other in others):
            raise Conflict(f"the idempotency key of refund {refund.id} is another refund's")
        self._tables.refunds[refund.id] = refund

    def save_delivery(self, delivery: Delivery) -> None:
        self._tables.deliveries[delivery.id] = replace(delivery, planned_at=None)

    def was_passed_on(self, delivery: Delivery) -> bool:
        passed_on = [each for each in self._tables.deliveries.values() if _was_heard(each, delivery)]
        last = max(passed_on, key=lambda each: (each.updated_at, each.id), default=None)
        return last is not None and _news(last) == _news(delivery)

    def add_notice(self, notice: Notice) -> bool:
        return self._tables.add_notice(notice)

    def audit(self, entry: AuditEntry) -> None:
        self._tables.audit.append(entry)

    def flush(self) -> None:
        """Write the cart's row when it has changed."""
        if self._state == self._stored and not (self._stored.version == 0 and self._attempt_written):
            return
        lease = self._state.lease
        others = (state for cart, state in self._tables.carts.items() if cart != self._stored.cart)
        if lease and any(other.lease and other.lease.token == lease.token for other in others):
            raise Conflict("the lease token is another cart's")
        self._tables.carts[self._stored.cart] = replace(self._state, version=self._stored.version + 1)

    def _store(self, attempt: Attempt) -> None:
        self._check_own(attempt.cart)
        others = [other for other in self._tables.attempts.values() if other.id != attempt.id]
        transaction = attempt.transaction_id
        if transaction is not None and any(other.transaction_id == transaction for other in others):
            raise Conflict(f"transaction {transaction} belongs to another payment attempt")
        if attempt.is_live and any(other.is_live and other.cart == attempt.cart for other in others):
            raise Conflict(f"{attempt.cart} has a live payment attempt")
        self._tables.attempts[attempt.id] = attempt
        self._attempt_written = True
        live = self._state.live_attempt_id
        if attempt.is_live:
            live = attempt.id
        elif live == attempt.id:
            live = None
        self._state = replace(self._state, live_attempt_id=live)

    def _check_own(self, cart: CartRef) -> None:
        if cart != self._stored.cart:
            raise ValueError(f"the transaction holds {self._stored.cart}, not {cart}")


def _was_heard(other: Delivery, delivery: Delivery) -> bool:
    done = other.state is DeliveryState.DONE and other.passed_on
    return done and other.id != delivery.id and other.transaction_id == delivery.transaction_id


def _news(delivery: Delivery) -> tuple[object, ...]:
    return delivery.seen_status, delivery.seen_refunded, delivery.seen_charged_back
