"""Implements `ShopWebhook` over HTTP: the shop's own webhook controller, called the way Mollie calls it."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import SplitResult, urlencode, urlsplit

from urllib3 import BaseHTTPResponse, HTTPConnectionPool, HTTPSConnectionPool, Timeout
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError

from bridge import __version__
from bridge.adapters.bounded_calls import Abandoned, BoundedCalls, Deadline, NotStarted
from bridge.adapters.clock import SystemClock
from bridge.domain.cart import CartRef
from bridge.domain.errors import ConfigurationError, ShopDown, ShopSilent
from bridge.ports.clock import Clock
from bridge.ports.shop import ShopAnswer

SIGNATURE_HEADER: Final = "X-Molliebridge-Forwarded"
BODY_SHOWN: Final = 200
"""Characters of the answer that are kept."""

_PIECE: Final = 4096
_MOST_READ: Final = 2**20
"""Bytes after which an answer is long enough: the module's are below a hundred."""


def signature(secret: str, cart: CartRef, transaction_id: str, now: int, until: datetime) -> str:
    """The header's value: `t=<unix seconds>,tx=<id>,cart=<id>,until=<unix ms>,v1=<mac>`.

    The mac is HMAC-SHA256 in hex over `<t>.<tx>.<cart>.<until>`; `until` is the end of the lease.
    """
    end = int(until.timestamp() * 1000)
    signed = f"{now}.{transaction_id}.{cart.cart_id}.{end}".encode()
    mac = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    return f"t={now},tx={transaction_id},cart={cart.cart_id},until={end},v1={mac}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Target:
    """Where to connect, and what the shop is to see. `scheme` is that of the connection."""

    scheme: str
    host: str
    port: int | None
    path: str
    host_header: str
    asked_host: str
    asked_scheme: str


class HttpShopWebhook:
    """Calls the payment's own `webhookUrl`.

    `secret` is the shop token that the shim knows. `connect_timeout` is in seconds; the rest of the time is each call's
    own `timeout`. `shop_url` (such as `http://127.0.0.1:8080`), where given, is connected to instead of the URL's host,
    for a shop behind a proxy or NAT that can not reach its own public name; the shop sees the original Host. `most` is
    how many calls run at once.
    """

    def __init__(
        self,
        secret: str,
        *,
        connect_timeout: float = 2.0,
        shop_url: str | None = None,
        most: int = 16,
        clock: Clock | None = None,
    ) -> None:
        self._secret = secret
        self._connect_timeout = connect_timeout
        self._instead = _shop_url(shop_url) if shop_url else None
        self._clock = clock or SystemClock()
        self._calls = BoundedCalls(most=most, name="shop-webhook")

    def deliver(
        self, cart: CartRef, transaction_id: str, webhook_url: str, *, timeout: float, until: datetime
    ) -> ShopAnswer:
        """POST `id=<transaction>`, signed. Raises `ShopDown` when there is no whole answer within `timeout` seconds.

        It is `ShopSilent` where the shop may have been reached: it may be at work, and go on behind our back.

        Any status is an answer, a redirect too: it would lose the body on its way.
        """
        target = self._target(webhook_url)
        header = signature(self._secret, cart, transaction_id, int(self._clock.now().timestamp()), until)
        deadline = Deadline.after(timeout, self._clock)
        try:
            return self._calls.run(lambda: self._post(target, transaction_id, header, deadline), deadline)
        except NotStarted as error:
            raise ShopDown(f"the shop's webhook was not called within {timeout:g} s") from error
        except Abandoned as error:
            raise ShopSilent(f"the shop's webhook did not answer within {timeout:g} s") from error

    def close(self) -> None:
        """Wait for the calls that run; each ends with its time-out."""
        self._calls.close()

    def _post(self, target: _Target, transaction_id: str, header: str, deadline: Deadline) -> ShopAnswer:
        headers = {
            "Host": target.host_header,
            "Content-Type": "application/x-www-form-urlencoded",
            "Accept": "*/*",
            "Connection": "close",
            "User-Agent": f"PrestaShopMollieBridge/{__version__}",
            SIGNATURE_HEADER: header,
        }
        if target.scheme != target.asked_scheme:
            # As the proxy would have said it: without this the shop takes the call for one to be sent to https.
            headers["X-Forwarded-Proto"] = target.asked_scheme
        try:
            with _connections(target) as connections:
                response = connections.urlopen(
                    "POST",
                    target.path,
                    body=urlencode({"id": transaction_id}),
                    headers=headers,
                    timeout=Timeout(connect=self._connect_timeout, total=max(deadline.left(), 0.001)),
                    retries=False,
                    redirect=False,
                    assert_same_host=False,
                    preload_content=False,
                )
                try:
                    body = _read(response, deadline)
                finally:
                    response.close()
        except (NewConnectionError, ConnectTimeoutError) as error:
            raise ShopDown(f"the shop can not be reached ({type(error).__name__})") from error
        except (HTTPError, OSError) as error:
            raise ShopSilent(f"the shop's webhook did not answer ({type(error).__name__})") from error
        return ShopAnswer(status=response.status, body=body)

    def _target(self, webhook_url: str) -> _Target:
        url = _split(webhook_url)
        if url is None:
            raise ShopDown("the payment's webhook URL is no http or https URL")
        instead = self._instead or url
        return _Target(
            scheme=instead.scheme,
            host=instead.hostname or "",
            port=instead.port,
            path=(url.path or "/") + (f"?{url.query}" if url.query else ""),
            host_header=url.netloc.rpartition("@")[2],
            asked_host=url.hostname or "",
            asked_scheme=url.scheme,
        )


def _connections(target: _Target) -> HTTPConnectionPool:
    """A connection for this call alone: a kept one might be closing, and the outcome would not be known."""
    if target.scheme == "http":
        return HTTPConnectionPool(target.host, target.port, maxsize=1)
    # The certificate is the public name's, whatever address is connected to.
    name = target.asked_host
    return HTTPSConnectionPool(target.host, target.port, maxsize=1, server_hostname=name, assert_hostname=name)


def _shop_url(text: str) -> SplitResult:
    url = _split(text)
    if url is None or url.path not in ("", "/") or url.query:
        raise ConfigurationError([f"shop_url {text!r}: must be such as http://127.0.0.1:8080, without a path"])
    return url


def _split(text: str) -> SplitResult | None:
    """The parts of an http or https URL with a host; None for anything else."""
    try:
        url = urlsplit(text)
        sound = url.scheme in ("http", "https") and bool(url.hostname) and (url.port is None or url.port > 0)
    except ValueError:
        return None
    return url if sound else None


def _read(response: BaseHTTPResponse, deadline: Deadline) -> str:
    """The answer to its end (the shop may be at work until then), its beginning kept."""
    kept, read = b"", 0
    while read < _MOST_READ and (piece := response.read1(_PIECE)):
        kept, read = (kept + piece)[: 4 * BODY_SHOWN], read + len(piece)
        if deadline.left() <= 0:
            raise ShopSilent("the shop's webhook did not finish its answer in time")
    return kept.decode(errors="replace")[:BODY_SHOWN]
