"""Another process that contends for locks: a program that obeys lines of JSON, and the handle by which a test leads it.

Orders, and what they answer:

    {"do": "acquire", "key", "timeout", "lifetime", "keep"}     the grant's token, or null
    {"do": "release", "key", "token"}                           true or false
    {"do": "count", "key", "file", "rounds", "pause"}           the numbers it wrote, having added 1 to the file's
                                                                number that often, each time under the lock

PHP's contender obeys the same orders (php/contender.php).
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from bridge.ports.locks import CartLocks
from tests.contract.locks.backends import Backend, open_locks
from tests.services.guard import guard

_ROOT = Path(__file__).parents[3]
ENOUGH = 60.0
"""Seconds that a contender waits for a lock it is sure to get."""


class Contender:
    """A process that answers one line for each line; use it as a context manager."""

    def __init__(self, command: list[str]) -> None:
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1, cwd=_ROOT
        )
        guard().watch(self.process.pid)

    @classmethod
    def of(cls, backend: Backend) -> Self:
        return cls([sys.executable, "-m", __name__, backend.kind, backend.where])

    def tell(self, **order: Any) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(order) + "\n")

    def answer(self) -> Any:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, "the contender ended without an answer"
        return json.loads(line)

    def acquire(self, key: str, *, timeout: float = 0.0, lifetime: float = 60.0, keep: bool = True) -> str | None:
        self.tell(do="acquire", key=key, timeout=timeout, lifetime=lifetime, keep=keep)
        token: str | None = self.answer()
        return token

    def release(self, key: str, token: str) -> bool:
        self.tell(do="release", key=key, token=token)
        return bool(self.answer())

    def kill(self) -> None:
        """Kill -9."""
        self.process.kill()
        self.process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # An ended input is the end for the contender; after an error it may wait for a lock it never gets.
        with self.process:
            if kind is not None:
                self.process.kill()


def count_up(locks: CartLocks, key: str, file: Path, rounds: int, pause: float = 0.0) -> list[int]:
    """Add 1 to the number in the file, `rounds` times, each under the lock; answers the numbers that were written.

    Between two rounds it pauses for up to `pause` seconds.
    """
    written = []
    for _ in range(rounds):
        grant = locks.acquire(key, timeout=ENOUGH, lifetime=ENOUGH, purpose="count")
        assert grant is not None
        number = int(file.read_text()) + 1
        time.sleep(0.0002)  # others get the chance to read the same number, if the lock lets them
        file.write_text(str(number))
        written.append(number)
        assert locks.release(key, grant.token)
        time.sleep(random.uniform(0, pause))
    return written


def _obey(locks: CartLocks, order: dict[str, Any]) -> Any:
    key = order["key"]
    match order["do"]:
        case "acquire":
            grant = locks.acquire(
                key, timeout=order["timeout"], lifetime=order["lifetime"], purpose="contend", keep=order["keep"]
            )
            return grant and grant.token
        case "release":
            return locks.release(key, order["token"])
        case "count":
            return count_up(locks, key, Path(order["file"]), order["rounds"], order["pause"])
        case unknown:
            raise AssertionError(unknown)


def main() -> None:
    locks = open_locks(*sys.argv[1:])
    for line in sys.stdin:
        print(json.dumps(_obey(locks, json.loads(line))), flush=True)  # noqa: T201  (the answer)
    locks.close()


if __name__ == "__main__":
    main()
