"""Faults on demand: what the network and Mollie's machines can do to a request."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from bridge.demo.simulator.errors import error_body

ANY = ".*"


class FaultKind(StrEnum):
    """What happens to the request."""

    ANSWER = "answer"  # this answer, and nothing is done
    DELAY = "delay"  # wait, then do the work
    DELAY_AFTER = "delay_after"  # do the work, wait, then answer
    HANG = "hang"  # never answer, nothing is done
    DROP_BEFORE = "drop_before"  # close the connection, nothing is done
    DROP_AFTER = "drop_after"  # do the work, then close the connection: the caller can not know


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One rule: for requests of `method` whose path matches `path` whole (regular expressions), `times` times.

    `times` None: until cleared. `seconds` belongs to the delays, the rest to `answer`.
    """

    kind: FaultKind
    method: str = ANY
    path: str = ANY
    times: int | None = 1
    seconds: float = 0.0
    status: int = 503
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""
    content_type: str = "application/hal+json"

    def __post_init__(self) -> None:
        """Refuse a rule that could never be used; raises ValueError."""
        if self.times is not None and self.times < 1:
            raise ValueError("times must be at least 1, or None for always")
        try:
            re.compile(self.method), re.compile(self.path)
        except re.error as error:
            raise ValueError(f"method and path are regular expressions: {error}") from error

    def matches(self, method: str, path: str) -> bool:
        """Whether this rule is about such a request."""
        return re.fullmatch(self.method, method) is not None and re.fullmatch(self.path, path) is not None


class Faults:
    """The rules in the order they were added; the first that matches a request is used and counted down."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rules: list[tuple[Fault, int | None]] = []
        self._let_go = threading.Event()

    def add(self, fault: Fault) -> None:
        """Put `fault` at the end of the rules."""
        with self._lock:
            self._rules.append((fault, fault.times))

    def answer(
        self,
        status: int,
        *,
        detail: str | None = "Simulated fault",
        headers: Mapping[str, str] | None = None,
        method: str = ANY,
        path: str = ANY,
        times: int | None = 1,
    ) -> None:
        """Answer with Mollie's error object and do nothing; `detail` None leaves that member out."""
        self.add(
            Fault(
                kind=FaultKind.ANSWER,
                method=method,
                path=path,
                times=times,
                status=status,
                headers=dict(headers or {}),
                body=json.dumps(error_body(status, detail)),
            )
        )

    def html(self, status: int = 502, *, method: str = ANY, path: str = ANY, times: int | None = 1) -> None:
        """Answer as a gateway does that lost its back end: an HTML page."""
        page = f"<html><body><h1>{status} Bad Gateway</h1></body></html>"
        self.add(
            Fault(
                kind=FaultKind.ANSWER,
                method=method,
                path=path,
                times=times,
                status=status,
                body=page,
                content_type="text/html",
            )
        )

    def delay(
        self,
        seconds: float,
        *,
        after_work: bool = False,
        method: str = ANY,
        path: str = ANY,
        times: int | None = 1,
    ) -> None:
        """Be slow: wait before the work, or between the work and the answer."""
        kind = FaultKind.DELAY_AFTER if after_work else FaultKind.DELAY
        self.add(Fault(kind=kind, method=method, path=path, times=times, seconds=seconds))

    def hang(self, *, method: str = ANY, path: str = ANY, times: int | None = 1) -> None:
        """Take the request and never answer it; nothing is done."""
        self.add(Fault(kind=FaultKind.HANG, method=method, path=path, times=times))

    def drop_before(self, *, method: str = ANY, path: str = ANY, times: int | None = 1) -> None:
        """Close the connection; nothing is done."""
        self.add(Fault(kind=FaultKind.DROP_BEFORE, method=method, path=path, times=times))

    def drop_after(self, *, method: str = ANY, path: str = ANY, times: int | None = 1) -> None:
        """Do the work and close the connection without an answer."""
        self.add(Fault(kind=FaultKind.DROP_AFTER, method=method, path=path, times=times))

    def take(self, method: str, path: str) -> Fault | None:
        """The fault that this request is to suffer, counted down; None for an undisturbed one."""
        with self._lock:
            for position, (fault, left) in enumerate(self._rules):
                if fault.matches(method, path):
                    if left == 1:
                        del self._rules[position]
                    elif left is not None:
                        self._rules[position] = (fault, left - 1)
                    return fault
        return None

    def wait(self, seconds: float) -> None:
        """Wait for `seconds`, or until the faults are cleared: a hanging request never outlives its test."""
        with self._lock:
            let_go = self._let_go
        let_go.wait(seconds)

    def rules(self) -> list[tuple[Fault, int | None]]:
        """The rules that stand, each with how often it is still to be used (None: always)."""
        with self._lock:
            return list(self._rules)

    def clear(self) -> None:
        """Drop every rule and let go of what waits."""
        with self._lock:
            self._rules.clear()
            self._let_go.set()
            self._let_go = threading.Event()
