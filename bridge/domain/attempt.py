"""A payment attempt: one try at paying a cart, and the states it may go through."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from bridge.domain.cart import CartRef
from bridge.domain.money import Money


class AttemptState(StrEnum):
    """What the bridge holds an attempt to be.

    `reserved` has no transaction yet; `uncertain` is a creation at Mollie whose outcome is not known; `held` is money
    that came in and is not decided about yet: for an amount the cart no longer has, or its refund may have been made;
    `surplus` is money for a cart that another transaction settled.
    """

    RESERVED = "reserved"
    OPEN = "open"
    PENDING = "pending"
    AUTHORIZED = "authorized"
    PAID = "paid"
    RELEASED = "released"
    SUPERSEDED = "superseded"
    CANCELED = "canceled"
    EXPIRED = "expired"
    FAILED = "failed"
    UNCERTAIN = "uncertain"
    HELD = "held"
    SURPLUS = "surplus"
    REFUNDED = "refunded"


_S = AttemptState

LIVE = frozenset({_S.RESERVED, _S.OPEN, _S.PENDING, _S.UNCERTAIN})
"""States that stand in the way of another attempt; the database allows one such attempt per cart."""

MONEY_IN = frozenset({_S.AUTHORIZED, _S.PAID, _S.HELD, _S.SURPLUS})
"""States in which the shopper's money was taken or reserved and has not been given back."""

DEAD = frozenset({_S.RELEASED, _S.CANCELED, _S.EXPIRED, _S.FAILED, _S.REFUNDED})
"""States that never stand in the way. Late money may bring any of them back, and a refund that failed `refunded`."""

_ENDED_AT_MOLLIE = frozenset({_S.CANCELED, _S.EXPIRED, _S.FAILED})
_FROM_UNBOUND = MONEY_IN | _ENDED_AT_MOLLIE | {_S.OPEN, _S.PENDING, _S.SUPERSEDED}

TRANSITIONS: Mapping[AttemptState, frozenset[AttemptState]] = MappingProxyType(
    {
        _S.RESERVED: _FROM_UNBOUND | {_S.RELEASED, _S.UNCERTAIN},
        _S.UNCERTAIN: _FROM_UNBOUND | {_S.RELEASED},
        _S.OPEN: MONEY_IN | _ENDED_AT_MOLLIE | {_S.PENDING, _S.SUPERSEDED, _S.REFUNDED},
        _S.PENDING: MONEY_IN | _ENDED_AT_MOLLIE | {_S.SUPERSEDED, _S.REFUNDED},
        _S.AUTHORIZED: _ENDED_AT_MOLLIE | {_S.PAID, _S.SURPLUS, _S.REFUNDED},
        _S.PAID: frozenset({_S.SURPLUS, _S.REFUNDED}),
        _S.RELEASED: _FROM_UNBOUND | {_S.REFUNDED},
        _S.SUPERSEDED: MONEY_IN | _ENDED_AT_MOLLIE | {_S.REFUNDED},
        _S.CANCELED: MONEY_IN | {_S.REFUNDED},
        _S.EXPIRED: MONEY_IN | {_S.REFUNDED},
        _S.FAILED: MONEY_IN | {_S.REFUNDED},
        _S.HELD: _ENDED_AT_MOLLIE | {_S.AUTHORIZED, _S.PAID, _S.SURPLUS, _S.REFUNDED},
        _S.SURPLUS: _ENDED_AT_MOLLIE | {_S.AUTHORIZED, _S.PAID, _S.HELD, _S.REFUNDED},
        _S.REFUNDED: frozenset({_S.PAID, _S.HELD, _S.SURPLUS}),
    }
)
"""From each state the states that may follow.

A late `paid` is legal from canceled, expired and failed; from surplus when the cart lost the payment that settled it;
to surplus when the shop made its order with another payment of the cart;
from refunded when Mollie took the refund and could not make it in the end: the money is here again.
"""


def advance(current: AttemptState, target: AttemptState) -> AttemptState:
    """The state after news of `target`: `target` where that is a step forward, else `current` (stale news)."""
    return target if target in TRANSITIONS[current] else current


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One payment attempt. Times are aware UTC; `id` is a UUIDv7 and the API's `payment_id`.

    `money` is the cart's total as the caller asked for it; `charged` is what Mollie was asked for, once that is known.
    They differ where the shop's module adds a payment fee, so attempts are compared by `money`.
    `mollie_key` is the Idempotency-Key under which the bridge itself creates the payment at Mollie (None: the shop's
    module creates it); `mollie_request` is what it sends with that key, so that a repeat sends the very same.
    """

    id: str
    cart: CartRef
    state: AttemptState
    money: Money
    customer_id: int
    created_at: datetime
    updated_at: datetime
    charged: Money | None = None
    method: str | None = None
    basket_hash: str | None = None
    transaction_id: str | None = None
    checkout_url: str | None = None
    mollie_key: str | None = None
    mollie_request: str | None = None
    expires_at: datetime | None = None
    processed_at: datetime | None = None
    version: int = 0

    @property
    def is_live(self) -> bool:
        """Whether it stands in the way of another attempt for the cart."""
        return self.state in LIVE

    def moved(self, target: AttemptState, now: datetime) -> Attempt:
        """This attempt after news of `target`, unchanged where that is stale."""
        state = advance(self.state, target)
        if state is self.state:
            return self
        processed = self.processed_at or (now if state in MONEY_IN else None)
        return replace(self, state=state, updated_at=now, processed_at=processed)
