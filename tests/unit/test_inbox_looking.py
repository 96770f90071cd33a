"""The looking for due deliveries goes on whatever goes wrong: nobody would see that it had ended."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import pytest

from bridge.ports.ledger import Ledger
from bridge.ports.queues import Queues
from tests.services.waiting import wait_until
from tests.unit.deliveries import inbox_of
from tests.unit.world import World


class NoThreads:
    """The machine starts no further thread, so many times."""

    def __init__(self, world: World, times: int) -> None:
        self.left = times
        self._pool = world.services.inbox._pool
        self._start = self._pool._adjust_thread_count
        self._pool._adjust_thread_count = self  # type: ignore[method-assign]

    def __call__(self) -> None:
        if self.left:
            self.left -= 1
            raise RuntimeError("can't start new thread")
        self._start()


class Unreadable:
    """What is due can not be read, for a reason that nobody foresaw, so many times."""

    def __init__(self, world: World, times: int) -> None:
        self.left = times
        self._ledger = world.ledger
        world.services.inbox._ledger = cast("Ledger", self)

    @property
    def queues(self) -> Queues:
        if self.left:
            self.left -= 1
            raise ValueError("'waiting' is not a valid DeliveryState")
        return self._ledger.queues


@pytest.fixture
def world() -> Iterator[World]:
    """`tr_1` has expired, and nobody has told the shop."""
    made = World()
    made.add_payment("tr_1", "expired", state="superseded")
    yield made
    made.close()


def is_done(world: World) -> bool:
    return [each.state.value for each in inbox_of(world)] == ["done"]


@pytest.mark.slow
@pytest.mark.req("B6")
@pytest.mark.parametrize("trouble", [NoThreads, Unreadable])
def test_the_looking_goes_on(world: World, trouble: type[NoThreads | Unreadable]) -> None:
    world.services.inbox.ask_later("tr_1", source="janitor")
    went_wrong = trouble(world, 1)
    world.services.inbox.start()

    wait_until(lambda: is_done(world), what="the delivery to be worked on")
    assert went_wrong.left == 0
    assert world.services.inbox._works == 0


@pytest.mark.req("B6")
def test_a_webhook_that_finds_no_thread_to_start_is_stored_once_and_worked_on_once(world: World) -> None:
    NoThreads(world, 1)

    assert world.services.inbox.receive("tr_1", source="mollie") is None
    assert [each.state.value for each in inbox_of(world)] == ["received"]
    assert world.services.inbox.work_due() == 1
    assert is_done(world)
    assert (world.asked, world.services.inbox._works) == (["tr_1"], 0)
