"""The examples of the API's documentation, told as one story: cart 42, 14.40 EUR, paid with iDEAL."""

from __future__ import annotations

from typing import Any, Final

PAYMENT_ID: Final = "01939f5c-8a31-7c52-b4f7-6d1d2c3f9a10"
TRANSACTION_ID: Final = "tr_WDqYK6vllg"
CHECKOUT_URL: Final = "https://www.mollie.com/checkout/select-method/WDqYK6vllg"
LEASE_TOKEN: Final = "pVbqS4yQyqIpdvmqWVzXHqJvEuVx2nQe"  # noqa: S105  (made up)
LATER: Final = "2026-03-01T12:01:00Z"

_ASKED: Final = {
    "shop_id": 1,
    "cart_id": 42,
    "customer_id": 7,
    "amount": "14.40",
    "currency": "EUR",
    "method": "ideal",
    "idempotency_key": "9f0c8e2e-4a55-4d0e-9d5b-0e4a4f3b1c77",
}
INITIATE: Final[dict[str, Any]] = {
    "shop_creates": {"summary": "The shop's module creates the payment", "value": _ASKED},
    "bridge_creates": {
        "summary": "The bridge creates the payment",
        "value": {
            **_ASKED,
            "mollie": {
                "description": "Cart 42",
                "redirect_url": "https://shop.example/return?cart=42",
                "webhook_url": "https://shop.example/module/mollie/webhook?security_token=abc",
                "locale": "nl_NL",
                "metadata": {"secure_key": "5d41402abc4b2a76"},
            },
        },
    },
}
BIND: Final = {"transaction_id": TRANSACTION_ID, "checkout_url": CHECKOUT_URL}
RELEASE: Final = {"reason": "Mollie did not answer the module"}
CONFIRM: Final = {"transaction_id": TRANSACTION_ID}
REFUND: Final = {"amount": "5.00", "reason": "One cup was broken", "idempotency_key": "refund-2026-03-01-1"}
CLAIM: Final = {"transaction_id": TRANSACTION_ID}
LEASE: Final = {"cart_id": 42, "shop_id": 1, "purpose": "return-page"}
COMPLETE: Final = {"outcome": "done", "http_status": 200}

_NOTHING: Final = dict.fromkeys(
    "payment_id transaction_id status checkout_url order_id order_reference invoice_number retry_after".split()
)


def _payment(kind: str, action: str, message: str, **known: object) -> dict[str, Any]:
    data = {"type": kind, "action": action, **_NOTHING, "has_order": "order_id" in known, **known}
    return {"data": data, "message": message}


