"""Notices to tell the merchant, as the services make them."""

from __future__ import annotations

from bridge.domain.cart import CartRef
from bridge.domain.money import Money
from bridge.domain.notices import Fact, Notice, NoticeKind
from tests.fakes.clock import START

CART = CartRef(shop_id=1, cart_id=42)
PRICE = Money(currency="EUR", minor=1440)
NOTICE_ID = "019cb9a8-7f00-7c3a-9a53-0c5a4b7a2e11"
REFUND_ID = "019cb9a8-7f01-7d3a-8a53-0c5a4b7a2e12"
PAYMENT_ID = "019cb9a5-10c0-7b3a-8e21-5d0f8b9a4c01"

DETAILS: dict[NoticeKind, dict[str, Fact]] = {
    NoticeKind.SURPLUS: {
        "action": "propose",
        "authorized": False,
        "settled_by": "tr_first",
        "payment_id": PAYMENT_ID,
        "refund_id": REFUND_ID,
    },
    NoticeKind.REFUND_FAILED: {
        "refund_id": REFUND_ID,
        "payment_id": PAYMENT_ID,
        "kind": "refund",
        "error": "The balance is too low.",
    },
    NoticeKind.REFUND_UNCERTAIN: {
        "refund_id": REFUND_ID,
        "payment_id": PAYMENT_ID,
        "kind": "refund",
        "error": "MollieTimeout",
    },
    NoticeKind.REFUND_WAITING: {
        "refund_id": REFUND_ID,
        "payment_id": PAYMENT_ID,
        "kind": "refund",
        "error": "shop 1 has no Mollie key",
    },
    NoticeKind.RELEASE_UNDONE: {"refund_id": REFUND_ID, "payment_id": PAYMENT_ID, "error": "still reserved"},
    NoticeKind.DELIVERY_DEAD: {"delivery_id": "delivery-1", "tries": 30, "error": "the shop's webhook did not answer"},
    NoticeKind.ORDER_MISMATCH: {"mismatches": "order of 12.00 EUR, payment of 14.40 EUR", "order_reference": "XKBK"},
}


def a_notice(
    kind: NoticeKind = NoticeKind.SURPLUS,
    *,
    channel: str = "mail",
    transaction_id: str | None = "tr_second",
    cart: CartRef | None = CART,
    money: Money | None = PRICE,
    notice_id: str = NOTICE_ID,
    **detail: Fact,
) -> Notice:
    """A notice of `kind` with all of its facts; `detail` changes some."""
    return Notice(
        id=notice_id,
        case=f"{kind}:tr_second",
        channel=channel,
        kind=kind,
        at=START,
        cart=cart,
        transaction_id=transaction_id,
        money=money,
        detail=DETAILS[kind] | detail,
    )
