"""Waiting for a file lock in the kernel's queue, but not longer than allowed.

flock(2) knows no time limit: it ends with the lock or with a signal. So the contender's own thread waits in flock(2),
and the keeper sends that thread a signal when its time is up. Why this is sound:

- The signal has a handler, installed without SA_RESTART, so the system call ends with EINTR instead of going on. The
  call is made through ctypes because `fcntl.flock` would go back to waiting after EINTR (PEP 475).
- The handler is a C function without effect (`abs`), not a Python one: Python's runs in the main thread alone, which
  may sit in the server's event loop, and can be installed from there alone. The interpreter never learns of the signal.
- A signal that arrives just before the thread enters flock(2) is lost for us; the keeper therefore sends it again every
  few milliseconds until the contender has said that it is out. It says so under a mutex that the keeper holds while
  sending, so a thread that has gone on, or ended, is never signalled.
- flock(2) either locked and answers 0, or did not and answers EINTR: there is no late success to be given back, no
  waiting thread left behind, and the kernel takes the contender out of its queue.

Polling would be simpler, and is what the libraries do, but a poller loses against everybody who waits in the kernel.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from bridge.adapters.lock_keeper import LockKeeper
from bridge.domain.errors import LockBackendDown

_AGAIN = 0.002
"""Seconds until a signal is repeated: long enough for a thread to get out of the call, short against any time limit."""


class LockWaits:
    """Everybody in this process who waits for a file lock in the kernel."""

    def __init__(self, keeper: LockKeeper) -> None:
        self._keeper = keeper
        self._signal = _take_free_signal()
        self._changed = threading.Condition()
        self._alarms: set[_Alarm] = set()
        self._closed = False
        self._thread = threading.local()

    def lock_within(self, descriptor: int, seconds: float) -> bool:
        """Lock the open file exclusively, waiting for it up to `seconds` in the kernel; False when the time is up.

        Raises OSError when the file system can not lock, and `LockBackendDown` after `close`, also to those who wait.
        """
        if seconds <= 0:
            return False
        with self._alarm(seconds) as alarm:
            locked = _lock_unless_rung(descriptor, alarm)
        if not locked:
            self._refuse_when_closed()
        return locked

    def close(self) -> None:
        """Ring everybody's alarm now, and come back when all have stopped waiting."""
        with self._changed:
            self._closed = True
            for alarm in self._alarms:
                self._keeper.call_in(0, alarm.ring)
            self._changed.wait_for(lambda: not self._alarms)

    @contextmanager
    def _alarm(self, seconds: float) -> Iterator[_Alarm]:
        self._let_signal_through()
        alarm = _Alarm(self._signal)
        with self._changed:
            self._refuse_when_closed()
            self._alarms.add(alarm)
            appointment = self._keeper.call_in(seconds, alarm.ring)
        try:
            yield alarm
        finally:
            # Here the lock may just have been taken and others wait for its end: nothing slow.
            alarm.stop_listening()
            self._keeper.cancel(appointment)
            self._alarms.discard(alarm)
            if self._closed:
                with self._changed:
                    self._changed.notify_all()

    def _refuse_when_closed(self) -> None:
        if self._closed:
            raise LockBackendDown("the locks of this process are closed: it is shutting down")

    def _let_signal_through(self) -> None:
        # A server's threads may have been started with all signals blocked. It stays unblocked: nobody else sends it.
        if not getattr(self._thread, "listens", False):
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {self._signal})
            self._thread.listens = True


def _lock_unless_rung(descriptor: int, alarm: _Alarm) -> bool:
    while _libc().flock(descriptor, fcntl.LOCK_EX) != 0:
        number = ctypes.get_errno()
        if number != errno.EINTR:
            raise OSError(number, os.strerror(number))
        # Another signal (a debugger's, a timer's) may have ended the call; only the alarm says that the time is up.
        if alarm.rung:
            return False
    return True


class _Alarm:
    """Tells one thread, for as long as it listens, that its time is up."""

    def __init__(self, number: int) -> None:
        self.rung = False
        self._number = number
        self._thread = threading.get_ident()
        self._listening = True
        self._mutex = threading.Lock()

    def ring(self) -> float | None:
        with self._mutex:
            if not self._listening:
                return None
            self.rung = True
            signal.pthread_kill(self._thread, self._number)
            return _AGAIN

    def stop_listening(self) -> None:
        with self._mutex:
            self._listening = False


@cache
def _libc() -> ctypes.CDLL:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.flock.argtypes = (ctypes.c_int, ctypes.c_int)
    libc.signal.argtypes = (ctypes.c_int, ctypes.c_void_p)
    libc.signal.restype = ctypes.c_void_p
    libc.siginterrupt.argtypes = (ctypes.c_int, ctypes.c_int)
    return libc


@cache
def _take_free_signal() -> int:
    """Make the highest real-time signal that nobody uses ours for the life of the process, and answer its number."""
    libc = _libc()
    without_effect = ctypes.cast(libc.abs, ctypes.c_void_p)
    for number in range(signal.SIGRTMAX, signal.SIGRTMIN - 1, -1):
        before = libc.signal(number, without_effect)
        if before is None:  # SIG_DFL is the null pointer
            libc.siginterrupt(number, 1)
            return number
        libc.signal(number, before)
    raise LockBackendDown("no free real-time signal is left to bound the waiting for file locks")
