"""What happened in the shop, in the order in which it happened, for the page and for the demo's table."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Happening(StrEnum):
    """The kinds of events that a merchant can tell apart."""

    PAYMENT_CREATED = "payment_created"
    ORDER_CREATED = "order_created"
    ORDER_STATE = "order_state"
    WEBHOOK = "webhook"
    GUARD = "guard"
    """The bridge's shim decided something."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing that happened to a cart; `at` is aware UTC, `cart_id` 0 where no cart is known."""

    at: datetime
    kind: Happening
    cart_id: int
    text: str


class Journal:
    """A bounded list of events that several web servers may share."""

    def __init__(self, limit: int = 5_000) -> None:
        self._lock = threading.Lock()
        self._limit = limit
        self._events: list[Event] = []

    def add(self, event: Event) -> None:
        """Append, forgetting the oldest when there are too many."""
        with self._lock:
            self._events.append(event)
            del self._events[: -self._limit]

    def of_cart(self, cart_id: int) -> tuple[Event, ...]:
        """The events of one cart, oldest first."""
        with self._lock:
            return tuple(event for event in self._events if event.cart_id == cart_id)

    def all(self) -> tuple[Event, ...]:
        """Every event, oldest first."""
        with self._lock:
            return tuple(self._events)
