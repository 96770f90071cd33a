"""One thread that does small things at their time: ends holds, extends them, wakes those whose patience is over."""

from __future__ import annotations

import heapq
import itertools
import math
import threading
from collections.abc import Callable

import structlog

from bridge.ports.clock import Clock

Action = Callable[[], float | None]
"""Called when its time has come; answers in how many seconds it wants to be called again, or None: never."""

_STALE_ALLOWED = 64
"""Cancelled appointments kept before the heap is rebuilt: doing it each time would cost more than it saves."""

_LOG = structlog.get_logger(__name__)


class Appointment:
    """One action at one moment, in the order of moments and, for the same moment, of making."""

    __slots__ = ("action", "order")

    def __init__(self, order: tuple[float, int], action: Action) -> None:
        self.order = order
        self.action: Action | None = action

    def __lt__(self, other: Appointment) -> bool:
        return self.order < other.order


class LockKeeper:
    """Keeps appointments in a thread of its own, which starts with the first one and ends with `close`."""

    def __init__(self, clock: Clock, name: str = "lock-keeper") -> None:
        self._clock = clock
        self._name = name
        self._changed = threading.Condition()
        self._heap: list[Appointment] = []
        self._numbers = itertools.count()
        self._stale = 0
        self._wakes_at = math.inf
        self._closed = False
        self._thread: threading.Thread | None = None

    def call_in(self, seconds: float, action: Action) -> Appointment:
        """Have `action` called in the keeper's thread `seconds` from now; it must be short and must not wait."""
        appointment = Appointment((self._clock.monotonic() + seconds, next(self._numbers)), action)
        with self._changed:
            self._push(appointment)
            if not self._closed and (self._thread is None or not self._thread.is_alive()):
                self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
                self._thread.start()
        return appointment

    def cancel(self, appointment: Appointment) -> None:
        """Forget the appointment; one that is being kept at this moment is not called again."""
        with self._changed:
            if appointment.action is None:
                return
            appointment.action = None
            self._stale += 1
            if self._stale > max(_STALE_ALLOWED, len(self._heap) // 2):
                self._heap = [kept for kept in self._heap if kept.action is not None]
                heapq.heapify(self._heap)
                self._stale = 0

    def close(self) -> None:
        """Forget all appointments and end the thread, waiting for the action that is under way."""
        with self._changed:
            self._closed = True
            self._heap.clear()
            thread = self._thread
            self._changed.notify()
        if thread is not None and thread is not threading.current_thread():
            thread.join()

    def _push(self, appointment: Appointment) -> None:
        heapq.heappush(self._heap, appointment)
        if appointment.order[0] < self._wakes_at:
            self._changed.notify()

    def _run(self) -> None:
        while (appointment := self._next_due()) is not None:
            action = appointment.action
            if action is None:
                continue
            try:
                again = action()
            except Exception:  # noqa: BLE001  (one broken action must not end the keeping of every other hold)
                _LOG.exception("lock.keeper_action_failed")
                again = None
            self._renew(appointment, again)

    def _next_due(self) -> Appointment | None:
        with self._changed:
            while not self._closed:
                now = self._clock.monotonic()
                # A cancelled appointment is slept for all the same: most holds are over long before their time, and if
                # the thread were awake for the end of each, it would be woken for the beginning of the next.
                self._wakes_at = self._heap[0].order[0] if self._heap else math.inf
                if self._wakes_at <= now:
                    return self._pop()
                self._changed.wait(self._wakes_at - now if self._heap else None)
            return None

    def _pop(self) -> Appointment:
        appointment = heapq.heappop(self._heap)
        if appointment.action is None:
            self._stale -= 1
        return appointment

    def _renew(self, appointment: Appointment, again: float | None) -> None:
        with self._changed:
            if again is None or appointment.action is None:
                appointment.action = None
                return
            appointment.order = (self._clock.monotonic() + again, next(self._numbers))
            self._push(appointment)
