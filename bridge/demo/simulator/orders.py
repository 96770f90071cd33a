"""The Orders API (`ord_...`), as far as the shop module uses it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from bridge.demo.simulator.amounts import Amount
from bridge.demo.simulator.books import new_id
from bridge.demo.simulator.errors import ApiError
from bridge.demo.simulator.records import Order, OrderStatus, Payment, PaymentStatus, Refund
from bridge.demo.simulator.validation import read_positive_amount, read_url, require_object

if TYPE_CHECKING:
    from bridge.demo.simulator.account import Account

# An order that nobody pays lives for 28 days, longer than any of its payments.
LIFETIME = timedelta(days=28)


class Orders:
    """The orders of an account; each stands for one or more payments, of which one may be paid."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._books = account.books

    def create(self, body: Any, *, mode: str = "test") -> Order:
        """A new order and its first payment from the body of `POST /v2/orders`; raises ApiError."""
        given = require_object(body)
        amount = read_positive_amount(given.get("amount"))
        for name in ("orderNumber", "locale"):
            if not isinstance(given.get(name), str) or not given[name]:
                raise ApiError(422, f"The {name} is required", field=name)
        if not isinstance(given.get("lines"), list) or not given["lines"]:
            raise ApiError(422, "The order needs at least one line", field="lines")
        read_url(given.get("redirectUrl"), "redirectUrl", required=True)
        now = self._account.clock.now()
        order = Order(id=new_id("ord"), mode=mode, created_at=now, expires_at=now + LIFETIME, amount=amount, body=given)
        with self._books.lock:
            self._books.orders[order.id] = order
            try:
                self.add_payment(order.id, given.get("payment") or {})
            except ApiError:
                del self._books.orders[order.id]
                raise
            return self._books.orders[order.id]

    def add_payment(self, order_id: str, body: Any) -> Payment:
        """Another payment for an order that is still to be paid (`POST /v2/orders/{id}/payments`)."""
        given = require_object(body)
        with self._books.lock:
            order = self._books.order(order_id)
            if order.status is not OrderStatus.CREATED:
                raise ApiError(422, f"The order is {order.status} already")
            wanted = {
                "amount": order.amount.to_json(),
                "description": f"Order {order.body['orderNumber']}",
                "redirectUrl": order.body["redirectUrl"],
                "cancelUrl": order.body.get("cancelUrl"),
                "webhookUrl": given.get("webhookUrl"),
                "method": given.get("method") or order.body.get("method"),
                "metadata": order.body.get("metadata"),
                "locale": order.body["locale"],
            }
            payment = self._account.create_payment(wanted, mode=order.mode, order_id=order.id)
            self._books.orders[order.id] = order.with_payment(payment.id)
            return payment

    def get(self, order_id: str) -> Order:
        """The order as it is now; raises ApiError 404."""
        self._account.expire_due()
        with self._books.lock:
            order = self._books.order(order_id)
            if order.status is OrderStatus.CREATED and self._account.clock.now() >= order.expires_at:
                return self._end(order, OrderStatus.EXPIRED)
            return order

    def payments_of(self, order: Order) -> list[Payment]:
        """Its payments, oldest first."""
        with self._books.lock:
            return [self._books.payment(payment_id) for payment_id in order.payment_ids]

    def cancel(self, order_id: str) -> Order:
        """`DELETE`: canceled with its open payments, 422 once it is paid or over."""
        return self._end_created(order_id, OrderStatus.CANCELED, PaymentStatus.CANCELED)

    def expire(self, order_id: str) -> Order:
        """Its time is up, now."""
        return self._end_created(order_id, OrderStatus.EXPIRED, PaymentStatus.EXPIRED)

    def refund(self, order_id: str, body: Any) -> Refund:
        """Refund the lines named with an amount; no lines: all that is left of the paid payment."""
        given = require_object(body)
        with self._books.lock:
            order = self._books.order(order_id)
            paid = next((each for each in self.payments_of(order) if each.status is PaymentStatus.PAID), None)
            if paid is None:
                raise ApiError(422, "The order is not paid and can not be refunded")
            wanted = self._sum_of_lines(given.get("lines") or [], paid)
            return self._account.create_refund(paid.id, {**given, "amount": wanted.to_json()})

    def _sum_of_lines(self, lines: list[Any], paid: Payment) -> Amount:
        if not lines:
            return paid.amount.with_minor(paid.amount.minor - paid.refunded)
        return paid.amount.with_minor(sum(read_positive_amount(line.get("amount")).minor for line in lines))

    def _end_created(self, order_id: str, status: OrderStatus, payment_status: PaymentStatus) -> Order:
        with self._books.lock:
            order = self._books.order(order_id)
            if order.status is not OrderStatus.CREATED:
                raise ApiError(422, f"The order is {order.status} already")
            for payment in self.payments_of(order):
                if payment.payable:
                    self._account.move(payment, payment_status)
            return self._end(order, status)

    def _end(self, order: Order, status: OrderStatus) -> Order:
        ended = self._books.orders[order.id] = order.moved(status, self._account.clock.now())
        self._account.webhooks.announce(order.id)
        return ended
