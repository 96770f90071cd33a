"""What the shim does by itself while the sidecar does not answer: the cart's file lock and the module's own rows."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from bridge.demo.storefront.answers import PayAnswer, Redirect, Tell
from bridge.demo.storefront.database import Row
from bridge.demo.storefront.flock import held
from bridge.demo.storefront.module_api import ApiFailed
from bridge.demo.storefront.shop import ToyShop
from bridge.demo.storefront.webhook import Answer
from bridge.demo.storefront.workshop import NoApiKey

PENDING_LIMIT: Final = timedelta(minutes=30)
_WAIT: Final = 2.0
"""Seconds to wait for the cart's lock: longer than a payment or a webhook takes, shorter than anybody's patience."""
IN_PROGRESS: Final = Tell(status=409, text="A payment is already in progress", retry_after=3)


def lock_key(cart_id: int) -> str:
    """The key that the sidecar, too, locks for a cart."""
    return f"webhook-cart-{cart_id}"


def pay_alone(shop: ToyShop, cart_id: int, method: str) -> PayAnswer:
    """Let the sale go on under the cart's file lock, unless an order or a payment that is still good is there."""
    with held(shop.temp_dir, lock_key(cart_id), wait=_WAIT) as taken:
        if not taken:
            return IN_PROGRESS
        order_id = shop.orders.find_order_id(cart_id)
        if order_id is not None:
            return Redirect(url=shop.urls.confirmation(shop.get_cart(cart_id), order_id))
        standing = _standing_checkout(shop, cart_id)
        if standing is not None:
            return Redirect(url=standing)
        started = shop.pay(cart_id, method)
        return Redirect(url=started.checkout_url, started=started)


def webhook_alone(shop: ToyShop, transaction_id: str, token: str) -> Answer:
    """Let the module work under the cart's file lock; 503 when somebody else has it."""
    cart_id = _cart_of(shop, transaction_id)
    if cart_id is None:
        return shop.webhook(transaction_id, token)
    with held(shop.temp_dir, lock_key(cart_id), wait=_WAIT) as taken:
        if not taken:
            return come_again("another webhook of the cart is being worked on")
        return shop.webhook(transaction_id, token)


def come_again(why: str, retry_after: str | None = None) -> Answer:
    """503 with Retry-After: Mollie comes again by its own schedule."""
    return Answer(status=503, body={"success": False, "errors": why}, headers=(("Retry-After", retry_after or "5"),))


def _standing_checkout(shop: ToyShop, cart_id: int) -> str | None:
    for row in reversed(shop.payments_of(cart_id)):
        payment = _asked(shop, row["transaction_id"]) if _is_young(shop, row) else None
        if payment is None or shop.total_text(cart_id) != payment["amount"]["value"]:
            continue
        if payment["status"] in {"paid", "authorized", "pending"}:
            return str(payment["redirectUrl"])
        checkout = payment.get("_links", {}).get("checkout", {}).get("href")
        if payment["status"] == "open" and checkout:
            return str(checkout)
    return None


def _is_young(shop: ToyShop, row: Row) -> bool:
    # Against the database's own clock, which stamped the row.
    return bool(shop.db.database_now() - row["created_at"] < PENDING_LIMIT)


def _cart_of(shop: ToyShop, transaction_id: str) -> int | None:
    row = shop.rows.find(transaction_id)
    if row is not None:
        return int(row["cart_id"])
    cart_id = ((_asked(shop, transaction_id) or {}).get("metadata") or {}).get("cart_id")
    return None if cart_id is None else int(cart_id)


def _asked(shop: ToyShop, transaction_id: str) -> dict[str, Any] | None:
    try:
        return shop.api().get_payment(transaction_id)
    except (ApiFailed, NoApiKey):
        return None  # the module will meet the same and answer for it
