"""The module's webhook: what 6.4.4 does with a payment that Mollie announces, races and absorbed payments included.

The order of the checks is the module's own (`controllers/front/webhook.php`, `src/Service/TransactionService.php`):
nothing but a file lock on the security token keeps two of these scripts apart, and that on one host only.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from bridge.demo.storefront.carts import Cart, NoSuchCart
from bridge.demo.storefront.flock import held
from bridge.demo.storefront.journal import Happening
from bridge.demo.storefront.module_api import ApiFailed
from bridge.demo.storefront.module_urls import REFERENCE_PREFIX, return_key
from bridge.demo.storefront.payment_page import METHOD_NAMES
from bridge.demo.storefront.prestashop import OrderExists, Stage
from bridge.demo.storefront.seed import State
from bridge.demo.storefront.workshop import NoApiKey, Workshop

FINISHED: Final = frozenset({"paid", "authorized", "completed", "shipping"})
_PAID_STATES: Final = frozenset({State.PAID, State.AUTHORIZED})
_STATE_OF: Final = {
    "paid": State.PAID,
    "authorized": State.PAID,
    "open": State.AWAITING_MOLLIE,
    "pending": State.AWAITING_MOLLIE,
    "canceled": State.CANCELED,
    "expired": State.CANCELED,
    "failed": State.CANCELED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An HTTP answer; `headers` beyond the type and length of the body."""

    status: int
    body: dict[str, Any]
    headers: tuple[tuple[str, str], ...] = ()


