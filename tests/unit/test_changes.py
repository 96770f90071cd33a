"""Waiting for news of a cart: nothing is missed, and only so many may wait."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from bridge.domain.cart import CartRef
from bridge.services.changes import Changes
from tests.unit.builders import CART

OTHER = CartRef(shop_id=1, cart_id=43)
LONG = 20.0
"""Seconds that no test lasts: who waits them has missed his news."""


@pytest.fixture
def changes() -> Changes:
    return Changes(places=3, places_per_cart=2)


def seconds(work: Callable[[], None]) -> float:
    begun = time.monotonic()
    work()
    return time.monotonic() - begun


def test_news_wakes_who_waits_for_the_cart(changes: Changes) -> None:
    with changes.place(CART):
        seen = changes.seen(CART)
        waiter = threading.Thread(target=changes.wait, args=(CART, seen, LONG))
        waiter.start()
        changes.announce(CART)
        waiter.join(timeout=LONG / 2)

        assert not waiter.is_alive()


def test_news_that_came_before_the_wait_is_not_missed(changes: Changes) -> None:
    with changes.place(CART):
        seen = changes.seen(CART)
        changes.announce(CART)

        assert seconds(lambda: changes.wait(CART, seen, LONG)) < LONG / 2


def test_who_has_seen_the_news_waits_for_the_next(changes: Changes) -> None:
    with changes.place(CART):
        changes.announce(CART)
        seen = changes.seen(CART)

        assert seconds(lambda: changes.wait(CART, seen, 0.02)) >= 0.02


def test_news_of_another_cart_is_no_news(changes: Changes) -> None:
    with changes.place(CART), changes.place(OTHER):
        seen = changes.seen(CART)
        changes.announce(OTHER)

        assert seconds(lambda: changes.wait(CART, seen, 0.02)) >= 0.02


def test_each_cart_has_so_many_places(changes: Changes) -> None:
    with changes.place(CART) as first, changes.place(CART) as second:
        with changes.place(CART) as third:
            assert (first, second, third) == (True, True, False)
        with changes.place(OTHER) as other:
            assert other
    with changes.place(CART) as again:
        assert again


def test_all_carts_together_have_so_many_places(changes: Changes) -> None:
    with changes.place(CART), changes.place(CART), changes.place(OTHER), changes.place(OTHER) as fourth:
        assert not fourth


def test_a_place_is_free_again_after_an_error(changes: Changes) -> None:
    for _ in range(5):
        with pytest.raises(ZeroDivisionError), changes.place(CART):
            raise ZeroDivisionError

    with changes.place(CART) as taken:
        assert taken


def test_nothing_is_kept_of_carts_that_nobody_waits_for(changes: Changes) -> None:
    changes.announce(CART)
    with changes.place(CART):
        changes.announce(CART)

    assert not changes._news
    assert not changes._waiting
