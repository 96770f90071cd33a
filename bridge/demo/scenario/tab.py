"""A browser tab without scripts: what a shopper opens, presses and reads."""

from __future__ import annotations

import html
import re
from typing import Final
from urllib.parse import urljoin, urlsplit

import requests

_TIMEOUT: Final = 20.0
"""Seconds; longer than any page of the demo takes, so that a page that never comes is told as an error."""
_LOOKS: Final = 20
"""Refreshes that a shopper sits through at most: the module's own page gives up after ten."""
_REFRESH: Final = re.compile(r'http-equiv="refresh" content="[0-9.]+;url=([^"]+)"')
_HEADING: Final = re.compile(r"<h1[^>]*>(.*?)</h1>", re.DOTALL)
_NOTICE: Final = re.compile(r'class="notice" role="status">([^<]+)<')


class Tab:
    """One tab of the shopper's browser; `url` is the page it shows, `text` its content."""

    def __init__(self) -> None:
        self.url = ""
        self.text = ""
        self.return_url = ""
        """Where Mollie sends the shopper after the payment, known once he has paid."""

    def open(self, url: str) -> None:
        """Open a page, wherever it leads."""
        self._show(requests.get(url, timeout=_TIMEOUT))

    def press_pay(self) -> int:
        """The pay button of Mollie's checkout page: 303 when the money is taken. The tab stays, the shopper's eyes are
        in his banking app; `come_back` brings him back.
        """
        answer = requests.post(self.url, data={"action": "pay"}, timeout=_TIMEOUT, allow_redirects=False)
        self.return_url = answer.headers.get("Location", self.return_url)
        return answer.status_code

    def come_back(self) -> None:
        """Return from the banking app: to the shop's return page, or to the page that was left open."""
        self.open(self.return_url or self.url)

    def look_again(self) -> None:
        """Let a page that looks again by itself do so once."""
        found = _REFRESH.search(self.text)
        if found is not None:
            self.open(urljoin(self.url, html.unescape(found[1])))

    def sit_through(self) -> None:
        """Stay on such a page until it does so no more."""
        for _ in range(_LOOKS):
            self.look_again()

    @property
    def is_waiting(self) -> bool:
        """Whether the page is one that looks again by itself."""
        return _REFRESH.search(self.text) is not None

    @property
    def checkout_of(self) -> str | None:
        """The transaction whose checkout page is open here."""
        place, _, transaction_id = urlsplit(self.url).path.rpartition("/")
        return transaction_id if place == "/checkout" else None

    @property
    def message(self) -> str:
        """What the page says to the shopper: its notice if there is one, else its heading."""
        found = _NOTICE.search(self.text) or _HEADING.search(self.text)
        return " ".join(html.unescape(re.sub(r"<[^>]+>", "", found[1])).split()) if found else "(nothing)"

    def _show(self, answer: requests.Response) -> None:
        self.url, self.text = answer.url, answer.text
