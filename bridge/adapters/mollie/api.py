"""Implements `Mollie` with one key: payments and orders, cancelled, refunded, released."""

from __future__ import annotations

import re
from typing import Any, Final

from mollie.api.error import ResponseHandlingError
from mollie.api.objects.payment import Payment

from bridge.adapters.mollie.calls import Calls
from bridge.adapters.mollie.client import Exchange
from bridge.adapters.mollie.errors import translate
from bridge.adapters.mollie.reading import (
    REFUND_KEY,
    Body,
    read_order,
    read_page,
    read_payment,
    read_refund,
    read_refunds,
    settling_payment,
)
from bridge.domain.errors import MollieError, MollieRefused, Unavailable
from bridge.domain.money import Money
from bridge.domain.observed import ObservedPayment
from bridge.ports.mollie import NewPayment, ObservedRefund, PaymentPage

_ID: Final = re.compile(r"(?:tr|ord)_[A-Za-z0-9_-]{1,60}")
"""What may stand in a URL as a transaction id; the shop's column takes 64 characters."""

_LONGEST_DESCRIPTION: Final = 255
_PAGE: Final = 250
_MOST_PAGES: Final = 20


class ClientMollie:
    """Mollie with the key of one shop. `timeout` bounds each method in seconds, all its requests together."""

    def __init__(self, calls: Calls, api_key: str, timeout: float) -> None:
        self._calls = calls
        self._key = api_key
        self._timeout = timeout

    def __repr__(self) -> str:
        return "ClientMollie()"

    def find_payment(self, transaction_id: str, *, timeout: float | None = None) -> ObservedPayment | None:
        """The payment or order; a payment that belongs to an order is answered as that order. None for 404 and 410."""
        if not _ID.fullmatch(transaction_id):
            return None
        try:
            limit = self._within(timeout)
            return self._calls.read(self._key, lambda client, _: _observe(client, transaction_id), limit)
        except MollieRefused as error:
            if error.status in (404, 410):
                return None
            raise

    def create_payment(self, payment: NewPayment, *, key: str) -> ObservedPayment:
        """Create a payment under `key`. A replayed answer may be stale and is asked for again."""
        body = _creation_body(payment)

        def create(client: Any, exchange: Exchange) -> tuple[ObservedPayment, bool]:
            created = read_payment(client.payments.create(body, idempotency_key=key))
            return created, exchange.replayed

        created, replayed = self._calls.write(self._key, create, self._timeout)
        return self._as_it_is_now(created) if replayed else created

    def cancel_payment(self, transaction_id: str, *, timeout: float | None = None) -> bool:
        """Cancel it; False when Mollie does not allow it (422) or knows no such one (404)."""
        if not _ID.fullmatch(transaction_id):
            return False
        # Not `client.payments.delete`: that sends an Idempotency-Key of its own making.
        path = f"{_collection(transaction_id)}/{transaction_id}"
        try:
            self._calls.write(
                self._key, lambda client, _: client.payments.perform_api_call("DELETE", path), self._within(timeout)
            )
        except MollieRefused as error:
            if error.status in (404, 410, 422):
                return False
            raise
        return True

    def create_refund(self, transaction_id: str, money: Money, *, key: str, description: str) -> ObservedRefund:
        """Refund part or all under `key`; of an order, the payment that settled it is refunded.

        The key is written into the refund's metadata, so that `refunds_of` tells ours from others'.
        """
        payment_id = self._payment_of(transaction_id)
        body = {
            "amount": {"currency": money.currency, "value": money.value},
            "description": description[:_LONGEST_DESCRIPTION],
            "metadata": {REFUND_KEY: key},
        }
        return self._calls.write(
            self._key,
            lambda client, _: read_refund(_payment(client, payment_id).refunds.create(body, idempotency_key=key)),
            self._timeout,
        )

    def refunds_of(self, transaction_id: str) -> tuple[ObservedRefund, ...]:
        """The refunds of a payment, newest first, over all pages."""
        payment_id = self._payment_of(transaction_id)
        return self._calls.read(self._key, lambda client, _: _refunds(client, payment_id), self._timeout)

    def list_payments(self, *, begin: str | None = None, limit: int = _PAGE) -> PaymentPage:
        """A page of the payments, newest first."""
        if begin is not None:
            _check(begin)
        params: dict[str, Any] = {"limit": min(limit, _PAGE)} | ({"from": begin} if begin else {})

        def ask(client: Any, _: Exchange) -> PaymentPage:
            # Not `client.payments.list`: its page takes the place of Mollie's own answer, links included.
            return read_page(client.payments.perform_api_call("GET", "payments", params=params))

        return self._calls.read(self._key, ask, self._timeout)

    def release_authorization(self, transaction_id: str, *, key: str) -> None:
        """Give an authorised amount back; an authorised order is cancelled, which does the same.

        Raises `MollieRefused` (422) when nothing is authorised.
        """
        _check(transaction_id)

        def release(client: Any, exchange: Exchange) -> None:
            try:
                if transaction_id.startswith("ord_"):
                    client.payments.perform_api_call("DELETE", f"orders/{transaction_id}")
                else:
                    client.payments.release_authorization(transaction_id, idempotency_key=key)
            except ResponseHandlingError as error:
                # 202 Accepted may come without a body, which the library takes for broken JSON.
                if exchange.status != 202:
                    raise translate(error, exchange, writes=True) from error

        self._calls.write(self._key, release, self._timeout)

    def _within(self, timeout: float | None) -> float:
        return self._timeout if timeout is None else min(timeout, self._timeout)

    def _as_it_is_now(self, replayed: ObservedPayment) -> ObservedPayment:
        try:
            return self.find_payment(replayed.transaction_id) or replayed
        except Unavailable:
            # It exists, that much is sure; how it stands is asked again before anything depends on it.
            return replayed

    def _payment_of(self, transaction_id: str) -> str:
        """The payment whose money it is about: itself, or the one that settled the order."""
        _check(transaction_id)
        if not transaction_id.startswith("ord_"):
            return transaction_id
        order: Body = self._calls.read(self._key, lambda client, _: _order(client, transaction_id), self._timeout)
        found = settling_payment(order)
        if found is None:
            raise MollieRefused(f"order {transaction_id} has no payment that took money", status=422)
        return found


