"""The queue before a lock inside one process: for every key one contender has the turn, the others wait in order."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, field

from bridge.domain.errors import LockBackendDown


@dataclass(slots=True, eq=False)
class _Ticket:
    turn: threading.Event = field(default_factory=threading.Event)
    called: bool = False


class LockQueue:
    """First come, first served, by key; the turn is handed on directly, so nobody can push in and nobody polls.

    Whoever has the turn keeps it for as long as his hold lasts, and any thread may give it on.
    """

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._emptied = threading.Condition(self._mutex)
        # The contenders that wait behind the one who has the turn. A key is present only while somebody has it.
        self._lines: dict[str, deque[_Ticket]] = {}
        self._closed = False

    def enter(self, key: str, timeout: float) -> bool:
        """Wait up to `timeout` seconds (0: not at all) for the turn on `key`; False when the time is up.

        Raises `LockBackendDown` when the queue is closed, also while waiting.
        """
        with self._mutex:
            self._refuse_when_closed()
            line = self._lines.get(key)
            if line is None:
                self._lines[key] = deque()
                return True
            if timeout <= 0:
                return False
            ticket = _Ticket()
            line.append(ticket)
        return self._await_turn(key, ticket, timeout)

    def leave(self, key: str) -> None:
        """Give the turn to the next in line; the key is forgotten when nobody waits."""
        with self._mutex:
            line = self._lines[key]
            if not line:
                del self._lines[key]
                self._emptied.notify_all()
                return
            ticket = line.popleft()
            ticket.called = True
        ticket.turn.set()

    def waiting(self, key: str) -> int:
        """How many contenders of this process wait behind the one who has the turn."""
        with self._mutex:
            return len(self._lines.get(key, ()))

    def close(self) -> None:
        """Send everybody home who waits, and let nobody in any more; turns that were given stay until they are left."""
        with self._mutex:
            self._closed = True
            tickets = [ticket for line in self._lines.values() for ticket in line]
        for ticket in tickets:
            ticket.turn.set()

    def wait_until_empty(self, seconds: float) -> bool:
        """Wait until nobody has a turn any more; False when that takes longer than `seconds`."""
        with self._mutex:
            return self._emptied.wait_for(lambda: not self._lines, seconds)

    def _await_turn(self, key: str, ticket: _Ticket, timeout: float) -> bool:
        try:
            ticket.turn.wait(timeout)
        except BaseException:
            # Ctrl-C in the main thread: a turn that came in the same moment must not die with this contender.
            if not self._withdraw(key, ticket):
                self.leave(key)
            raise
        if self._withdraw(key, ticket):
            with self._mutex:
                self._refuse_when_closed()
            return False
        return True

    def _withdraw(self, key: str, ticket: _Ticket) -> bool:
        # The turn may come between the end of the wait and this line: then it stands, late as it is.
        with self._mutex:
            if ticket.called:
                return False
            self._lines[key].remove(ticket)
            return True

    def _refuse_when_closed(self) -> None:
        if self._closed:
            raise LockBackendDown("the locks of this process are closed: it is shutting down")
