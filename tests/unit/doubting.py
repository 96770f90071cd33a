"""What Mollie took and what comes to nothing there, for tests of how that is found out."""

from __future__ import annotations

from dataclasses import replace

from bridge.domain.records import Refund
from bridge.services.refunds import RefundRequest
from tests.unit.money_back import (
    notices,
    refunds_of,
)
from tests.unit.world import World


def ours(world: World) -> Refund:
    return refunds_of(world)[0]


def end_ours(world: World, status: str = "failed") -> None:
    """What Mollie took of us comes to nothing there; what others made by hand stands."""
    kept = [replace(each, status=status) if each.key else each for each in world.mollie.refunds["tr_2"]]
    world.mollie.refunds["tr_2"] = kept
    stands = sum(each.money.minor for each in kept if each.status != status)
    world.mollie.set("tr_2", "paid", refunded=stands)


def sweep(world: World) -> int:
    """A pass of the janitor's; how many refunds it looked after."""
    done = world.services.janitor.sweep()
    assert done is not None
    return done.refunds


def lists(world: World) -> int:
    """How often Mollie was asked for a list of refunds."""
    return len(world.mollie.requests_of("refunds_of"))


def told(world: World) -> list[str]:
    return [notice.kind.value for notice in notices(world)]


def ask_of(world: World, transaction_id: str) -> None:
    request = RefundRequest(payment_id=world.attempt(transaction_id).id, amount="1.00", reason="x", key="key-1")
    world.services.refunds.refund(request)
