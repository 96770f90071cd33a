"""One call to Mollie: a client of the thread's own, a deadline over all of it, errors translated."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock, local
from typing import Any, Final, TypeVar

import stamina
from mollie.api.error import RequestError, RequestSetupError

from bridge.adapters.bounded_calls import Abandoned, BoundedCalls, Deadline, NotStarted
from bridge.adapters.mollie.client import BoundedAdapter, BoundedClient, Exchange
from bridge.adapters.mollie.errors import Hiccup, too_late, translate
from bridge.domain.errors import BridgeError, MollieTimeout, MollieUnauthorized
from bridge.ports.clock import Clock

T = TypeVar("T")
Work = Callable[[Any, Exchange], T]
"""Gets the library's client (which is not typed beyond dictionaries) and the note of what was sent."""

READ_ATTEMPTS: Final = 3
"""A read is tried twice more, at once: what cures a broken connection. What needs waiting is the caller's affair."""

KEYS_PER_THREAD: Final = 8
"""Connections that a thread keeps open: shops of a multishop with accounts of their own are few."""

LONGEST_IDLE: Final = 15.0
"""Seconds after which a kept connection is not used again. The other side closes idle ones after a while, and a write
on one that is closing at that moment breaks without anybody knowing whether it was done."""


@dataclass(slots=True)
class _Kept:
    client: BoundedClient
    used_at: float


class Calls:
    """Runs work against Mollie with a key. One client per thread and key; the threads are this object's own."""

    def __init__(
        self, *, api_endpoint: str, connect_timeout: float, read_timeout: float, most: int, clock: Clock
    ) -> None:
        self._api_endpoint = api_endpoint
        self._connect_timeout = connect_timeout
        self._read_timeout = read_timeout
        self._clock = clock
        self._threads = BoundedCalls(most=most, name="mollie")
        self._own = local()
        self._all: set[BoundedClient] = set()
        self._mutex = Lock()

    def read(self, api_key: str, work: Work[T], timeout: float) -> T:
        """Run a read, up to `READ_ATTEMPTS` times, within `timeout` seconds in all."""
        deadline = Deadline.after(timeout, self._clock)

        def attempts() -> T:
            for attempt in stamina.retry_context(
                on=Hiccup,
                attempts=READ_ATTEMPTS,
                timeout=deadline.left(),
                wait_initial=0.05,
                wait_max=0.2,
                wait_jitter=0.05,
            ):
                with attempt:
                    return self._once(api_key, work, deadline, writes=False)
            raise AssertionError("unreachable: the last attempt returns or raises")

        return self._bounded(attempts, deadline, writes=False)

    def write(self, api_key: str, work: Work[T], timeout: float) -> T:
        """Run a write, once, within `timeout` seconds."""
        deadline = Deadline.after(timeout, self._clock)
        return self._bounded(lambda: self._once(api_key, work, deadline, writes=True), deadline, writes=True)

    def close(self) -> None:
        """Wait for the calls that run (bounded by the sockets' time-outs) and close every connection."""
        self._threads.close()
        with self._mutex:
            clients, self._all = self._all, set()
        for client in clients:
            client.close()

    def _bounded(self, work: Callable[[], T], deadline: Deadline, *, writes: bool) -> T:
        try:
            return self._threads.run(work, deadline)
        except NotStarted as error:
            raise too_late(started=False, writes=writes) from error
        except Abandoned as error:
            raise too_late(started=True, writes=writes) from error

    def _once(self, api_key: str, work: Work[T], deadline: Deadline, *, writes: bool) -> T:
        exchange = Exchange(deadline)
        client = self._client(api_key)
        client.begin(exchange)
        try:
            return work(client, exchange)
        except BridgeError as error:
            # The work itself could not make sense of an answer. After a write something was done all the same.
            if writes and _succeeded(exchange) and not isinstance(error, MollieTimeout):
                raise MollieTimeout(f"Mollie did it, but how is not clear: {error}") from error
            raise
        except Exception as error:
            # Whatever comes out of the library, a KeyError for an error body without `detail` included; but what went
            # wrong before anything was sent, and not on the network, is a mistake of ours.
            if exchange.status is None and (
                isinstance(error, RequestSetupError) or not isinstance(error, RequestError)
            ):
                raise
            raise translate(error, exchange, writes=writes) from error

    def _client(self, api_key: str) -> BoundedClient:
        kept: OrderedDict[str, _Kept] = self._own.__dict__.setdefault("kept", OrderedDict())
        now = self._clock.monotonic()
        found = kept.pop(api_key, None)
        if found is not None and now - found.used_at > LONGEST_IDLE:
            self._drop(found.client)
            found = None
        entry = found or _Kept(self._new_client(api_key), now)
        entry.used_at = now
        kept[api_key] = entry
        if len(kept) > KEYS_PER_THREAD:
            self._drop(kept.popitem(last=False)[1].client)
        return entry.client

    def _new_client(self, api_key: str) -> BoundedClient:
        adapter = BoundedAdapter(self._connect_timeout, self._read_timeout)
        try:
            client = BoundedClient(self._api_endpoint, api_key, adapter)
        except RequestSetupError:
            # Its message holds the key.
            raise MollieUnauthorized("the shop's Mollie key is not a key: it must begin with test_ or live_") from None
        with self._mutex:
            self._all.add(client)
        return client

    def _drop(self, client: BoundedClient) -> None:
        with self._mutex:
            self._all.discard(client)
        client.close()


def _succeeded(exchange: Exchange) -> bool:
    return exchange.status is not None and 200 <= exchange.status < 300
