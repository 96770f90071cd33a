"""Surplus money: what becomes of it, by the merchant's policy.

| policy | the cart was paid through Mollie | the cart was ordered with another payment module |
|---|---|---|
| `report` | nothing is refunded, the merchant is told | the same |
| `propose` | a refund is written down and waits for an admin | the same |
| `refund` | a refund is queued at once | a refund waits for an admin: the other order may be unpaid |
"""

from __future__ import annotations

import hashlib
from enum import StrEnum
from typing import assert_never

from bridge.domain.observed import ObservedPayment, PaymentStatus
from bridge.domain.records import Refund, RefundKind, RefundState
from bridge.domain.shop import MODULE_PREFIX


class SurplusPolicy(StrEnum):
    """What happens to money for a cart that was paid already."""

    REPORT = "report"
    PROPOSE = "propose"
    REFUND = "refund"


def decide_surplus(policy: SurplusPolicy, settled_by: str) -> SurplusPolicy:
    """The policy for this payment, by the table above. `settled_by` is a transaction or `module:<name>`. Pure."""
    match policy:
        case SurplusPolicy.REPORT | SurplusPolicy.PROPOSE:
            return policy
        case SurplusPolicy.REFUND:
            return SurplusPolicy.PROPOSE if settled_by.startswith(MODULE_PREFIX) else policy
        case _:
            assert_never(policy)


def first_state(policy: SurplusPolicy) -> RefundState | None:
    """How a surplus payment's refund begins; None when there is to be none."""
    match policy:
        case SurplusPolicy.REPORT:
            return None
        case SurplusPolicy.PROPOSE:
            return RefundState.PROPOSED
        case SurplusPolicy.REFUND:
            return RefundState.QUEUED
        case _:
            assert_never(policy)


def kind_of(observed: ObservedPayment) -> RefundKind:
    """Money that is only reserved is let go of; Mollie refuses to refund it."""
    return RefundKind.RELEASE if observed.status is PaymentStatus.AUTHORIZED else RefundKind.REFUND


def may_follow(kind: RefundKind, earlier: tuple[Refund, ...]) -> bool:
    """Whether the policy may give money of a payment back (again), where it gave some back before.

    | refunds of the payment by policy | again |
    |---|---|
    | none | yes |
    | all of them made | yes: what is left now came back to the merchant since |
    | one is on its way, or proposed | no: it is for all that was left |
    | one failed, or was dropped | no: a person was told, or said no |

    Reserved money is let go of once, all of it.
    """
    if kind is RefundKind.RELEASE:
        return not earlier
    return all(refund.state is RefundState.REFUNDED for refund in earlier)


def surplus_key(transaction_id: str, kind: RefundKind, earlier: int = 0) -> str:
    """The Idempotency-Key of a surplus payment's refund (or release) after so many `earlier` ones.

    Whoever writes down the next one makes the same key: there can be no second one at its place.
    """
    parts = (transaction_id, kind.value, *([str(earlier)] if earlier else []))
    digest = hashlib.sha256("\n".join(parts).encode()).hexdigest()
    return f"{SURPLUS_KEY}{digest[:48]}"


SURPLUS_KEY = "surplus-"
"""Begins the Idempotency-Keys of refunds that the policy made."""
