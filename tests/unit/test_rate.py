"""A limit on how often something may happen."""

from __future__ import annotations

import pytest

from bridge.services.rate import RateLimit
from tests.fakes.clock import FakeClock


def allowed(limit: RateLimit, times: int) -> int:
    return sum(limit.allows() for _ in range(times))


def test_as_many_at_once_as_in_a_minute_and_not_one_more() -> None:
    limit = RateLimit(5, FakeClock())

    assert allowed(limit, 20) == 5


@pytest.mark.parametrize(("seconds", "more"), [(11.9, 0), (12, 1), (24, 2), (59.9, 4), (60, 5), (3600, 5)])
def test_what_was_used_up_comes_back_in_a_minute(seconds: float, more: int) -> None:
    clock = FakeClock()
    limit = RateLimit(5, clock)
    allowed(limit, 5)
    clock.advance(seconds=seconds)

    assert allowed(limit, 20) == more


def test_asking_in_vain_costs_nothing() -> None:
    clock = FakeClock()
    limit = RateLimit(1, clock)
    limit.allows()
    for _ in range(59):
        clock.advance(seconds=1)
        assert not limit.allows()
    clock.advance(seconds=1)

    assert limit.allows()


def test_over_an_hour_no_more_than_the_rate() -> None:
    clock = FakeClock()
    limit = RateLimit(10, clock)
    passed = 0
    for _ in range(3600):
        passed += allowed(limit, 3)
        clock.advance(seconds=1)

    assert passed == 10 + 599
