"""The module's return page: where Mollie sends the shopper back to, and the page that waits for the webhook."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Final

from bridge.demo.storefront.carts import Cart, NoSuchCart
from bridge.demo.storefront.database import Row
from bridge.demo.storefront.flock import held
from bridge.demo.storefront.module_api import ApiFailed
from bridge.demo.storefront.module_urls import return_key
from bridge.demo.storefront.payment_page import METHOD_NAMES
from bridge.demo.storefront.prestashop import OrderExists
from bridge.demo.storefront.seed import State
from bridge.demo.storefront.workshop import Workshop

NOT_SUCCESSFUL: Final = "Your payment was not successful. Try again."
NOT_COMPLETED: Final = "Your payment was not completed. Please try again."


class Way(StrEnum):
    """Where the shopper goes from the return page."""

    HOME = "home"
    """The key is not the cart's."""
    CONFIRMATION = "confirmation"
    WAIT = "wait"
    """The page that looks ten times, three seconds apart, whether the order has come."""
    CART = "cart"
    """Back to the cart, with a notice that the payment failed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnOutcome:
    """What the return page does. `order_id` with a confirmation, `notice` with the cart."""

    way: Way
    cart: Cart | None = None
    order_id: int = 0
    notice: str = ""


def come_back(shop: Workshop, cart_id: int, key: str, order_number: str) -> ReturnOutcome:
    """Decide about a shopper who comes back from the checkout page.

    A payment whose row is still open is looked up at Mollie: one that is pending gets its order here, under a lock of
    its own that does not exclude the webhook. A paid one waits for the webhook, however long that takes.
    """
    cart = _authorised(shop, cart_id, key)
    if cart is None:
        return ReturnOutcome(way=Way.HOME)
    row = _row_of(shop, cart_id, order_number)
    if row is None:
        return ReturnOutcome(way=Way.CART, cart=cart, notice=NOT_SUCCESSFUL)
    if row["bank_status"] not in {"open", "pending"}:
        return ReturnOutcome(way=Way.WAIT, cart=cart)
    if row["method"] == "banktransfer":
        return _confirmed(shop, cart)
    return _ask(shop, cart, str(row["transaction_id"]))


def look_again(shop: Workshop, cart_id: int, key: str) -> ReturnOutcome:
    """One look of the waiting page: it can only end well once the order exists."""
    cart = _authorised(shop, cart_id, key)
    if cart is None:
        return ReturnOutcome(way=Way.HOME)
    order_id = shop.orders.find_order_id(cart_id)
    row = None if order_id is None else (shop.rows.find_by_order(order_id) or _row_of(shop, cart_id, ""))
    if row is None:
        return ReturnOutcome(way=Way.WAIT, cart=cart)
    match _status(shop, str(row["transaction_id"])):
        case "paid" | "authorized":
            return _confirmed(shop, cart)
        case "canceled" | "expired" | "failed":
            return ReturnOutcome(way=Way.CART, cart=cart, notice=NOT_SUCCESSFUL)
        case _:
            return ReturnOutcome(way=Way.WAIT, cart=cart)


def _authorised(shop: Workshop, cart_id: int, key: str) -> Cart | None:
    try:
        cart = shop.carts.get(cart_id)
    except NoSuchCart:
        return None
    return cart if key == return_key(cart) else None


def _row_of(shop: Workshop, cart_id: int, order_number: str) -> Row | None:
    row = shop.rows.find_by_reference(order_number) if order_number else None
    if row is None:
        order_id = shop.orders.find_order_id(cart_id)
        row = shop.rows.find_by_order(order_id) if order_id else None
    return row or next(iter(shop.rows.of_cart(cart_id)), None)


def _ask(shop: Workshop, cart: Cart, transaction_id: str) -> ReturnOutcome:
    match _status(shop, transaction_id):
        case "open":
            return ReturnOutcome(way=Way.CART, cart=cart, notice=NOT_COMPLETED)
        case "pending":
            _order_the_pending(shop, cart, transaction_id)
            return _confirmed(shop, cart)
        case "canceled" | "expired" | "failed":
            return ReturnOutcome(way=Way.CART, cart=cart, notice=NOT_SUCCESSFUL)
        case _:
            return ReturnOutcome(way=Way.WAIT, cart=cart)


def _order_the_pending(shop: Workshop, cart: Cart, transaction_id: str) -> None:
    with held(shop.temp_dir, f"pending-order-{cart.cart_id}") as taken:
        if not taken or shop.orders.find_order_id(cart.cart_id) is not None:
            return
        payment = shop.api().get_payment(transaction_id)
        method = METHOD_NAMES.get(str(payment.get("method")), "Card")
        paid = Decimal(payment["amount"]["value"])
        try:
            reference = shop.orders.validate_order(
                cart.cart_id, State.AWAITING_MOLLIE, paid, method=method, transaction_id=transaction_id
            )
        except OrderExists:
            return
        shop.note_order(cart.cart_id, reference)
        shop.api().describe_payment(transaction_id, reference)
        shop.rows.set_status(transaction_id, "pending", shop.orders.find_order_id(cart.cart_id) or 0)
        shop.rows.set_reference(transaction_id, reference)


def _confirmed(shop: Workshop, cart: Cart) -> ReturnOutcome:
    order_id = shop.orders.find_order_id(cart.cart_id)
    if order_id is None:
        return ReturnOutcome(way=Way.WAIT, cart=cart)
    return ReturnOutcome(way=Way.CONFIRMATION, cart=cart, order_id=order_id)


def _status(shop: Workshop, transaction_id: str) -> str:
    try:
        return str(shop.api().get_payment(transaction_id)["status"])
    except ApiFailed:
        return ""