class _Refused(Exception):
    """The module's TransactionException: its code is the answer's status."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class _Died(Exception):
    """The script ended here, with 200 and without an error."""


@dataclass(frozen=True, kw_only=True)
class Webhook:
    """One web server's webhook; `half_done` lets the script die between the order and the payment's row."""

    shop: Workshop
    half_done: bool = False

    def answer(self, transaction_id: str, token: str) -> Answer:
        """Answer Mollie's call.

        200: done, or nothing to do. 400: no token, no cart in the metadata, Mollie's API failed, or an order came into
        being at the last moment. 401: no API key, or a `secure_key` that is not the cart's. 405: an order came into
        being a moment earlier. 409: another call with the token is running on this host. 422: no id.
        """
        try:
            self.shop.api()
        except NoApiKey:
            return _failure(401, "Unauthorized")
        if not token:
            return _failure(400, "Missing security token")
        if not transaction_id:
            return _failure(422, "Missing transaction id")
        with held(self.shop.temp_dir, f"webhook-{token}") as taken:
            if not taken:
                return _failure(409, "Resource conflict")
            return self._execute(transaction_id)

    def _execute(self, transaction_id: str) -> Answer:
        try:
            payment = self.shop.api().get_payment(transaction_id)
            self._process(payment, self._cart_of(payment))
        except _Died:
            return Answer(status=200, body={})
        except _Refused as refusal:
            return _failure(refusal.status, str(refusal))
        except NoSuchCart:
            return _failure(401, "Security key is incorrect.")
        except (ApiFailed, OrderExists, LookupError) as error:
            return _failure(400, str(error))
        return Answer(status=200, body={"success": True})

    def _cart_of(self, payment: dict[str, Any]) -> Cart:
        cart_id = int((payment.get("metadata") or {}).get("cart_id") or 0)
        if not cart_id:
            raise _Refused(400, f"Missing Cart ID. Transaction ID: [{payment['id']}]")
        return self.shop.carts.get(cart_id)

    def _process(self, payment: dict[str, Any], cart: Cart) -> None:
        shop, transaction_id, status = self.shop, str(payment["id"]), str(payment["status"])
        if shop.rows.find(transaction_id) is None:
            method = str(payment.get("method") or "")
            shop.rows.add_open(transaction_id, cart.cart_id, method=method, reference=str(payment["description"]))
        order_id = shop.orders.find_order_id(cart.cart_id)
        generated = str(payment["description"]).startswith(REFERENCE_PREFIX)
        if status not in FINISHED and generated:
            return  # the row stays "open" whatever became of the payment
        if payment["metadata"].get("secure_key") != return_key(cart):
            raise _Refused(401, "Security key is incorrect.")
        if _minor_or_more(payment, "amountRefunded"):
            self._refunded(payment, cart, order_id, generated=generated)
        elif _minor_or_more(payment, "amountChargedBack"):
            self._move_orders(order_id, State.CHARGEBACK)
        elif order_id is None and status in FINISHED:
            self._create_order(payment, cart)
        elif generated:
            self._absorb(payment, cart)
        else:
            self._move_orders(order_id, _STATE_OF.get(status))
        self._store(payment, cart)

    def _create_order(self, payment: dict[str, Any], cart: Cart) -> None:
        shop = self.shop
        shop.pause(Stage.LOOKED_UP)
        if shop.orders.find_order_id(cart.cart_id) is not None:
            raise _Refused(405, "Order is already created")
        method = METHOD_NAMES.get(str(payment.get("method")), "Card")
        paid = Decimal(payment["amount"]["value"])
        reference = shop.orders.validate_order(
            cart.cart_id, State.PAID, paid, method=method, transaction_id=str(payment["id"])
        )
        shop.note_order(cart.cart_id, reference)
        if self.half_done:
            raise _Died
        shop.pause(Stage.ORDERED)
        # By cart, not by what was just made: after a lost race this is the other script's order.
        order_id = shop.orders.find_order_id(cart.cart_id) or 0
        shop.rows.set_status(str(payment["id"]), str(payment["status"]), order_id)
        self._describe(payment, order_id, strict=False)

    def _absorb(self, payment: dict[str, Any], cart: Cart) -> None:
        """A second paid payment of a cart that has its order: no refund, no order payment, no word about it."""
        order_id = self.shop.orders.find_order_id(cart.cart_id)
        if order_id is None:
            return
        described = self._describe(payment, order_id, strict=True)
        self.shop.orders.rewrite_totals(order_id, Decimal(payment["amount"]["value"]))
        self._process(described, cart)

    def _refunded(self, payment: dict[str, Any], cart: Cart, order_id: int | None, *, generated: bool) -> None:
        if generated:
            self._absorb(payment, cart)
        refunded = Decimal(payment["amountRefunded"]["value"])
        full = refunded >= Decimal(payment["amount"]["value"])
        # The order is the cart's: it is set to refunded even when another payment has paid for it.
        self._move_orders(order_id, State.REFUNDED if full else State.PARTLY_REFUNDED)

    def _move_orders(self, order_id: int | None, state: State | None) -> None:
        """`OrderStatusService::setOrderStatus`: every order of the cart, once per state, paid never over paid."""
        if order_id is None or state is None:
            return
        orders = self.shop.orders
        order = orders.get_order(order_id)
        current = order["current_state"]
        if orders.had_state(order_id, state) or (state in _PAID_STATES and current in _PAID_STATES):
            return
        for each in orders.orders_of_cart(order["id_cart"]):
            orders.change_state(each["id_order"], state)
            text = f"order {each['reference']} is now {state.name.lower().replace('_', ' ')}"
            self.shop.note(Happening.ORDER_STATE, order["id_cart"], text)

    def _store(self, payment: dict[str, Any], cart: Cart) -> None:
        shop, transaction_id = self.shop, str(payment["id"])
        order_id = shop.orders.find_order_id(cart.cart_id)
        if order_id is None:
            return
        reference = str(shop.orders.get_order(order_id)["reference"])
        shop.rows.set_reference(transaction_id, reference)
        self._name_transaction(payment, order_id, reference)
        shop.rows.set_status(transaction_id, str(payment["status"]), order_id)

    def _name_transaction(self, payment: dict[str, Any], order_id: int, reference: str) -> None:
        orders, transaction_id = self.shop.orders, str(payment["id"])
        method = METHOD_NAMES.get(str(payment.get("method")), "Card")
        known = orders.order_payments(reference)
        if not known:
            orders.insert_order_payment(reference, Decimal(payment["amount"]["value"]), method, transaction_id)
        for row in known:
            if not row["transaction_id"]:
                orders.fill_order_payment(row["id_order_payment"], method, transaction_id)

    def _describe(self, payment: dict[str, Any], order_id: int, *, strict: bool) -> dict[str, Any]:
        reference = str(self.shop.orders.get_order(order_id)["reference"])
        try:
            self.shop.api().describe_payment(str(payment["id"]), reference)
        except ApiFailed:
            if strict:
                raise
        return payment | {"description": reference}


def _minor_or_more(payment: dict[str, Any], field: str) -> bool:
    amount = payment.get(field)
    return amount is not None and Decimal(amount["value"]) > 0


def _failure(status: int, message: str) -> Answer:
    return Answer(status=status, body={"success": False, "errors": message})
