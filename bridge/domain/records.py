"""The other rows that the ledger keeps: idempotency keys, deliveries, refunds, the audit trail."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from bridge.domain.cart import CartRef
from bridge.domain.money import Money


class KeyState(StrEnum):
    """Whether the first request with an idempotency key has been answered."""

    RUNNING = "running"
    DONE = "done"


@dataclass(frozen=True, slots=True, kw_only=True)
class IdempotencyRecord:
    """An idempotency key in use. `fingerprint` is a hash of the request; `locked_until` bounds a crashed first request.

    `status` and `body` are the stored answer (HTTP status and JSON text) once `state` is done.
    """

    scope: str
    key: str
    fingerprint: str
    state: KeyState
    attempt_id: str | None
    expires_at: datetime
    locked_until: datetime | None = None
    status: int | None = None
    body: str | None = None


class DeliveryState(StrEnum):
    """How far a delivery is: `failed` has a next try, `dead` has none and needs a person."""

    RECEIVED = "received"
    WORKING = "working"
    DONE = "done"
    FAILED = "failed"
    DEAD = "dead"


OWN_QUESTIONS = frozenset({"return", "janitor", "confirm"})
"""Sources of deliveries that nobody announced: the bridge asks by itself, and may find nothing new."""

BY_A_PERSON = frozenset({"replay", "reconcile"})
"""Sources of deliveries that a person asked for: the shop hears of them whatever was done before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One webhook call, stored. `source` is `mollie`, `shim`, or what made the bridge deliver to itself.

    `seen_*` is what Mollie said when it was worked on; deliveries are equal when transaction, status, refunded and
    charged back are. `seen_id` is the transaction that Mollie answered with: the order (`ord_`) where the one that was
    announced is a payment (`tr_`) of an order. `passed_on`: the shop's module is to hear of it, or has.
    `planned_at` (not stored): it was taken up before that time, at which it was to be tried next.
    """

    id: str
    transaction_id: str
    source: str
    state: DeliveryState
    received_at: datetime
    updated_at: datetime
    next_try_at: datetime | None
    cart: CartRef | None = None
    query: str | None = None
    tries: int = 0
    seen_id: str | None = None
    seen_status: str | None = None
    seen_refunded: int | None = None
    seen_charged_back: int | None = None
    decision: str | None = None
    passed_on: bool = False
    last_error: str | None = None
    planned_at: datetime | None = None

    @property
    def subject(self) -> str:
        """The transaction that the delivery is about, as the shop and the ledger know it."""
        return self.seen_id or self.transaction_id


class RefundKind(StrEnum):
    """How money goes back: `refund` gives back what was taken, `release` lets go of what was only reserved."""

    REFUND = "refund"
    RELEASE = "release"


class RefundState(StrEnum):
    """How far a refund is.

    `proposed` waits for an admin's word; `uncertain` was sent and nobody knows whether Mollie did it: it is never sent
    again blindly; `dropped` is not to be made (the admin said no, or nothing was left to give back).
    """

    PROPOSED = "proposed"
    QUEUED = "queued"
    SENT = "sent"
    REFUNDED = "refunded"
    FAILED = "failed"
    UNCERTAIN = "uncertain"
    DROPPED = "dropped"


COUNTS_AS_REFUNDED = frozenset({RefundState.QUEUED, RefundState.SENT, RefundState.REFUNDED, RefundState.UNCERTAIN})
"""Refunds that take up part of what was paid: all but those that are not (or not yet) to be made."""

UNFINISHED = frozenset({RefundState.QUEUED, RefundState.SENT, RefundState.UNCERTAIN})
"""Refunds that stand in the queue."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refund:
    """Money on its way back. `key` is the Idempotency-Key, stored before anything is sent.

    An unfinished one is due at `next_try_at` (None: at once); `tries` counts how often the queue has taken it up.
    One that is `refunded` is looked after at Mollie at `next_try_at` (None: not any more): what Mollie took may come to
    nothing. `taken_at`: when it was first known that Mollie had taken it.
    """

    id: str
    cart: CartRef
    attempt_id: str
    transaction_id: str
    money: Money
    reason: str
    key: str
    state: RefundState
    created_at: datetime
    updated_at: datetime
    kind: RefundKind = RefundKind.REFUND
    tries: int = 0
    next_try_at: datetime | None = None
    mollie_refund_id: str | None = None
    last_error: str | None = None
    taken_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One decision or event. `detail` holds small facts only: no secret, no card, no e-mail address, no payload."""

    at: datetime
    event: str
    cart: CartRef | None = None
    attempt_id: str | None = None
    transaction_id: str | None = None
    detail: Mapping[str, str | int | bool | None] = field(default_factory=dict)
