"""The self-test of the shop's module: PHP and this program each take a lock, and each has to see the other's.

The module answers nobody who does not sign with the shop's token (`src/SelfTest.php` of the module).
"""

from __future__ import annotations

import fcntl
import hashlib
import hmac
import json
import os
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from bridge.adapters.lock_files import lock_file_name, open_lock_file
from bridge.diagnosis.untestable import Untestable
from bridge.diagnosis.web import Page, ShopAddress, Unreached, post
from bridge.domain.errors import LockBackendDown
from bridge.ports.clock import Clock

HEADER: Final = "X-Molliebridge-Selftest"
PATH: Final = "index.php?fc=module&module=molliebridge&controller=selftest"

HOLD_MS: Final = 700
"""Milliseconds that PHP holds its lock: enough to be seen by a look each ten, on a machine that has other work, too."""

_LOOK: Final = 0.01
_LOCK_KEY: Final = "molliebridge-selftest-"


def signature(token: str, nonce: str, now: int) -> str:
    """The header's value: `t=<unix seconds>,nonce=<32 hex digits>,v1=<HMAC-SHA256 over t.selftest.nonce>`."""
    mac = hmac.new(token.encode(), f"{now}.selftest.{nonce}".encode(), hashlib.sha256).hexdigest()
    return f"t={now},nonce={nonce},v1={mac}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What the module answered with 200: the whole, and its part about the lock."""

    whole: dict[str, Any]
    lock: dict[str, Any]

    def text(self, name: str) -> str:
        """A text of it, '' where there is none."""
        value = self.whole.get(name)
        return value if isinstance(value, str) else ""


class NotTold(Exception):
    """The module did not do the self-test. `status` is 0 without any answer, `error` the module's own word."""

    def __init__(self, seen: str, *, status: int = 0, error: str = "", now: float | None = None) -> None:
        super().__init__(seen)
        self.seen = seen
        self.status = status
        self.error = error
        self.now = now


class SelfTest:
    """The self-test of one shop, each half made once."""

    def __init__(self, address: ShopAddress, *, token: str, directory: Path, clock: Clock) -> None:
        self._address = address
        self._token = token
        self._directory = directory
        self._clock = clock

    @cached_property
    def answer(self) -> Told | NotTold:
        """What the module says while this program holds the test's lock (or, where it can not be had, without it)."""
        nonce = secrets.token_hex(16)
        try:
            with self._locked(nonce):
                return self._ask(nonce, hold_ms=0)
        except LockBackendDown:
            return self._try_ask(nonce)
        except NotTold as fault:
            return fault

    @cached_property
    def php_is_seen(self) -> bool:
        """Whether this program sees the lock that PHP holds. Raises `Untestable` where PHP could not take it."""
        nonce = secrets.token_hex(16)
        answered, seen = threading.Event(), False
        outcome: list[Told | NotTold] = []

        def ask() -> None:
            outcome.append(self._try_ask(nonce, hold_ms=HOLD_MS))
            answered.set()

        asking = threading.Thread(target=ask, daemon=True)
        asking.start()
        file = self._directory / lock_file_name(_LOCK_KEY + nonce)
        while not (seen or answered.wait(_LOOK)):
            seen = _is_held(file)
        asking.join()
        told = outcome[0]
        if isinstance(told, NotTold):
            raise Untestable(told.seen)
        if told.lock.get("locked") is not True:
            raise Untestable(f"PHP can not lock in {told.lock.get('directory')}")
        return seen

    @contextmanager
    def _locked(self, nonce: str) -> Iterator[None]:
        file = self._directory / lock_file_name(_LOCK_KEY + nonce)
        descriptor = open_lock_file(file)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield
        finally:
            # Nobody comes for this key again.
            file.unlink(missing_ok=True)
            os.close(descriptor)

    def _try_ask(self, nonce: str, *, hold_ms: int = 0) -> Told | NotTold:
        try:
            return self._ask(nonce, hold_ms=hold_ms)
        except NotTold as fault:
            return fault

    def _ask(self, nonce: str, *, hold_ms: int) -> Told:
        signed = signature(self._token, nonce, int(self._clock.now().timestamp()))
        try:
            page = post(self._address, PATH, {"hold_ms": str(hold_ms)}, {HEADER: signed})
        except Unreached as error:
            raise NotTold(f"the shop did not answer: {error}") from error
        body = _read(page)
        if page.status != 200 or not isinstance(body.get("lock"), dict):
            now = body.get("now")
            raise NotTold(
                f"the shop answered {page.status}",
                status=page.status,
                error=str(body.get("error", "")),
                now=float(now) if isinstance(now, int | float) else None,
            )
        return Told(whole=body, lock=body["lock"])


def _read(page: Page) -> dict[str, Any]:
    with suppress(ValueError):
        found = json.loads(page.body)
        if isinstance(found, dict):
            return found
    return {}


def _is_held(file: Path) -> bool:
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False
