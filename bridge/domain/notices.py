"""Notices: what the merchant is told, once per case and channel.

| kind | the case | `detail` |
|---|---|---|
| surplus | money came in for a cart that was paid already | action, authorized, settled_by, payment_id, refund_id |
| refund_failed | a refund was not made, and is not tried again | refund_id, payment_id, kind, error |
| refund_uncertain | nobody knows whether Mollie made a refund | refund_id, payment_id, kind, error |
| refund_waiting | a refund could not be sent for a long time, and is tried on | refund_id, payment_id, kind, error |
| release_undone | Mollie took a release and has not made it; it is tried on | refund_id, payment_id, error |
| delivery_dead | news of a payment could not be worked off, and is not tried again | delivery_id, tries, error |
| order_mismatch | the shop's order does not fit what Mollie took | mismatches, order_reference |

`action` is the policy for surplus payments: `report`, `propose` or `refund`. `authorized`: the money is reserved, not
taken. `settled_by` is the transaction that paid the cart. `kind` is `refund`, or `release` of money that is only
reserved. Whatever else `detail` holds does not leave the program.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from bridge.domain.cart import CartRef
from bridge.domain.money import Money

Fact = str | int | bool | None


class NoticeKind(StrEnum):
    """What a notice is about."""

    SURPLUS = "surplus"
    REFUND_FAILED = "refund_failed"
    REFUND_UNCERTAIN = "refund_uncertain"
    REFUND_WAITING = "refund_waiting"
    RELEASE_UNDONE = "release_undone"
    DELIVERY_DEAD = "delivery_dead"
    ORDER_MISMATCH = "order_mismatch"


class NoticeState(StrEnum):
    """How far a notice is: `waiting` has a next try, `dead` has none and was not delivered."""

    WAITING = "waiting"
    SENT = "sent"
    DEAD = "dead"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Something that a person should know, for one channel (`webhook`, `mail`).

    There is one notice of a `case` (such as `surplus:tr_abc`) and a channel. `money` is the amount that it is about.
    """

    id: str
    case: str
    channel: str
    kind: NoticeKind
    at: datetime
    cart: CartRef | None = None
    transaction_id: str | None = None
    money: Money | None = None
    detail: Mapping[str, Fact] = field(default_factory=dict)
    state: NoticeState = NoticeState.WAITING
    tries: int = 0
    next_try_at: datetime | None = None
    last_error: str | None = None


FACTS: Final[Mapping[NoticeKind, tuple[str, ...]]] = {
    NoticeKind.SURPLUS: ("action", "authorized", "settled_by", "payment_id", "refund_id"),
    NoticeKind.REFUND_FAILED: ("refund_id", "payment_id", "kind", "error"),
    NoticeKind.REFUND_UNCERTAIN: ("refund_id", "payment_id", "kind", "error"),
    NoticeKind.REFUND_WAITING: ("refund_id", "payment_id", "kind", "error"),
    NoticeKind.RELEASE_UNDONE: ("refund_id", "payment_id", "error"),
    NoticeKind.DELIVERY_DEAD: ("delivery_id", "tries", "error"),
    NoticeKind.ORDER_MISMATCH: ("mismatches", "order_reference"),
}
"""The facts that leave the program, by kind."""

LONGEST_FACT: Final = 500
"""Characters of a fact that leave the program: as many as the ledger keeps of an error."""


def facts_of(notice: Notice) -> dict[str, Fact]:
    """The facts of the notice's kind, each of them, None where it is not known; texts are cleaned."""
    facts = {name: notice.detail.get(name) for name in FACTS[notice.kind]}
    return {name: clean(fact) if isinstance(fact, str) else fact for name, fact in facts.items()}


def clean(text: str) -> str:
    """One line of what can be printed, without e-mail addresses, `LONGEST_FACT` characters at most.

    Errors quote what others sent: neither a line break that would end a header nor a shopper's address may get through.
    """
    words = "".join(sign if sign.isprintable() else " " for sign in text).split()
    return " ".join("[address]" if "@" in word else word for word in words)[:LONGEST_FACT]
