"""The library's client with bounded sockets, and a note of what really went over the wire."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from ssl import SSLCertVerificationError
from typing import Any, Final

import requests
from mollie.api.client import Client
from requests.adapters import HTTPAdapter
from requests.exceptions import ConnectionError as BrokenConnection
from requests.exceptions import ConnectTimeout, ReadTimeout, RequestException
from urllib3.exceptions import ConnectTimeoutError, HTTPError, MaxRetryError, ReadTimeoutError, SSLError

from bridge import __version__
from bridge.adapters.bounded_calls import Deadline

LARGEST_ANSWER: Final = 8 * 2**20
"""Bytes. A page of 250 refunds is below 1 MB; what is longer does not come from Mollie."""

_PIECE: Final = 64 * 2**10


@dataclass(slots=True)
class Exchange:
    """The latest request of a call: how far it came, and what the answer's head said."""

    deadline: Deadline
    sent: bool = False
    status: int | None = None
    retry_after: str | None = None
    replayed: bool = False


class BoundedAdapter(HTTPAdapter):
    """Sends within the deadline of `exchange`: no retries, no redirects, the body read piece by piece."""

    def __init__(self, connect_timeout: float, read_timeout: float) -> None:
        super().__init__(pool_connections=1, pool_maxsize=1, max_retries=0)
        self._connect_timeout = connect_timeout
        self._read_timeout = read_timeout
        self.exchange: Exchange | None = None

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,  # noqa: FBT001, FBT002  (the signature of the base class)
        timeout: Any = None,
        verify: Any = True,  # noqa: FBT002
        cert: Any = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """Send `request`; `timeout` is the adapter's own affair. Raises what requests raises."""
        exchange = self.exchange
        assert exchange is not None, "a request outside of a call"
        exchange.sent, exchange.status, exchange.retry_after, exchange.replayed = False, None, None, False
        left = exchange.deadline.left()
        if left <= 0:
            raise ConnectTimeout("the time was up before anything was sent", request=request)
        limits = (min(self._connect_timeout, left), min(self._read_timeout, left))
        # Sent unless the error proves that it was not: it is the safe side for a write.
        exchange.sent = True
        try:
            response = super().send(request, True, limits, verify, cert, dict(proxies or {}))  # noqa: FBT003
        except RequestException as error:
            exchange.sent = not _never_sent(error)
            raise
        exchange.status = response.status_code
        exchange.retry_after = response.headers.get("Retry-After")
        # The library writes a line with the key to the root logger when it sees this header.
        exchange.replayed = response.headers.pop("Idempotent-Replayed", "").lower() == "true"
        # Mollie's API does not redirect. Whoever does is not Mollie, and would be followed with the key.
        response.headers.pop("Location", None)
        response.raw = io.BytesIO(_read(response, exchange.deadline))
        return response


class BoundedClient(Client):
    """A `Client` for one thread and one key."""

    def __init__(self, api_endpoint: str, api_key: str, adapter: BoundedAdapter) -> None:
        super().__init__(api_endpoint=api_endpoint, retry=0)
        self._adapter = adapter
        self.set_api_key(api_key)
        # Not sanitised: that would lower-case the name.
        self.set_user_agent_component("PrestaShopMollieBridge", __version__, sanitize=False)

    def begin(self, exchange: Exchange) -> None:
        """Note what is sent from now on in `exchange`."""
        self._adapter.exchange = exchange

    def close(self) -> None:
        """Close the connection."""
        if hasattr(self, "_client"):
            self._client.close()
        self._adapter.close()

    def _setup_retry(self) -> None:
        # Called by the library right after it has made its session; its own retries hold the thread for minutes.
        for scheme in ("https://", "http://"):
            self._client.mount(scheme, self._adapter)


def _read(response: requests.Response, deadline: Deadline) -> bytes:
    body = bytearray()
    try:
        while piece := response.raw.read1(_PIECE, decode_content=True):
            body += piece
            if deadline.left() <= 0 or len(body) > LARGEST_ANSWER:
                response.raw.close()
                raise ReadTimeout("the answer was not complete in time", response=response)
    except ReadTimeoutError as error:
        raise ReadTimeout(error, response=response) from error
    except (HTTPError, OSError) as error:
        raise BrokenConnection(error, response=response) from error
    response.raw.release_conn()
    return bytes(body)


def _never_sent(error: RequestException) -> bool:
    """Whether no connection came about (refused, unknown host, time-out, a certificate that is not Mollie's)."""
    reason = error.args[0] if error.args else None
    if isinstance(reason, MaxRetryError):
        reason = reason.reason
    if isinstance(reason, SSLError):
        return bool(reason.args) and isinstance(reason.args[0], SSLCertVerificationError)
    return isinstance(error, ConnectTimeout) or isinstance(reason, ConnectTimeoutError)