def _observe(client: Any, transaction_id: str) -> ObservedPayment:
    if transaction_id.startswith("ord_"):
        return read_order(_order(client, transaction_id))
    payment: Body = client.payments.get(transaction_id)
    order_id = payment.get("orderId")
    if isinstance(order_id, str) and _ID.fullmatch(order_id):
        return read_order(_order(client, order_id))
    return read_payment(payment)


def _order(client: Any, order_id: str) -> Body:
    order: Body = client.orders.get(order_id, embed="payments")
    return order


def _refunds(client: Any, payment_id: str) -> tuple[ObservedRefund, ...]:
    page = _payment(client, payment_id).refunds.list(limit=_PAGE)
    found = read_refunds(page)
    for _ in range(_MOST_PAGES - 1):
        if not page.has_next():
            break
        page = page.get_next()
        found += read_refunds(page)
    if page.has_next():
        # What is not in it would be taken for not made, and be made again.
        raise MollieError(f"Mollie lists more than {_MOST_PAGES * _PAGE} refunds of {payment_id}: no list is whole")
    return tuple(found)


def _payment(client: Any, payment_id: str) -> Payment:
    """The library's payment object without asking for it."""
    return Payment({"id": payment_id}, client)  # type: ignore[no-untyped-call]


def _creation_body(payment: NewPayment) -> dict[str, Any]:
    """The same payment gives the same bytes: Mollie refuses another payload under a key that it knows."""
    body: dict[str, Any] = {
        "amount": {"currency": payment.money.currency, "value": payment.money.value},
        "description": payment.description[:_LONGEST_DESCRIPTION],
        "redirectUrl": payment.redirect_url,
        "webhookUrl": payment.webhook_url,
        "method": payment.method,
        "locale": payment.locale,
        "metadata": dict(sorted(payment.metadata.items())) or None,
    }
    return {name: value for name, value in body.items() if value is not None}


def _collection(transaction_id: str) -> str:
    return "orders" if transaction_id.startswith("ord_") else "payments"


def _check(transaction_id: str) -> None:
    if not _ID.fullmatch(transaction_id):
        raise MollieRefused(f"{transaction_id[:70]!r} is no id of Mollie's", status=404)
