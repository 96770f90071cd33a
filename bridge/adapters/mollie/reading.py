"""Mollie's JSON as the domain's facts. What can not be understood is a `MollieError`, never a crash."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final, NoReturn
from urllib.parse import parse_qs, urlsplit

from bridge.domain.errors import InvalidMoney, MollieError, UnknownStatus
from bridge.domain.money import Money
from bridge.domain.observed import ObservedPayment, PaymentStatus, StrangePayment
from bridge.ports.mollie import ObservedRefund, PaymentPage

Body = Mapping[str, Any]

ATTEMPT_KEY: Final = "molbridge_attempt"
"""In the metadata of payments that the bridge itself creates; `cart_id` is there in the module's and in ours."""

REFUND_KEY: Final = "molbridge_key"
"""In a refund's metadata: the Idempotency-Key it was made under.

Mollie keeps a refund's metadata and answers with it, in the list too (docs.mollie.com, "Create payment refund"). A
refund of an order is made as one of its payment's, for which the same holds.
"""

_ORDER_STATUSES: Final = {
    "created": PaymentStatus.OPEN,
    "pending": PaymentStatus.PENDING,
    "authorized": PaymentStatus.AUTHORIZED,
    "paid": PaymentStatus.PAID,
    "shipping": PaymentStatus.AUTHORIZED,
    "completed": PaymentStatus.PAID,
    "canceled": PaymentStatus.CANCELED,
    "expired": PaymentStatus.EXPIRED,
}
"""Statuses of the Orders API as payment statuses; `shipping` is paid where one of its payments is."""


def read_payment(body: Body) -> ObservedPayment:
    """A payment object. Raises `MollieError` when id, status or amount make no sense."""
    status = _payment_status(body.get("status"))
    money = _money(body.get("amount"))
    return ObservedPayment(
        transaction_id=_text(body.get("id")) or _senseless("a payment without id"),
        status=status,
        money=money,
        refunded_minor=_part(body.get("amountRefunded"), money),
        charged_back_minor=_part(body.get("amountChargedBack"), money),
        captured_minor=_captured(body.get("amountCaptured"), money),
        webhook_url=_text(body.get("webhookUrl")),
        order_id=_text(body.get("orderId")),
        **_common(body, status),
    )


def read_order(body: Body) -> ObservedPayment:
    """An order object with its payments embedded. Raises `MollieError` as `read_payment` does."""
    payments = embedded(body, "payments")
    status = _order_status(body.get("status"), payments)
    money = _money(body.get("amount"))
    webhooks = (_text(each.get("webhookUrl")) for each in (body, *payments))
    return ObservedPayment(
        transaction_id=_text(body.get("id")) or _senseless("an order without id"),
        status=status,
        money=money,
        refunded_minor=_part(body.get("amountRefunded"), money),
        charged_back_minor=sum(_part(each.get("amountChargedBack"), money) for each in payments),
        captured_minor=_captured(body.get("amountCaptured"), money),
        webhook_url=next((url for url in webhooks if url), None),
        word=_text(body.get("status")),
        **_common(body, status),
    )


def read_page(body: Body) -> PaymentPage:
    """A page of the list of payments; the next one begins where Mollie's own link says.

    Payments of a status that is not known are told apart: one new status must not hide all older payments. Raises
    `MollieError` also for an answer without list or links: it would be taken for the end of the list.
    """
    links, holder = body.get("_links"), body.get("_embedded")
    if not isinstance(links, Mapping) or "next" not in links:
        _senseless("a list that does not say whether it goes on")
    if not isinstance(holder, Mapping) or not isinstance(holder.get("payments"), list):
        _senseless("a list without payments")
    following = links["next"]
    href = _text(following.get("href")) if isinstance(following, Mapping) else None
    begins = parse_qs(urlsplit(href).query).get("from", []) if href else []
    if href and not begins:
        _senseless("a next page that does not say where it begins")
    read, strange = _read_list(embedded(body, "payments"))
    return PaymentPage(payments=tuple(read), next_id=begins[0] if begins else None, strange=tuple(strange))


def _read_list(bodies: Iterable[Body]) -> tuple[list[ObservedPayment], list[StrangePayment]]:
    read: list[ObservedPayment] = []
    strange: list[StrangePayment] = []
    for body in bodies:
        try:
            read.append(read_payment(body))
        except UnknownStatus as error:
            strange.append(_read_strange(body, error.word))
    return read, strange


def _read_strange(body: Body, word: str) -> StrangePayment:
    return StrangePayment(
        transaction_id=_text(body.get("orderId")) or _text(body.get("id")) or _senseless("a payment without id"),
        word=word,
        money=_money(body.get("amount")),
        cart_id=_cart_id(read_metadata(body.get("metadata")).get("cart_id")),
        created_at=_moment(body.get("createdAt")),
    )


