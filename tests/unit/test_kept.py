"""Figures that take long to count: one count for those who wait, and few who wait."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from bridge.domain.errors import StoreDown
from bridge.services.kept import FRESH_FOR, WAITING, Kept
from tests.fakes.clock import FakeClock
from tests.services.waiting import wait_until


class Count:
    """Counts its runs; each waits to be let go, and fails where it is told to."""

    def __init__(self) -> None:
        self.runs = 0
        self.fails = False
        self.let_go = threading.Event()

    def __call__(self) -> int:
        self.runs += 1
        assert self.let_go.wait(30)
        if self.fails:
            raise StoreDown("it took too long")
        return self.runs


def test_figures_are_counted_again_when_they_are_no_longer_fresh() -> None:
    clock, count = FakeClock(), Count()
    count.let_go.set()
    kept = Kept(count, clock)

    assert [kept.value(), kept.value()] == [1, 1]
    clock.advance(seconds=FRESH_FOR)
    assert kept.value() == 2


@pytest.mark.parametrize("fails", [False, True])
def test_a_count_that_does_not_end_holds_few_of_the_servers_threads(fails: bool) -> None:
    """Each of the shop's pages may ask; the threads are there for those who pay."""
    count = Count()
    count.fails = fails
    kept = Kept(count, FakeClock())
    with ThreadPoolExecutor(WAITING) as callers:
        waiting = [callers.submit(kept.value) for _ in range(WAITING)]
        wait_until(lambda: kept._places._value == 0, what="all places to be taken")

        with pytest.raises(StoreDown, match="are being counted"):
            kept.value()
        count.let_go.set()

    answers = [future.exception() or future.result() for future in waiting]
    assert count.runs == (WAITING if fails else 1)
    assert all(isinstance(answer, StoreDown) if fails else answer == 1 for answer in answers)
    count.fails = False
    assert kept.value() == count.runs
