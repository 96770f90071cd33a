"""The module's payment controller: no look for another payment, no lock."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bridge.demo.storefront.carts import CENT, Cart
from bridge.demo.storefront.module_urls import generated_reference, return_key
from bridge.demo.storefront.seed import State
from bridge.demo.storefront.workshop import Workshop

METHOD_NAMES = {
    "ideal": "iDEAL",
    "creditcard": "Card",
    "bancontact": "Bancontact",
    "banktransfer": "Bank transfer",
    "klarna": "Klarna",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class StartedPayment:
    """A payment that now stands open at Mollie; `checkout_url` is where the shopper is sent."""

    transaction_id: str
    cart_id: int
    checkout_url: str
    order_reference: str
    webhook_url: str


def start_payment(shop: Workshop, cart_id: int, method: str) -> StartedPayment:
    """Create a payment at Mollie for whatever the cart costs now, note it, and say where to go.

    Bank transfer makes the order first. Raises `NoSuchCart`, `ApiFailed` when Mollie does not create it, and
    `OrderExists` for a bank transfer of a cart that has its order.
    """
    cart = shop.carts.get(cart_id)
    reference = generated_reference(cart_id, shop.db.now())
    payment = payment_request(shop, cart, method, reference)
    if method == "banktransfer":
        made = shop.orders.validate_order(cart_id, State.AWAITING_MOLLIE, cart.total, method=METHOD_NAMES[method])
        shop.note_order(cart_id, made)
        payment["description"] = made
    created = shop.api().create_payment(payment)
    transaction_id = str(created["id"])
    if method == "banktransfer":
        reference = _note_bank_transfer(shop, cart, created)
    elif shop.rows.find(transaction_id) is None:
        shop.rows.add_open(transaction_id, cart_id, method=str(created.get("method") or ""), reference=reference)
    shop.note_payment(cart_id, transaction_id, f"{cart.total:.2f} {cart.currency}")
    checkout = created.get("_links", {}).get("checkout", {}).get("href")
    return StartedPayment(
        transaction_id=transaction_id,
        cart_id=cart_id,
        checkout_url=str(checkout or payment["redirectUrl"]),
        order_reference=reference,
        webhook_url=str(payment["webhookUrl"]),
    )


def payment_request(shop: Workshop, cart: Cart, method: str, reference: str) -> dict[str, Any]:
    """What the module sends to Mollie for whatever the cart costs now."""
    return {
        "amount": {"currency": cart.currency, "value": str(cart.total.quantize(CENT))},
        "description": reference,
        "redirectUrl": shop.urls.returning(cart, reference, shop.db.now()),
        "webhookUrl": shop.urls.webhook(cart),
        "method": method,
        "metadata": {"cart_id": cart.cart_id, "order_reference": reference, "secure_key": return_key(cart)},
        "locale": "en_US",
    }


def _note_bank_transfer(shop: Workshop, cart: Cart, created: dict[str, Any]) -> str:
    order = shop.orders.get_order(shop.orders.find_order_id(cart.cart_id) or 0)
    reference = str(order["reference"])
    transaction_id, method = str(created["id"]), str(created["method"])
    shop.rows.add_open(transaction_id, cart.cart_id, method=method, reference=reference, order_id=order["id_order"])
    # Before a cent has come: this row is why a bank transfer's order never counts it as really paid.
    shop.orders.insert_order_payment(reference, cart.total, method, transaction_id)
    return reference
