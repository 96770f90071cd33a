"""Asking for a payment of the cart, and what was decided."""

from __future__ import annotations

from bridge.services.answers import PaymentAnswer
from tests.unit.builders import a_request
from tests.unit.world import World


def initiate(world: World, key: str = "key-1", **named: object) -> PaymentAnswer:
    """Ask for a payment, under an idempotency key."""
    return world.services.initiation.initiate(a_request(key, **named))  # type: ignore[arg-type]


def decisions(world: World) -> list[object]:
    """The names of what was decided, in order."""
    return [detail["decision"] for detail in world.audited("initiation.decided")]
