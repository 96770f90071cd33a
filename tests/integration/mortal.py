"""The handle of sidecars that are killed by the hundred: `tests.integration.nursery` bears them."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Literal

from tests.integration.sidecar import Sidecar

Work = Literal["refunds", "inbox", "janitor"]
"""A round of the refund queue, of the inbox, or `mollie-bridge janitor --once`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """What a sidecar did before its end: the points that it passed, and whether it died at the one asked for."""

    points: list[str]
    was_killed: bool


class MortalSidecar(Sidecar):
    """No sidecar runs until `live`; each lives until it kills itself or `end`."""

    name = "nursery"

    def __init__(self) -> None:
        super().__init__(module="tests.integration.nursery")
        self._connection: socket.socket | None = None
        self._die_at = 0

    def answers(self) -> bool:
        with suppress(OSError), socket.socket(socket.AF_UNIX) as probe:
            probe.connect(str(self.folder / "control"))
            return True
        return False

    def live(self, *, die_at: int = 0, later: float = 0.0) -> int:
        """A new sidecar, which serves; it kills itself at its n-th point (0: never). Its process id."""
        self._die_at = die_at
        return int(self._order("live", die_at, later)["pid"])

    def end(self) -> Life:
        """Kill it, unless it is dead; what it did."""
        return self._life(self._order("end", 0, 0.0))

    def work(self, what: Work, *, die_at: int = 0, later: float = 0.0) -> Life:
        """A new process that does one round of background work, to its end or its death."""
        self._die_at = die_at
        answer = self._order(what, die_at, later)
        life = self._life(answer)
        assert life.was_killed or answer["code"] == 0, self.log_end()
        return life

    @contextmanager
    def living(self, *, later: float = 0.0) -> Iterator[None]:
        """A sidecar for what is done inside."""
        self.live(later=later)
        try:
            yield
        finally:
            self.end()

    def _life(self, answer: dict[str, Any]) -> Life:
        points = answer["points"]
        return Life(points=points, was_killed=0 < self._die_at == len(points))

    def _order(self, what: str, die_at: int, later: float) -> dict[str, Any]:
        if self._connection is None:
            self._connection = socket.socket(socket.AF_UNIX)
            self._connection.connect(str(self.folder / "control"))
        self._connection.sendall(json.dumps({"do": what, "die_at": die_at, "later": later}).encode() + b"\n")
        with self._connection.makefile() as lines:
            answer = json.loads(lines.readline())
        assert isinstance(answer, dict)
        return answer

    def close(self) -> None:
        """Close the connection first: nothing is to be left open behind the folder."""
        if self._connection is not None:
            self._connection.close()
        super().close()
