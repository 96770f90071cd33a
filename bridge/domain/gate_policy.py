"""What the merchant chooses about the gate, and its limits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum


class SameAmountPolicy(StrEnum):
    """What happens when a payment of the same amount is open already."""

    RESUME = "resume"
    BLOCK = "block"


class ChangedCartPolicy(StrEnum):
    """What happens when a payment of another amount is open already."""

    SUPERSEDE = "supersede"
    DENY = "deny"


@dataclass(frozen=True, slots=True, kw_only=True)
class GatePolicy:
    """The limits of the gate.

    `pending_limit`: how long an open payment counts as in progress when Mollie does not answer.
    `reservation_lifetime`: how long the shop's module may take to create the payment it was allowed to create.
    `key_lifetime_at_mollie`: how long Mollie keeps an Idempotency-Key (one hour; less here, to be on the safe side).
    """

    pending_limit: timedelta = timedelta(minutes=30)
    reservation_lifetime: timedelta = timedelta(seconds=60)
    key_lifetime_at_mollie: timedelta = timedelta(minutes=55)
    same_amount: SameAmountPolicy = SameAmountPolicy.RESUME
    changed_cart: ChangedCartPolicy = ChangedCartPolicy.SUPERSEDE
