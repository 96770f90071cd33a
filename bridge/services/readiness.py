"""Whether the bridge can work now: its database, its tables, its locks. Cheap enough to be asked every second."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import structlog

from bridge.domain.errors import LockBackendDown, TablesDiffer, Unavailable
from bridge.ports.ledger import Ledger
from bridge.ports.locks import CartLocks

log = structlog.get_logger()


class Part(StrEnum):
    """What the bridge can not work without."""

    DATABASE = "database"
    TABLES = "tables"
    LOCKS = "locks"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A part that fails, in words that may leave the program: neither host nor path. The log has the reason."""

    part: Part
    words: str

    def __str__(self) -> str:
        return f"{self.part.value}: {self.words}"


class Readiness:
    """One statement to the database, and one question to the lock backend."""

    def __init__(self, *, ledger: Ledger, locks: CartLocks) -> None:
        self._ledger = ledger
        self._locks = locks

    def faults(self) -> tuple[Fault, ...]:
        """What fails now; empty when the bridge can work."""
        found = (self._store(), self._lock_backend())
        return tuple(fault for fault in found if fault is not None)

    def _store(self) -> Fault | None:
        try:
            self._ledger.ping()
        except TablesDiffer as error:
            return _told(Fault(part=Part.TABLES, words=str(error)), error)
        except Unavailable as error:
            return _told(Fault(part=Part.DATABASE, words="it can not be asked"), error)
        return None

    def _lock_backend(self) -> Fault | None:
        try:
            self._locks.ping()
        except LockBackendDown as error:
            return _told(Fault(part=Part.LOCKS, words="no lock can be taken (lock directory or Redis)"), error)
        return None


def _told(fault: Fault, error: Exception) -> Fault:
    log.warning("readiness.failed", part=fault.part.value, error=str(error))
    return fault
