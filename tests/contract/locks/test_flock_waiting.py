"""What only the locks on files promise: waiting in the kernel."""

from __future__ import annotations

import fcntl
import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from bridge.adapters.clock import SystemClock
from bridge.adapters.flock_locks import FlockCartLocks
from bridge.adapters.flock_wait import LockWaits, _Alarm, _lock_unless_rung
from bridge.adapters.lock_keeper import LockKeeper
from tests.contract.locks.moves import LONG, SOON, granted, refused, waits_in_kernel
from tests.services.waiting import wait_until

pytestmark = pytest.mark.req("P7")


def naps(thread: threading.Thread) -> int:
    """How often the kernel has put the thread to sleep."""
    status = Path(f"/proc/self/task/{thread.native_id}/status")
    lines = status.read_text().splitlines() if status.exists() else []
    return sum(int(line.split()[1]) for line in lines if line.startswith("voluntary_ctxt_switches"))


@contextmanager
def held_by_somebody(file: Path) -> Iterator[None]:
    """The file locked by an open file that is none of ours."""
    with file.open("a") as opened:
        fcntl.flock(opened, fcntl.LOCK_EX)
        yield


def test_waiting_is_done_in_the_kernel(flock_locks: FlockCartLocks, file: Path, threads: ThreadPoolExecutor) -> None:
    with held_by_somebody(file):
        waiting = threads.submit(granted, flock_locks, timeout=LONG)
        wait_until(lambda: waits_in_kernel(os.getpid()), what="the kernel to know of us")

    assert waiting.result(30)


def test_who_gave_up_leaves_the_kernels_queue_and_no_thread(flock_locks: FlockCartLocks, file: Path) -> None:
    with held_by_somebody(file):
        refused(flock_locks, timeout=0.01)
        before = threading.active_count()

        assert refused(flock_locks, timeout=SOON)

        assert threading.active_count() == before
        assert not waits_in_kernel(os.getpid())
    assert granted(flock_locks)


def test_a_thread_that_blocks_all_signals_gives_up_in_time(flock_locks: FlockCartLocks, file: Path) -> None:
    outcome: list[bool] = []

    def deaf() -> None:
        signal.pthread_sigmask(signal.SIG_SETMASK, signal.valid_signals())
        outcome.append(refused(flock_locks, timeout=SOON))

    with held_by_somebody(file):
        thread = threading.Thread(target=deaf)
        thread.start()
        thread.join(30)

    assert outcome == [True]


def test_another_signal_does_not_end_the_waiting(flock_locks: FlockCartLocks, file: Path) -> None:
    outcome: list[bool] = []
    before = signal.signal(signal.SIGUSR1, lambda *_: None)
    try:
        with held_by_somebody(file):
            thread = threading.Thread(target=lambda: outcome.append(granted(flock_locks, timeout=LONG)))
            thread.start()
            wait_until(lambda: waits_in_kernel(os.getpid()), what="the thread to wait")
            slept = naps(thread)
            signal.pthread_kill(thread.ident or 0, signal.SIGUSR1)
            wait_until(lambda: naps(thread) > slept or not thread.is_alive(), what="the thread to wake up")
        thread.join(30)
    finally:
        signal.signal(signal.SIGUSR1, before)

    assert outcome == [True]


def test_our_signal_does_no_harm_to_the_process(flock_locks: FlockCartLocks, file: Path) -> None:
    with held_by_somebody(file):
        refused(flock_locks, timeout=0.01)

    os.kill(os.getpid(), flock_locks._waits._signal)

    assert granted(flock_locks)


def test_a_signal_that_comes_before_the_thread_is_in_the_kernel_comes_again(file: Path) -> None:
    keeper = LockKeeper(SystemClock())
    alarm = _Alarm(LockWaits(keeper)._signal)
    with held_by_somebody(file), file.open("a") as ours:
        keeper.call_in(0, alarm.ring)
        wait_until(lambda: alarm.rung, what="the first ring, in vain")

        assert not _lock_unless_rung(ours.fileno(), alarm)
    alarm.stop_listening()
    keeper.close()


def test_many_short_waits_all_end(flock_locks: FlockCartLocks, file: Path, threads: ThreadPoolExecutor) -> None:
    with held_by_somebody(file):
        outcomes = list(threads.map(lambda _: refused(flock_locks, timeout=0.0001), range(500)))

    assert outcomes == [True] * 500


def test_a_file_removed_while_it_was_waited_for_is_made_anew(
    directory: Path, flock_locks: FlockCartLocks, file: Path, threads: ThreadPoolExecutor
) -> None:
    with held_by_somebody(file):
        waiting = threads.submit(granted, flock_locks, timeout=LONG)
        wait_until(lambda: waits_in_kernel(os.getpid()), what="the thread to wait")
        file.unlink()

    assert waiting.result(30)
    newcomer = FlockCartLocks(directory, SystemClock())
    assert refused(newcomer)
    newcomer.close()