NEW: Final = _payment("new", "create", "Payment may be created", payment_id=PAYMENT_ID, status="reserved")
CREATED: Final = _payment(
    "new",
    "resume",
    "Payment created",
    payment_id=PAYMENT_ID,
    transaction_id=TRANSACTION_ID,
    status="open",
    checkout_url=CHECKOUT_URL,
)
OPEN: Final = _payment(
    "existing",
    "resume",
    "A payment is already in progress",
    payment_id=PAYMENT_ID,
    transaction_id=TRANSACTION_ID,
    status="open",
    checkout_url=CHECKOUT_URL,
)
CREATING: Final = _payment(
    "existing",
    "retry_later",
    "A payment is already in progress",
    payment_id=PAYMENT_ID,
    status="reserved",
    retry_after=2,
)
ORDERED: Final = _payment(
    "existing", "show_order", "The cart has become an order", order_id=5, order_reference="XKBKNABJK"
)
PAID: Final = _payment(
    "existing",
    "show_order",
    "Payment is paid",
    payment_id=PAYMENT_ID,
    transaction_id=TRANSACTION_ID,
    status="paid",
    order_id=5,
    order_reference="XKBKNABJK",
    invoice_number=12,
)
RELEASED: Final = _payment("existing", "none", "Payment is released", payment_id=PAYMENT_ID, status="released")
CONFIRMED: Final = {"data": {**PAID["data"], "type": "new", "mismatches": []}, "message": "Confirmed"}
CONFIRMED_ALREADY: Final = {"data": {**PAID["data"], "mismatches": []}, "message": "Confirmed already"}
_REFUND: Final = {
    "type": "new",
    "refund_id": "01939f60-1f6d-7d3a-9a53-0c5a4b7a2e11",
    "payment_id": PAYMENT_ID,
    "transaction_id": TRANSACTION_ID,
    "amount": "5.00",
    "currency": "EUR",
    "reason": "One cup was broken",
    "status": "refunded",
    "mollie_refund_id": "re_4qqhO89gsT",
}
REFUNDED: Final = {"data": _REFUND, "message": "Refund sent"}
REFUNDED_ALREADY: Final = {"data": {**_REFUND, "type": "existing"}, "message": "Refund made already"}
MAY_PAY: Final = {"data": {"allowed": True, "payment": None}, "message": "A payment may be made"}
EXPIRED: Final = {"data": {"ended": [PAYMENT_ID]}, "message": "1 payment ended"}
SETTLED: Final = {"data": {"has_order": True}, "message": "The cart has its order"}
CLAIMED: Final = {
    "data": {
        "decision": "process",
        "reason": "settle",
        "cart_id": 42,
        "lease": {"token": LEASE_TOKEN, "expires_at": LATER},
    },
    "message": "Let the module work, then complete the lease",
}
LEASED: Final = {
    "data": {"token": LEASE_TOKEN, "cart_id": 42, "shop_id": 1, "expires_at": LATER},
    "message": "Lease taken",
}
COMPLETED: Final = {"data": {"verified": True, "mismatches": []}, "message": "Verified"}
AUDIT: Final = {
    "data": {
        "entries": [
            {
                "at": "2026-03-01T12:00:00Z",
                "event": "initiation.decided",
                "payment_id": PAYMENT_ID,
                "transaction_id": None,
                "detail": {"decision": "Proceed", "amount": "14.40 EUR"},
            }
        ]
    },
    "message": "1 entry",
}
LOCKS: Final = {
    "data": {
        "locks": [
            {
                "key": "webhook-cart-42",
                "holder": "pid 4711 (php-fpm)",
                "purpose": None,
                "since": "2026-03-01T12:00:00Z",
                "expires_at": None,
            }
        ],
        "leases": [
            {
                "cart_id": 42,
                "shop_id": 1,
                "purpose": "webhook",
                "holder": "web1:4242",
                "taken_at": "2026-03-01T12:00:00Z",
                "expires_at": LATER,
            }
        ],
    },
    "message": "1 lock, 1 lease",
}
_DELIVERY: Final = {
    "delivery_id": "019cb9a5-10c0-7b3a-8e21-5d0f8b9a4d01",
    "transaction_id": "tr_WDqYK6vllg",
    "shop_id": 1,
    "cart_id": 42,
    "source": "mollie",
    "state": "dead",
    "decision": "Settle",
    "tries": 30,
    "received_at": "2026-03-01T12:00:00Z",
    "next_try_at": None,
    "last_error": "ShopDown: the shop answered 500",
}
DELIVERIES: Final = {"data": {"deliveries": [_DELIVERY]}, "message": "1 delivery"}
REPLAY: Final = {"cart_id": 42}
REFUND_ID: Final = "019cb9a5-10c0-7b3a-8e21-5d0f8b9a4e01"
_REFUND_ROW: Final = {
    "refund_id": REFUND_ID,
    "payment_id": PAYMENT_ID,
    "transaction_id": "tr_WDqYK6vllg",
    "shop_id": 1,
    "cart_id": 42,
    "kind": "refund",
    "amount": "14.40",
    "currency": "EUR",
    "reason": "Paid twice: the cart was paid already",
    "status": "proposed",
    "tries": 0,
    "created_at": "2026-03-01T12:00:00Z",
    "next_try_at": None,
    "last_error": None,
    "mollie_refund_id": None,
}
REFUNDS: Final = {"data": {"refunds": [_REFUND_ROW]}, "message": "1 refund"}
APPROVED: Final = {
    "data": {**_REFUND_ROW, "status": "refunded", "tries": 1, "mollie_refund_id": "re_4qqhO89gsT"},
    "message": "Approved: the refund is refunded",
}
STATUS: Final = {
    "data": {
        "version": "1.0.0",
        "mode": "enforce",
        "percentage": 100,
        "lock_backend": "flock",
        "lock_directory": "/run/lock/mollie-bridge",
        "figures": {
            "days": 30,
            "prevented": 12,
            "resumed": 31,
            "superseded": 4,
            "surplus": 2,
            "refunded": 1,
            "awaiting_approval": 1,
            "dead_deliveries": 0,
        },
    },
    "message": "The bridge answers",
}
_REPORT_COLUMNS: Final = [
    {"name": "cart_id", "title": "cart", "kind": "cart"},
    {"name": "payments", "title": "payments", "kind": "count"},
    {"name": "currency", "title": "currency", "kind": "currency"},
    {"name": "at_risk", "title": "at risk", "kind": "money"},
]
_REPORT_HEAD: Final = {
    "name": "duplicate_payments",
    "title": "Carts paid more than once",
    "question": "Which carts were paid more than once, and how much money is at risk?",
    "severity": "act",
    "unknown": "Refunds made already, and payments whose webhook was lost: the shop's tables hold neither.",
}
REPORTS: Final[dict[str, Any]] = {
    "data": {
        "reports": [{**_REPORT_HEAD, "takes_since": True, "needs_bridge_tables": False, "columns": _REPORT_COLUMNS}]
    },
    "message": "1 report",
}
REPORT: Final[dict[str, Any]] = {
    "data": {
        **_REPORT_HEAD,
        "needs_a_person": True,
        "columns": _REPORT_COLUMNS,
        "rows": [{"cart_id": 42, "payments": 2, "currency": "EUR", "at_risk": "14.40"}],
        "row_count": 1,
        "truncated": False,
        "totals": [{"column": "at_risk", "amount": "14.40", "currency": "EUR", "unknown": 0}],
    },
    "message": "1 row",
}