def read_refund(body: Body) -> ObservedRefund:
    """A refund object."""
    return ObservedRefund(
        refund_id=_text(body.get("id")) or _senseless("a refund without id"),
        status=_text(body.get("status")) or _senseless("a refund without status"),
        money=_money(body.get("amount")),
        key=_text(read_metadata(body.get("metadata")).get(REFUND_KEY)),
        created_at=_moment(body.get("createdAt")),
    )


def read_refunds(body: Body) -> list[ObservedRefund]:
    """A page of the list of a payment's refunds.

    Raises `MollieError` for an answer that is no such list, or not all of it: a refund that is not in it would be made
    again. Whether a list without a further page has a link that says so is not established.
    """
    links, holder, count = body.get("_links"), body.get("_embedded"), body.get("count")
    if not isinstance(links, Mapping) or not isinstance(holder, Mapping) or not isinstance(holder.get("refunds"), list):
        _senseless("a list without refunds or links")
    refunds = embedded(body, "refunds")
    if len(refunds) != len(holder["refunds"]) or count not in (None, len(refunds)):
        _senseless(f"a list of {len(refunds)} refunds that says it has {count}")
    return [read_refund(refund) for refund in refunds]


def settling_payment(order: Body) -> str | None:
    """The id of the order's payment that took or reserved the money."""
    for wanted in ("paid", "authorized"):
        for payment in embedded(order, "payments"):
            if payment.get("status") == wanted:
                return _text(payment.get("id"))
    return None


def embedded(body: Body, name: str) -> list[Body]:
    """The objects under `_embedded.<name>`; none when they are not there."""
    holder = body.get("_embedded")
    items = holder.get(name) if isinstance(holder, Mapping) else None
    return [item for item in items if isinstance(item, Mapping)] if isinstance(items, list) else []


def read_metadata(value: Any) -> Body:
    """Metadata as an object: Mollie keeps whatever JSON it was given, and some callers give text that is JSON."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return {}
    return value if isinstance(value, Mapping) else {}


def _common(body: Body, status: PaymentStatus) -> dict[str, Any]:
    metadata = read_metadata(body.get("metadata"))
    live = status in (PaymentStatus.OPEN, PaymentStatus.PENDING)
    return {
        "cart_id": _cart_id(metadata.get("cart_id")),
        "attempt_id": _text(metadata.get(ATTEMPT_KEY)),
        "method": _text(body.get("method")),
        "checkout_url": _link(body, "checkout") if live else None,
        "is_cancelable": body.get("isCancelable") is True,
        "created_at": _moment(body.get("createdAt")),
        "expires_at": _moment(body.get("expiresAt")),
    }


def _payment_status(value: Any) -> PaymentStatus:
    try:
        return PaymentStatus(value)
    except ValueError:
        raise _unknown_status("a payment", value) from None


def _order_status(value: Any, payments: Iterable[Body]) -> PaymentStatus:
    if value == "shipping" and any(each.get("status") == "paid" for each in payments):
        return PaymentStatus.PAID
    if not isinstance(value, str) or value not in _ORDER_STATUSES:
        raise _unknown_status("an order", value)
    return _ORDER_STATUSES[value]


def _unknown_status(what: str, value: Any) -> UnknownStatus:
    word = str(value)[:40]
    return UnknownStatus(f"Mollie gives {what} the status {word!r}, which is not known", word=word)


def _money(amount: Any) -> Money:
    if not isinstance(amount, Mapping):
        raise MollieError("Mollie's answer has no amount")
    try:
        return Money.parse(str(amount.get("value")), str(amount.get("currency")))
    except InvalidMoney as error:
        raise MollieError(f"Mollie's answer: {error}") from error


def _part(amount: Any, whole: Money) -> int:
    """Minor units of what was given back; nothing when the member is missing."""
    if amount is None:
        return 0
    part = _money(amount)
    if part.currency != whole.currency:
        raise MollieError(f"Mollie gave back {part} of {whole}: another currency")
    return part.minor


def _captured(amount: Any, whole: Money) -> int | None:
    """Minor units of what was captured; None where Mollie does not say: most payments know no captures.

    It bounds what is given back, which Mollie does as well: one that makes no sense must not keep the payment from
    settling its cart.
    """
    try:
        return None if amount is None else _part(amount, whole)
    except MollieError:
        return None


def _cart_id(value: Any) -> int | None:
    """A positive whole number, as such or as text."""
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        return None
    text = str(value).strip()
    # PrestaShop's ids are unsigned INTs: ten digits.
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 10 and int(text) > 0 else None


def _moment(value: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _link(body: Body, name: str) -> str | None:
    links = body.get("_links")
    link = links.get(name) if isinstance(links, Mapping) else None
    return _text(link.get("href")) if isinstance(link, Mapping) else None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _senseless(what: str) -> NoReturn:
    raise MollieError(f"Mollie's answer holds {what}")
