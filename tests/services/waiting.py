"""Waiting for a condition with a deadline, so that no test ever sleeps for a guessed time."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

BOUNDED = 15.0
"""Seconds in which whatever has a limit of a second or two is over, on a slow and busy machine too.

What the tests let drag on, so that the limit ends it, would last 20 seconds at least.
"""


class WaitedInVain(AssertionError):
    """The condition did not come true within the time limit."""


def wait_until(
    condition: Callable[[], T],
    timeout: float = 30.0,
    *,
    what: str = "",
    interval: float = 0.01,
) -> T:
    """Call `condition` until its answer is true and return that answer.

    `timeout` and `interval` are seconds. Raises `WaitedInVain`, naming `what` and the last answer, when the time is up;
    the condition is asked at least once, and once more after the last pause.
    """
    deadline = time.monotonic() + timeout
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() >= deadline:
            name = what or getattr(condition, "__qualname__", repr(condition))
            raise WaitedInVain(f"waited {timeout:g} s in vain for {name}; the last answer was {answer!r}")
        time.sleep(interval)


def takes_at_most(seconds: float, once: Callable[[], float], *, tries: int = 3) -> bool:
    """Whether `once`, which tells how long it took, keeps to `seconds`, one time of three at least.

    For claims about time: a machine may stand still for a moment, but what has no limit is late every time.
    """
    return any(once() <= seconds for _ in range(tries))
