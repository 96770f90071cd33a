"""A cart that was paid once, and refunds of its payment that an admin asks for."""

from __future__ import annotations

from bridge.domain.records import Refund
from bridge.services.refunds import RefundAnswer, RefundRequest
from tests.unit.builders import CART
from tests.unit.world import World


def paid_once() -> World:
    """14.40, transaction `tr_1`; Mollie was not asked for anything yet."""
    made = World()
    made.add_payment("tr_1", "paid")
    made.deliver("tr_1")
    made.mollie.requests.clear()
    return made


def refund(world: World, amount: str | None = None, *, key: str = "key-1", reason: str = "damaged") -> RefundAnswer:
    """Ask for it, under an idempotency key."""
    request = RefundRequest(payment_id="attempt-tr_1", amount=amount, reason=reason, key=key)
    return world.services.refunds.refund(request)


def refunds(world: World) -> tuple[Refund, ...]:
    """What is written down about the payment's refunds, oldest first."""
    return world.ledger.in_cart(CART, lambda tx: tx.refunds("tr_1"))


def given_back(world: World) -> int:
    """What Mollie gave back, in cents."""
    return world.mollie.payments["tr_1"].refunded_minor


def states(world: World) -> list[str]:
    """The states of those."""
    return [stored.state.value for stored in refunds(world)]
