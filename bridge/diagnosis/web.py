"""Calls of the shop as Mollie makes them, without following a redirect: a redirect loses a webhook's body."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode, urlsplit

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, Timeout
from urllib3.exceptions import HTTPError, MaxRetryError

from bridge import __version__

_CONNECT: Final = 3.0
_WHOLE: Final = 15.0
"""Seconds: what Mollie waits for a webhook's answer."""

_MOST_READ: Final = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopAddress:
    """The public address of a shop, with a slash at its end; `through`: where to connect instead."""

    base: str
    rewrites: bool = False
    through: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """An answer: its status, where it redirects to ('' for nowhere), its body's beginning."""

    status: int
    location: str
    body: str


class Unreached(Exception):
    """There was no answer; the message says why in a few words."""


def post(address: ShopAddress, path: str, form: dict[str, str], headers: dict[str, str] | None = None) -> Page:
    """POST a form to a path of the shop (without a slash at its beginning). Raises `Unreached`."""
    asked = urlsplit(address.base + path)
    where = urlsplit(address.through) if address.through else asked
    sent = {
        "Host": asked.netloc,
        "Content-Type": "application/x-www-form-urlencoded",
        "User-Agent": f"PrestaShopMollieBridge/{__version__} (doctor)",
        "Connection": "close",
        **(headers or {}),
    }
    if where.scheme != asked.scheme:
        sent["X-Forwarded-Proto"] = asked.scheme
    pool: HTTPConnectionPool
    if where.scheme == "https":
        name = asked.hostname
        pool = HTTPSConnectionPool(where.hostname or "", where.port, server_hostname=name, assert_hostname=name)
    else:
        pool = HTTPConnectionPool(where.hostname or "", where.port)
    target = asked.path + (f"?{asked.query}" if asked.query else "")
    try:
        with pool:
            response = pool.urlopen(
                "POST",
                target,
                body=urlencode(form),
                headers=sent,
                timeout=Timeout(connect=_CONNECT, total=_WHOLE),
                retries=False,
                redirect=False,
                assert_same_host=False,
                preload_content=False,
            )
            try:
                body = response.read(_MOST_READ, decode_content=True)
            finally:
                response.close()
    except (HTTPError, OSError) as error:
        raise Unreached(_why(error)) from error
    return Page(
        status=response.status, location=response.headers.get("Location", ""), body=body.decode(errors="replace")
    )


def _why(error: Exception) -> str:
    cause: BaseException = error.reason if isinstance(error, MaxRetryError) and error.reason else error
    words = {
        "NameResolutionError": "its name is not known",
        "ConnectTimeoutError": "no connection in time",
        "ReadTimeoutError": "no answer in time",
        "SSLError": "its certificate is not valid",
        "NewConnectionError": "nobody listens there",
        "ProtocolError": "the connection broke",
    }
    return words.get(type(cause).__name__, type(cause).__name__)
