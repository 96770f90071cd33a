"""The thread that ends and extends holds, and the lifetimes that a clock decides."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
import structlog

from bridge.adapters.clock import SystemClock
from bridge.adapters.lock_keeper import LockKeeper
from bridge.adapters.lock_watchdog import LockWatchdog
from bridge.adapters.memory_locks import MemoryCartLocks
from bridge.domain.errors import LockBackendDown
from tests.fakes.clock import FakeClock
from tests.services.waiting import wait_until

KEY = "webhook-cart-42"
SOON = 0.02


@pytest.fixture
def keeper() -> Iterator[LockKeeper]:
    made = LockKeeper(SystemClock())
    yield made
    made.close()


def test_appointments_are_kept_in_the_order_of_their_time(keeper: LockKeeper) -> None:
    kept: list[str] = []
    keeper.call_in(2 * SOON, lambda: kept.append("second"))
    keeper.call_in(SOON, lambda: kept.append("first"))

    wait_until(lambda: len(kept) == 2)
    assert kept == ["first", "second"]


def test_an_action_may_ask_to_be_called_again(keeper: LockKeeper) -> None:
    calls: list[int] = []

    def three_times() -> float | None:
        calls.append(1)
        return SOON if len(calls) < 3 else None

    keeper.call_in(0, three_times)
    done = threading.Event()
    wait_until(lambda: len(calls) == 3)
    keeper.call_in(3 * SOON, done.set)

    assert done.wait(30)
    assert len(calls) == 3


def test_a_cancelled_appointment_is_not_kept(keeper: LockKeeper) -> None:
    kept: list[str] = []
    done = threading.Event()
    cancelled = keeper.call_in(SOON, lambda: kept.append("cancelled"))
    keeper.call_in(2 * SOON, done.set)

    keeper.cancel(cancelled)

    assert done.wait(30)
    assert kept == []


def test_cancelled_appointments_do_not_pile_up(keeper: LockKeeper) -> None:
    for _ in range(10_000):
        keeper.cancel(keeper.call_in(60, lambda: None))

    assert len(keeper._heap) < 200


def test_a_failing_action_is_logged_and_harms_no_other(keeper: LockKeeper) -> None:
    done = threading.Event()

    def fail() -> None:
        raise ValueError("broken")

    with structlog.testing.capture_logs() as logs:
        keeper.call_in(0, fail)
        keeper.call_in(SOON, done.set)
        assert done.wait(30)

    assert [entry["event"] for entry in logs] == ["lock.keeper_action_failed"]


def test_no_thread_before_the_first_appointment_and_none_after_the_end() -> None:
    before = threading.active_count()
    keeper = LockKeeper(SystemClock())
    assert threading.active_count() == before
    keeper.call_in(60, lambda: None)
    assert threading.active_count() == before + 1

    keeper.close()

    assert threading.active_count() == before


def test_a_lifetime_ends_when_the_clock_says_so() -> None:
    clock = FakeClock()
    locks = MemoryCartLocks(clock)
    grant = locks.acquire(KEY, timeout=0, lifetime=60, purpose="test", keep=False)
    assert grant is not None
    clock.advance(seconds=59)
    assert locks.acquire(KEY, timeout=0, lifetime=60, purpose="test") is None

    clock.advance(seconds=1)

    assert locks.held() == ()
    assert locks.acquire(KEY, timeout=0, lifetime=60, purpose="test") is not None
    assert not locks.release(KEY, grant.token)
    locks.close()


def test_the_watchdog_tries_again_when_the_backend_does_not_answer(keeper: LockKeeper) -> None:
    answers: list[object] = [LockBackendDown("away"), "extended", "extended"]
    asked: list[str] = []

    def extend(key: str, token: str, lifetime: float) -> object:
        asked.append(token)
        answer = answers[min(len(asked), len(answers)) - 1]
        if isinstance(answer, LockBackendDown):
            raise answer
        return answer

    watchdog = LockWatchdog(keeper, SystemClock(), extend)
    watchdog.guard(KEY, "token", 60 * SOON)

    wait_until(lambda: len(asked) >= 3)
    assert watchdog.guarded() == [(KEY, "token")]


def test_the_watchdog_lets_a_lost_hold_go_and_says_so(keeper: LockKeeper) -> None:
    watchdog = LockWatchdog(keeper, SystemClock(), lambda *_: None)
    with structlog.testing.capture_logs() as logs:
        watchdog.guard(KEY, "token", 3 * SOON)
        wait_until(lambda: watchdog.guarded() == [])
        wait_until(lambda: logs)

    (entry,) = logs
    assert (entry["event"], entry["lock_key"], entry["log_level"]) == ("lock.lost", KEY, "warning")
    assert "token" not in str(entry)


def test_the_watchdog_gives_up_when_the_lifetime_has_passed(keeper: LockKeeper) -> None:
    def extend(key: str, token: str, lifetime: float) -> object:
        raise LockBackendDown("away")

    watchdog = LockWatchdog(keeper, SystemClock(), extend)
    with structlog.testing.capture_logs() as logs:
        watchdog.guard(KEY, "token", 3 * SOON)
        wait_until(lambda: watchdog.guarded() == [])
        wait_until(lambda: logs)

    assert logs[0]["reason"] == "away"
