"""Work that comes round again and again, on a thread of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable

import structlog

log = structlog.get_logger()


class Regularly:
    """Does `work` every `every` seconds until `close`; what goes wrong is logged, and the next round comes."""

    def __init__(self, name: str, work: Callable[[], object], *, every: float) -> None:
        self.name = name
        self._work = work
        self._every = every
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin, with a first round at once."""
        self._thread = threading.Thread(target=self._go_round, name=self.name, daemon=True)
        self._thread.start()

    def _go_round(self) -> None:
        while not self._stopped.is_set():
            try:
                self._work()
            except Exception as error:  # noqa: BLE001  (the one place where a thread would end unseen)
                log.error("background.failed", name=self.name, error=repr(error))
            self._stopped.wait(self._every)

    def close(self) -> None:
        """Finish the round in hand and stop."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join()
