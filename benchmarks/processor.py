"""Processor time of a process and its children: on a machine that is busy it says more than the clock."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Callable
from pathlib import Path


def processes_of(pid: int) -> list[int]:
    """The process and all that it started."""
    children = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True, check=False).stdout.split()
    return [pid, *(each for child in children for each in processes_of(int(child)))]


def processor_seconds(pids: list[int]) -> float:
    """What their threads have used since they began; to the microsecond (`schedstat`), user and system together."""
    total = 0
    for pid in pids:
        for thread in Path(f"/proc/{pid}/task").iterdir():
            with contextlib.suppress(FileNotFoundError):  # it has ended in between
                total += int((thread / "schedstat").read_text().split()[0])
    return total / 1e9


def busy_seconds() -> float:
    """What all processors of the machine together have worked since it started."""
    user, nice, system, _idle, _waiting, *interrupts = Path("/proc/stat").read_text().splitlines()[0].split()[1:8]
    return sum(map(int, (user, nice, system, *interrupts))) / os.sysconf("SC_CLK_TCK")


def used_by_each(pids: list[int], calls: int, call: Callable[[int], object]) -> list[float]:
    """Processor seconds of each call, sorted.

    From the beginning of one to the beginning of the next: what is tidied up behind the answer belongs to it.
    """
    used = []
    before = processor_seconds(pids)
    for number in range(calls):
        call(number)
        now = processor_seconds(pids)
        used.append(now - before)
        before = now
    return sorted(used)
