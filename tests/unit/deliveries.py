"""Deliveries of a payment's news, and the tries that they have."""

from __future__ import annotations

from bridge.domain.records import Delivery
from bridge.ports.shop import ShopAnswer
from bridge.services.settings import GateLimits, WebhookLimits
from tests.fakes.services import Limits
from tests.unit.world import World


def inbox_of(world: World, transaction_id: str = "tr_1") -> list[Delivery]:
    """The payment's deliveries, oldest first."""
    own = (each for each in world.ledger._tables.deliveries.values() if each.transaction_id == transaction_id)
    return sorted(own, key=lambda delivery: (delivery.received_at, delivery.id))


def few_tries(tries: int) -> World:
    """A world in which a delivery is dead after so many tries."""
    return World(Limits(gate=GateLimits(), webhooks=WebhookLimits(tries=tries, lease_wait=0.0, inline=5.0)))


def failed_once(tries: int, *, failures: int) -> World:
    """`tr_1` is paid; the shop answers 500 so many times, and the first try has had one of those answers."""
    world = few_tries(tries)
    world.add_payment("tr_1", "paid")
    world.webhook.script = [ShopAnswer(status=500, body="")] * failures
    world.deliver("tr_1")
    return world
