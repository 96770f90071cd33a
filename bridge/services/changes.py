"""Waiting for news of a cart without asking the database in a loop."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from bridge.domain.cart import CartRef


class Changes:
    """News of carts within this process, and a bound on how many requests may wait for it.

    A request that waits holds a thread of the server, so the number that may wait is limited, per cart and in all:
    whoever finds no place is answered at once.
    """

    def __init__(self, *, places: int, places_per_cart: int) -> None:
        self._changed = threading.Condition()
        self._places = places
        self._places_per_cart = places_per_cart
        self._waiting: Counter[CartRef] = Counter()
        self._news: Counter[CartRef] = Counter()

    @contextmanager
    def place(self, cart: CartRef) -> Iterator[bool]:
        """Take a place to wait for the cart's news; False when there is none left."""
        with self._changed:
            taken = self._waiting.total() < self._places and self._waiting[cart] < self._places_per_cart
            if taken:
                self._waiting[cart] += 1
        try:
            yield taken
        finally:
            if taken:
                self._leave(cart)

    def _leave(self, cart: CartRef) -> None:
        with self._changed:
            self._waiting[cart] -= 1
            if not self._waiting[cart]:
                del self._waiting[cart]
                self._news.pop(cart, None)

    def seen(self, cart: CartRef) -> int:
        """The number of news so far, to be handed to `wait`, so that none that comes in between is missed."""
        with self._changed:
            return self._news[cart]

    def wait(self, cart: CartRef, seen: int, timeout: float) -> None:
        """Return when there was news since `seen`, or after `timeout` seconds."""
        with self._changed:
            self._changed.wait_for(lambda: self._news[cart] != seen, timeout)

    def announce(self, cart: CartRef) -> None:
        """Wake those who wait for the cart."""
        with self._changed:
            if self._waiting[cart]:
                self._news[cart] += 1
                self._changed.notify_all()
