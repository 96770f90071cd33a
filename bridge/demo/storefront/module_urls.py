"""Keys, references and addresses that the official module makes for a payment."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import urlencode

from bridge.demo.storefront.carts import Cart

REFERENCE_PREFIX: Final = "mol_"
_COOKIE_KEY: Final = "toy-storefront-cookie-key"


def generated_reference(cart_id: int, now: datetime) -> str:
    """`mol_`, the cart, 13 hex digits (PHP's `uniqid`), 10 digits of Unix time: the cart is `reference[4:-23]`."""
    return f"{REFERENCE_PREFIX}{cart_id}{secrets.token_hex(7)[:13]}{now.timestamp():010.0f}"


def return_key(cart: Cart) -> str:
    """The `secure_key` of the metadata and the `key` of the return page: a hash of customer, cart and module."""
    return _hashed(f"{cart.customer_id}{cart.cart_id}mollie")


def security_token(cart: Cart) -> str:
    """The token of the webhook's address: a hash of the cart's key, the same for all payments of a customer."""
    return _hashed(cart.secure_key)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModuleUrls:
    """The module's addresses under `base_url` (no trailing slash); `friendly` for a shop with rewritten addresses."""

    base_url: str
    friendly: bool = False

    def webhook(self, cart: Cart) -> str:
        """Where Mollie announces the payments of `cart`."""
        return self._controller("webhook", {"security_token": security_token(cart)})

    def returning(self, cart: Cart, order_number: str, now: datetime) -> str:
        """Where the shopper comes back to from the checkout page."""
        query: dict[str, str | int] = {
            "cart_id": cart.cart_id,
            "utm_nooverride": 1,
            "rand": int(now.timestamp()),
            "key": return_key(cart),
            "customerId": cart.customer_id,
            "order_number": order_number,
        }
        return self._controller("return", query)

    def payment(self, cart_id: int, method: str) -> str:
        """The link behind the shop's pay button. A real shop finds the cart in the shopper's cookie."""
        return self._controller("payment", {"method": method, "cart_id": cart_id})

    def confirmation(self, cart: Cart, order_id: int) -> str:
        """The order confirmation page."""
        query = {
            "controller": "order-confirmation",
            "id_cart": cart.cart_id,
            "id_order": order_id,
            "key": cart.secure_key,
        }
        return f"{self.base_url}/index.php?{urlencode(query)}"

    def cart(self, cart_id: int, notice: str = "") -> str:
        """The cart's page, with a `notice` to the shopper above it."""
        return f"{self.base_url}/cart/{cart_id}" + (f"?{urlencode({'notice': notice})}" if notice else "")

    def _controller(self, controller: str, query: dict[str, str | int]) -> str:
        if self.friendly:
            return f"{self.base_url}/module/mollie/{controller}?{urlencode(query)}"
        query = query | {"fc": "module", "module": "mollie", "controller": controller, "id_lang": 1}
        return f"{self.base_url}/index.php?{urlencode(query)}"


def _hashed(text: str) -> str:
    return hashlib.md5(f"{_COOKIE_KEY}{text}".encode(), usedforsecurity=False).hexdigest()
