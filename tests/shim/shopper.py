"""What a shopper, and Mollie, do to the shop over HTTP."""

from __future__ import annotations

import json
import re
import time
import uuid
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlencode, urlparse

import requests
from requests.structures import CaseInsensitiveDict


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """An answer of the shop; redirects are not followed. `seconds`: how long it took until the answer was read."""

    status: int
    location: str
    text: str
    headers: CaseInsensitiveDict[str]
    seconds: float

    @property
    def checkout_id(self) -> str | None:
        """The transaction whose checkout page at Mollie the shopper is sent to; None when he is sent elsewhere."""
        path = urlparse(self.location).path
        return path.removeprefix("/checkout/") if path.startswith("/checkout/") else None

    @property
    def page(self) -> str:
        """The controller that the shopper is sent to."""
        url = urlparse(self.location)
        return parse_qs(url.query).get("controller", [url.path.rpartition("/")[2]])[0]

    @property
    def session(self) -> str:
        """The cookie of the session that the shop began; empty when it began none."""
        found = re.search(r"PHPSESSID=[^;]+", self.headers.get("Set-Cookie", ""))
        return found[0] if found else ""

    @property
    def json(self) -> Any:
        """The answer's body, read."""
        return json.loads(self.text)


def visit(
    method: str, url: str, *, cookie: str = "", session: str = "", data: dict[str, str] | None = None, **headers: str
) -> Visit:
    """Make one request, with a connection of its own; header names are given with underscores."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    sent |= {"Cookie": "; ".join(filter(None, [cookie and f"standin={cookie}", session]))}
    begun = time.monotonic()
    answer = requests.request(method, url, data=data, headers=sent, allow_redirects=False, timeout=40)
    return Visit(
        status=answer.status_code,
        location=answer.headers.get("Location", ""),
        text=answer.text,
        headers=answer.headers,
        seconds=time.monotonic() - begun,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Shopper:
    """A shopper with one cart. Every click may go to another web server (`server` is its URL)."""

    server: str
    cart_id: int
    customer_id: int

    @property
    def cookie(self) -> str:
        return f"{self.cart_id}.{self.customer_id}"

    def at(self, server: str) -> Shopper:
        """The same shopper, whose clicks go to another web server."""
        return Shopper(server=server, cart_id=self.cart_id, customer_id=self.customer_id)

    def pay(self, method: str = "ideal", *, key: str | None = "", controller: str = "payment") -> Visit:
        """The pay button. `key`: the page's Idempotency-Key, fresh by default, None for a page without the script."""
        query = {"method": method}
        if key is not None:
            query["idempotency_key"] = key or str(uuid.uuid4())
        return self.module("GET", controller, query)

    def module(self, method: str, controller: str, query: dict[str, str]) -> Visit:
        """Call a controller of the Mollie module with this shopper's cookie."""
        return visit(method, module_url(self.server, controller, query), cookie=self.cookie)

    def follow(self, url: str, *, session: str = "") -> Visit:
        """Open an address of the shop with this shopper's cookie, and with the session that an answer began."""
        return visit("GET", url, cookie=self.cookie, session=session)


def module_url(server: str, controller: str, query: dict[str, str] | None = None) -> str:
    """The address of a controller of the Mollie module."""
    parts = {"fc": "module", "module": "mollie", "controller": controller, **(query or {})}
    return f"{server}/index.php?{urlencode(parts)}"
