"""Implements `Notifier` over HTTP: each notice is posted to the merchant's own address as JSON."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import UTC
from typing import Final

from urllib3 import BaseHTTPResponse, Timeout, connection_from_url
from urllib3.exceptions import HTTPError, LocationParseError
from urllib3.util import Url, parse_url

from bridge import __version__
from bridge.adapters.bounded_calls import Abandoned, BoundedCalls, Deadline, NotStarted
from bridge.adapters.clock import SystemClock
from bridge.domain.errors import ConfigurationError, NotifyDown, NotifyRefused
from bridge.domain.notice_words import DEFAULT_API, subject_of, text_of
from bridge.domain.notices import Fact, Notice, clean, facts_of
from bridge.ports.clock import Clock

ID_HEADER: Final = "X-Molliebridge-Notice"
SIGNATURE_HEADER: Final = "X-Molliebridge-Signature"

NOT_FOR_GOOD: Final = frozenset({408, 425, 429})
"""Answers of the 400s that say "not now": RFC 9110 15.5.9, RFC 8470, RFC 6585."""

_PIECE: Final = 4096
_MOST_READ: Final = 65_536
"""Bytes after which an answer is long enough: its status alone counts."""

_LONGEST_PAUSE: Final = 86_400
"""Seconds of a Retry-After that are believed."""


def signature(secret: str, body: bytes, now: int) -> str:
    """The header's value, `t=<unix seconds>,v1=<mac>`: HMAC-SHA256 in hex over `<t>.<body>`."""
    mac = hmac.new(secret.encode(), f"{now}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={now},v1={mac}"


def body_of(notice: Notice, *, api: str = DEFAULT_API) -> dict[str, str | int | dict[str, Fact] | None]:
    """What the receiver reads. Every name is always there; a repeat has the same body."""
    return {
        "id": notice.id,
        "kind": notice.kind.value,
        "case": clean(notice.case),
        "at": notice.at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "shop_id": notice.cart.shop_id if notice.cart else None,
        "cart_id": notice.cart.cart_id if notice.cart else None,
        "transaction_id": clean(notice.transaction_id) if notice.transaction_id else None,
        "amount": notice.money.value if notice.money else None,
        "currency": notice.money.currency if notice.money else None,
        "detail": facts_of(notice),
        "subject": subject_of(notice),
        "text": text_of(notice, api=api),
    }


class WebhookNotifier:
    """Posts to `url` (https, or http within one's own network), signed when there is a `secret`.

    `timeout` is in seconds and for the whole call; `connect_timeout` is a part of it. `api` is where the notice's
    reader calls the sidecar. Raises `ConfigurationError` for a URL that can not be meant.
    """

    channel: Final = "webhook"

    def __init__(
        self,
        url: str,
        *,
        secret: str | None = None,
        timeout: float = 10.0,
        connect_timeout: float = 3.0,
        api: str = DEFAULT_API,
        most: int = 2,
        clock: Clock | None = None,
    ) -> None:
        self._url = _sound(url)
        self._secret = secret
        self._timeout = timeout
        self._connect_timeout = connect_timeout
        self._api = api
        self._clock = clock or SystemClock()
        self._calls = BoundedCalls(most=most, name="notify-webhook")

    def send(self, notice: Notice) -> None:
        """POST it; a 2xx means delivered.

        Raises `NotifyRefused` for a 4xx other than 408, 425 and 429, and `NotifyDown` for every other answer, a
        redirect too, and for none in time; it may have been delivered all the same, and the repeat has the same id.
        """
        body = json.dumps(body_of(notice, api=self._api)).encode()
        headers = {
            "Content-Type": "application/json",
            "Accept": "*/*",
            "Connection": "close",
            "User-Agent": f"PrestaShopMollieBridge/{__version__}",
            ID_HEADER: notice.id,
        }
        if self._secret is not None:
            headers[SIGNATURE_HEADER] = signature(self._secret, body, int(self._clock.now().timestamp()))
        deadline = Deadline.after(self._timeout, self._clock)
        try:
            _judge(*self._calls.run(lambda: self._post(body, headers, deadline), deadline))
        except (NotStarted, Abandoned) as error:
            raise NotifyDown(f"the receiver did not answer within {self._timeout:g} s") from error

    def close(self) -> None:
        """Wait for the calls that run; each ends with its time-out."""
        self._calls.close()

    def _post(self, body: bytes, headers: dict[str, str], deadline: Deadline) -> tuple[int, str | None]:
        """The answer's status and Retry-After. The URL is not in any error: it may hold a secret."""
        try:
            # A connection for this call alone: a kept one might be closing, and the outcome would not be known.
            with connection_from_url(self._url.url, maxsize=1) as connections:
                response = connections.urlopen(
                    "POST",
                    self._url.request_uri,
                    body=body,
                    headers=headers,
                    timeout=Timeout(connect=self._connect_timeout, total=max(deadline.left(), 0.001)),
                    retries=False,
                    redirect=False,
                    preload_content=False,
                )
                try:
                    _read(response, deadline)
                finally:
                    response.close()
        except (HTTPError, OSError) as error:
            raise NotifyDown(f"the receiver did not answer ({type(error).__name__})") from error
        return response.status, response.headers.get("Retry-After")


def _judge(status: int, retry_after: str | None) -> None:
    if 200 <= status < 300:
        return
    if 400 <= status < 500 and status not in NOT_FOR_GOOD:
        raise NotifyRefused(f"the receiver refused the notice ({status})")
    told = int(retry_after) if retry_after and retry_after.isdecimal() and len(retry_after) < 9 else 1
    raise NotifyDown(f"the receiver did not take the notice ({status})", retry_after=float(min(told, _LONGEST_PAUSE)))


def _sound(text: str) -> Url:
    try:
        url = parse_url(text)
    except LocationParseError:
        url = Url()
    if url.scheme not in ("http", "https") or not url.host or url.auth or url.port == 0:
        # Without the address itself: it may hold a secret.
        raise ConfigurationError(
            ["the notices' webhook URL must be such as https://host/path, without user or password"]
        )
    return url._replace(fragment=None)


def _read(response: BaseHTTPResponse, deadline: Deadline) -> None:
    """The answer to its end, since a receiver may be at work until then; but no more of it than is sensible."""
    read = 0
    while read < _MOST_READ and (piece := response.read1(_PIECE)):
        read += len(piece)
        if deadline.left() <= 0:
            raise NotifyDown("the receiver did not finish its answer in time")
