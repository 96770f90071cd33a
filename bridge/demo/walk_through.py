"""A cart for the README's walk-through, and the shell variables that its commands name."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass
from typing import Final

from bridge.demo.storefront.carts import CENT
from bridge.demo.storefront.module_urls import generated_reference
from bridge.demo.storefront.payment_page import payment_request
from bridge.demo.storefront.seed import TEST_KEY
from bridge.demo.storefront.shop import ToyShop

FILE: Final = "walk-through.sh"

_METHOD: Final = "ideal"


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Where bridge and Mollie are, no trailing slashes, and the bridge's two tokens."""

    sidecar_url: str
    mollie_url: str
    shop_token: str
    admin_token: str


def walk_through_script(shop: ToyShop, access: Access) -> str:
    """Shell text that exports the variables, for a new cart of `shop` that nobody has paid yet.

    `MODULE_PAYMENT` is the JSON that the shop's Mollie module would send to Mollie for the cart.
    """
    cart = shop.get_cart(shop.add_cart())
    payment = payment_request(shop.workshop, cart, _METHOD, generated_reference(cart.cart_id, shop.now()))
    variables = {
        "BRIDGE": access.sidecar_url,
        "TOKEN": access.shop_token,
        "ADMIN_TOKEN": access.admin_token,
        "CART": str(cart.cart_id),
        "CUSTOMER": str(cart.customer_id),
        "AMOUNT": str(cart.total.quantize(CENT)),
        "MOLLIE": access.mollie_url,
        "MOLLIE_KEY": TEST_KEY,
        "MODULE_PAYMENT": json.dumps(payment),
    }
    return "".join(f"export {name}={shlex.quote(value)}\n" for name, value in variables.items())
