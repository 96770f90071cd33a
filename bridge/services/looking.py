"""Looking at a cart without its lock: good for an answer, never for a write."""

from __future__ import annotations

from dataclasses import dataclass

from bridge.domain.cart import CartRef
from bridge.domain.errors import CartNotFound
from bridge.domain.gate_policy import GatePolicy
from bridge.domain.initiation import InitiationDecision, InitiationFacts, decide_initiation
from bridge.domain.money import Money
from bridge.domain.observed import Observation
from bridge.domain.shop import ShopView
from bridge.ports.clock import Clock
from bridge.ports.ledger import Ledger


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What would be decided about the cart as it is committed now."""

    decision: InitiationDecision
    view: ShopView


def look(
    ledger: Ledger,
    cart: CartRef,
    money: Money | None,
    *,
    clock: Clock,
    policy: GatePolicy,
    truths: dict[str, Observation] | None = None,
) -> Look:
    """Decide without lock and without writing; without an amount, that of the live attempt. Raises `CartNotFound`."""
    view, attempts = ledger.look(cart)
    if view is None:
        raise CartNotFound(f"the shop has no {cart}")
    live = next((attempt.money for attempt in attempts if attempt.is_live), None)
    facts = InitiationFacts(
        now=clock.now(),
        money=money or live or Money(currency="EUR", minor=0),
        view=view,
        attempts=attempts,
        truths=truths or {},
    )
    return Look(decision=decide_initiation(facts, policy), view=view)
