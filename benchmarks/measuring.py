"""Timing in turns, so that whatever else the machine does hits every candidate alike."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds of each call, sorted."""

    seconds: list[float]

    def quantile(self, share: float) -> float:
        """The time that `share` of the calls stayed under, in milliseconds."""
        return self.seconds[min(len(self.seconds) - 1, int(len(self.seconds) * share))] * 1000

    @property
    def mean(self) -> float:
        """In milliseconds."""
        return sum(self.seconds) / len(self.seconds) * 1000

    @property
    def p50(self) -> float:
        return self.quantile(0.50)

    @property
    def p99(self) -> float:
        return self.quantile(0.99)


def in_turns(calls: Mapping[str, Callable[[int], object]], *, rounds: int, warm_up: int = 50) -> dict[str, Timing]:
    """Call each in turn, `rounds` times; the number of the round is handed over."""
    times: dict[str, list[float]] = {name: [] for name in calls}
    for number in range(warm_up + rounds):
        for name, call in calls.items():
            begun = time.perf_counter()
            call(number)
            if number >= warm_up:
                times[name].append(time.perf_counter() - begun)
    return {name: Timing(sorted(values)) for name, values in times.items()}


def print_table(timings: Mapping[str, Timing]) -> None:
    """One line for each candidate."""
    width = max(map(len, timings))
    print(f"{'':{width}}  {'p50 ms':>8}  {'p99 ms':>8}")
    for name, timing in timings.items():
        print(f"{name:{width}}  {timing.p50:8.2f}  {timing.p99:8.2f}")
