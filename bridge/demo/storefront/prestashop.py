"""PrestaShop's own part: making orders of a cart and moving them through their states, without any atomicity.

`PaymentModule::validateOrder`, `OrderHistory::changeIdOrderState` and `Order::setInvoice` of 9.1, as far as money goes.
"""

from __future__ import annotations

import secrets
import string
from collections.abc import Callable
from decimal import Decimal
from enum import StrEnum
from typing import Final

from sqlalchemy import func, select, update

from bridge.demo.storefront.carts import Cart, CartLine, Carts
from bridge.demo.storefront.columns import SIX_PLACES
from bridge.demo.storefront.database import Row, ShopDatabase
from bridge.demo.storefront.seed import State

_NONE: Final = Decimal(0)


class Stage(StrEnum):
    """The moments of order creation at which a test may hold the script or kill it."""

    LOOKED_UP = "looked_up"
    """The module saw that there is no order, and is about to check again."""
    CHECKED = "checked"
    """The last check found no order; nothing is inserted. The race happens here."""
    INSERTED = "inserted"
    """The order's rows are there, without state, payment or invoice."""
    ORDERED = "ordered"
    """The order is complete; the module has not written its own row."""


class OrderExists(Exception):
    """An order was made for the cart already."""


class PrestaShop:
    """Orders of one shop database. `pause` is called at each `Stage`."""

    def __init__(self, db: ShopDatabase, carts: Carts, pause: Callable[[Stage], None]) -> None:
        self._db = db
        self._carts = carts
        self._pause = pause

    def find_order_id(self, cart_id: int) -> int | None:
        """`Order::getIdByCartId`: the first order of the cart, of whatever reference."""
        c = self._db.tables.orders.c
        found = self._db.value(select(c.id_order).where(c.id_cart == cart_id).order_by(c.id_order))
        return None if found is None else int(found)

    def get_order(self, order_id: int) -> Row:
        """One row of `ps_orders`. Raises LookupError."""
        t = self._db.tables.orders
        row = self._db.first(select(t).where(t.c.id_order == order_id))
        if row is None:
            raise LookupError(f"no order {order_id}")
        return row

    def orders_of_cart(self, cart_id: int) -> list[Row]:
        """Every order of the cart, of whatever reference, oldest first."""
        t = self._db.tables.orders
        return self._db.rows(select(t).where(t.c.id_cart == cart_id).order_by(t.c.id_order))

    def order_payments(self, reference: str) -> list[Row]:
        """The rows of `ps_order_payment` of one order reference, oldest first."""
        t = self._db.tables.order_payment
        return self._db.rows(select(t).where(t.c.order_reference == reference).order_by(t.c.id_order_payment))

    def validate_order(
        self, cart_id: int, state: State, paid: Decimal, *, method: str, transaction_id: str | None = None
    ) -> str:
        """Make the cart's order, or one order for each package, under one new reference; the reference.

        Looks for an existing order first and raises `OrderExists`, but nothing keeps another script from passing the
        same check before this one inserts. An order that is not paid exactly gets the state "Payment error".
        """
        if self.find_order_id(cart_id) is not None:
            raise OrderExists(f"an order has already been placed using cart {cart_id}")
        cart = self._carts.get(cart_id)
        self._pause(Stage.CHECKED)
        reference = "".join(secrets.choice(string.ascii_uppercase) for _ in range(9))
        packages = [(line,) for line in cart.lines] if cart.split else [cart.lines]
        orders = [self._insert_order(cart, reference, package, method) for package in packages]
        self._pause(Stage.INSERTED)
        # The payment belongs to the reference; its amount is added to the last order alone, as PrestaShop does it.
        if self._is_logable(state):
            self.add_order_payment(orders[-1], paid, method, transaction_id)
        reached = State.PAYMENT_ERROR if self._is_logable(state) and paid != cart.total else state
        for order in orders:
            self.change_state(order, reached)
        return reference

    def change_state(self, order_id: int, state: State) -> None:
        """Write the history, the state, and for a state that is paid the invoice and what is missing of the payment."""
        t = self._db.tables
        at = self._db.local_now()
        self._db.add(t.order_history, id_order=order_id, id_order_state=state.value, date_add=at)
        self._change_order(order_id, current_state=state.value, valid=int(self._is_logable(state)))
        if self._is_logable(state):
            if self.get_order(order_id)["invoice_number"] == 0:
                self._set_invoice(order_id)
            self._pay_the_rest(order_id)

    def had_state(self, order_id: int, state: State) -> bool:
        """Whether the order's history knows the state."""
        c = self._db.tables.order_history.c
        query = select(c.id_order_history).where(c.id_order == order_id, c.id_order_state == state.value)
        return self._db.value(query) is not None

    def add_order_payment(self, order_id: int, amount: Decimal, method: str, transaction_id: str | None) -> int:
        """`Order::addOrderPayment`: a row for the reference, and the amount on this order; the row's number."""
        number = self.insert_order_payment(self.get_order(order_id)["reference"], amount, method, transaction_id)
        c = self._db.tables.orders.c
        self._change_order(order_id, total_paid_real=c.total_paid_real + amount)
        return number

    def insert_order_payment(self, reference: str, amount: Decimal, method: str, transaction_id: str | None) -> int:
        """The row alone, which the module's bank transfer adds: the order's `total_paid_real` stays as it is."""
        return self._db.add(
            self._db.tables.order_payment,
            order_reference=reference,
            amount=amount,
            payment_method=method,
            transaction_id=transaction_id,
            date_add=self._db.local_now(),
        )

    def fill_order_payment(self, number: int, method: str, transaction_id: str) -> None:
        """Name the transaction on a payment row that has none."""
        t = self._db.tables.order_payment
        values = {"payment_method": method, "transaction_id": transaction_id}
        self._db.change(update(t).where(t.c.id_order_payment == number).values(**values))

    def rewrite_totals(self, order_id: int, transaction_amount: Decimal) -> None:
        """What the module's payment fee does whenever it runs: totals from the cart, `total_paid` from the payment."""
        cart = self._carts.get(self.get_order(order_id)["id_cart"])
        net = sum((line.net * line.quantity for line in cart.lines), _NONE)
        self._change_order(
            order_id, total_paid_tax_excl=net, total_paid_tax_incl=cart.total, total_paid=transaction_amount
        )

    def _is_logable(self, state: State) -> bool:
        c = self._db.tables.order_state.c
        return bool(self._db.value(select(c.logable).where(c.id_order_state == state.value)))

    def _insert_order(self, cart: Cart, reference: str, lines: tuple[CartLine, ...], method: str) -> int:
        t = self._db.tables
        at = self._db.local_now()
        gross = sum((line.gross * line.quantity for line in lines), _NONE)
        net = sum((line.net * line.quantity for line in lines), _NONE).quantize(SIX_PLACES)
        order = self._db.add(
            t.orders,
            reference=reference,
            id_shop=cart.shop_id,
            id_customer=cart.customer_id,
            id_cart=cart.cart_id,
            id_currency=cart.currency_id,
            current_state=0,
            secure_key=cart.secure_key,
            payment=method,
            module="mollie",
            total_paid=gross,
            total_paid_tax_incl=gross,
            total_paid_tax_excl=net,
            total_products=net,
            total_products_wt=gross,
            date_add=at,
            date_upd=at,
        )
        for line in lines:
            self._insert_detail(order, cart.shop_id, line)
        return order

    def _insert_detail(self, order_id: int, shop_id: int, line: CartLine) -> None:
        self._db.add(
            self._db.tables.order_detail,
            id_order=order_id,
            id_shop=shop_id,
            product_id=line.product_id,
            product_name=line.name,
            product_quantity=line.quantity,
            product_price=line.net,
            unit_price_tax_excl=line.net,
            unit_price_tax_incl=line.gross,
            total_price_tax_excl=line.net * line.quantity,
            total_price_tax_incl=line.gross * line.quantity,
        )

    def _set_invoice(self, order_id: int) -> None:
        t = self._db.tables
        at = self._db.local_now()
        order = self.get_order(order_id)
        # MAX + 1 without a lock: two scripts at once give two invoices one number, in a real shop, too.
        number = int(self._db.value(select(func.coalesce(func.max(t.order_invoice.c.number), 0))) or 0) + 1
        totals = {
            n: order[n] for n in ("total_paid_tax_excl", "total_paid_tax_incl", "total_products", "total_products_wt")
        }
        invoice = self._db.add(t.order_invoice, id_order=order_id, number=number, date_add=at, **totals)
        self._change_order(order_id, invoice_number=number, invoice_date=at)
        for payment in self.order_payments(order["reference"]):
            self._link(invoice, payment["id_order_payment"], order_id)

    def _pay_the_rest(self, order_id: int) -> None:
        t = self._db.tables
        order = self.get_order(order_id)
        siblings = select(t.orders.c.id_order).where(t.orders.c.reference == order["reference"])
        billed = self._db.rows(select(t.order_invoice).where(t.order_invoice.c.id_order.in_(siblings)))
        owed = sum((row["total_paid_tax_incl"] for row in billed), _NONE)
        rest = owed - sum((row["amount"] for row in self.order_payments(order["reference"])), _NONE)
        if rest > _NONE:
            number = self.add_order_payment(order_id, rest, order["payment"], None)
            invoice = next(row["id_order_invoice"] for row in billed if row["id_order"] == order_id)
            self._link(invoice, number, order_id)

    def _link(self, invoice: int, payment: int, order_id: int) -> None:
        self._db.put(
            self._db.tables.order_invoice_payment,
            id_order_invoice=invoice,
            id_order_payment=payment,
            id_order=order_id,
        )

    def _change_order(self, order_id: int, **values: object) -> None:
        t = self._db.tables.orders
        self._db.change(update(t).where(t.c.id_order == order_id).values(date_upd=self._db.local_now(), **values))
