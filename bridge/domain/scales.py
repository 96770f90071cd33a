"""The axes of plots: round numbers that lie evenly, from nothing to what is to be shown at least."""

from __future__ import annotations

from typing import Final

MOST_STEPS: Final = 4
"""More lines than that are noise in a plot of a hand's width."""

_TIMES: Final = (
    *(1, 2, 5, 10, 15, 30),
    *(60, 120, 300, 600, 900, 1_800),
    *(3_600, 7_200, 14_400, 21_600, 43_200),
)
_DAY: Final = 86_400


def round_ticks(highest: int) -> tuple[int, ...]:
    """0, and steps of 1, 2 or 5 times a power of ten up to `highest` or the step above it."""
    power = 1
    while power * 5 * MOST_STEPS < highest:
        power *= 10
    step = next(step for step in (power, power * 2, power * 5) if step * MOST_STEPS >= highest)
    return _ticks(step, highest)


def time_ticks(highest: int) -> tuple[int, ...]:
    """The same for seconds: steps that a clock has, then days."""
    step = next((step for step in _TIMES if step * MOST_STEPS >= highest), None)
    if step is None:
        step = _DAY * round_ticks(-(-highest // _DAY))[1]
    return _ticks(step, highest)


def _ticks(step: int, highest: int) -> tuple[int, ...]:
    return tuple(step * number for number in range(max(1, -(-highest // step)) + 1))
