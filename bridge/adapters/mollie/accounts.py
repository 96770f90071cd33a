"""Implements `MollieAccounts`: the key that each shop uses now, looked up again before it is a minute old."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import Final

from bridge.adapters.clock import SystemClock
from bridge.adapters.mollie.api import ClientMollie
from bridge.adapters.mollie.calls import Calls
from bridge.domain.errors import MollieUnauthorized
from bridge.ports.clock import Clock
from bridge.ports.shop import MollieAccess

ENDPOINT: Final = "https://api.mollie.com"

KEY_LIFETIME: Final = 30.0
"""Seconds for which a key is believed: well under the minute in which a merchant who changes it expects an effect."""


@dataclass(frozen=True, slots=True)
class _Known:
    access: MollieAccess
    until: float


class MollieClientAccounts:
    """Mollie for each shop, by the key that `access_of(shop_id)` finds.

    `call_timeout` bounds each call in all its requests, `connect_timeout` and `read_timeout` one connect and one read
    (seconds). Mollie answers in well under a second; ten leave room for a bad day, and let a webhook be answered within
    the twelve that it has. `most` is how many calls run at once.
    """

    def __init__(
        self,
        access_of: Callable[[int], MollieAccess | None],
        api_endpoint: str = ENDPOINT,
        *,
        connect_timeout: float = 2.0,
        read_timeout: float = 8.0,
        call_timeout: float = 10.0,
        most: int = 16,
        clock: Clock | None = None,
    ) -> None:
        self._access_of = access_of
        self._clock = clock or SystemClock()
        self._call_timeout = call_timeout
        self._calls = Calls(
            api_endpoint=api_endpoint,
            connect_timeout=connect_timeout,
            read_timeout=read_timeout,
            most=most,
            clock=self._clock,
        )
        self._known: dict[int, _Known] = {}
        self._mutex = Lock()

    def of(self, shop_id: int) -> ClientMollie:
        """The API with that shop's key. Raises `MollieUnauthorized` when the shop has none."""
        return ClientMollie(self._calls, self._access(shop_id).api_key, self._call_timeout)

    def forget(self) -> None:
        """Look every key up again."""
        with self._mutex:
            self._known.clear()

    def close(self) -> None:
        """Wait for the calls that run and close every connection."""
        self._calls.close()

    def _access(self, shop_id: int) -> MollieAccess:
        now = self._clock.monotonic()
        with self._mutex:
            known = self._known.get(shop_id)
        if known is not None and now < known.until:
            return known.access
        access = self._access_of(shop_id)
        if access is None:
            raise MollieUnauthorized(f"shop {shop_id} has no Mollie key for the mode it is in", has_key=False)
        with self._mutex:
            self._known[shop_id] = _Known(access, now + KEY_LIFETIME)
        return access
