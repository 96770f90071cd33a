"""A shopper at a real PrestaShop: signs in, fills a cart, pays. One session of cookies, as many tabs as he likes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urljoin

import requests

TIMEOUT = 120
"""Seconds for one page; the module alone may hold a request for 3 more while the sidecar is silent."""

_TOKEN = re.compile(r'"static_token"\s*:\s*"(\w+)"')
_PAYMENT = "index.php?fc=module&module=mollie&controller=payment"


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A customer of the test shop who has an address to which the product may be sent."""

    email: str
    password: str


class Shopper:
    """A browser without scripts. Every page is asked for at the shop's own address, as PrestaShop demands it."""

    def __init__(self, shop: str, account: Account) -> None:
        self._shop = shop
        self._session = requests.Session()
        form = {"email": account.email, "password": account.password, "submitLogin": "1", "back": ""}
        answer = self._session.post(
            urljoin(shop, "index.php?controller=authentication"), form, allow_redirects=False, timeout=TIMEOUT
        )
        if not answer.is_redirect:
            raise SystemExit(f"The shop did not let {account.email} in ({answer.status_code})")

    def add(self, product: int) -> None:
        """Put one of `product` into the cart."""
        found = _TOKEN.search(self.visit("index.php?controller=cart").text)
        if found is None:
            raise SystemExit("The shop's pages have no static_token: is this PrestaShop 1.7.8 or newer?")
        query = f"index.php?controller=cart&add=1&action=update&ajax=1&qty=1&id_product={product}&token={found[1]}"
        answer = self._session.get(urljoin(self._shop, query), headers={"Accept": "application/json"}, timeout=TIMEOUT)
        if not answer.ok or not answer.json().get("success"):
            raise SystemExit(f"The shop did not put product {product} into the cart")

    def pay(self, method: str) -> str:
        """Press the button: where the shop sends the shopper, '' where it shows a page of its own."""
        answer = self._session.get(
            urljoin(self._shop, f"{_PAYMENT}&method={method}"), allow_redirects=False, timeout=TIMEOUT
        )
        return urljoin(self._shop, answer.headers["Location"]) if answer.is_redirect else ""

    def visit(self, address: str) -> requests.Response:
        """Look at a page, wherever it leads."""
        return self._session.get(urljoin(self._shop, address), timeout=TIMEOUT)

    def tab(self) -> Shopper:
        """The same browser once more: its cookies, a connection of its own."""
        other = object.__new__(Shopper)
        other._shop = self._shop
        other._session = requests.Session()
        other._session.cookies.update(self._session.cookies)
        return other
