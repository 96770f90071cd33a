"""Carts that were paid twice, and what becomes of the second money."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from bridge.domain.notices import Notice
from bridge.domain.records import Refund
from bridge.domain.surplus import SurplusPolicy
from bridge.ports.mollie import ObservedRefund
from bridge.services.refunds import RefundRequest
from bridge.services.settings import GateLimits, RefundLimits
from tests.fakes.mollie import MollieRequest
from tests.fakes.services import Limits
from tests.unit.builders import CART, eur
from tests.unit.world import World


def a_world(policy: SurplusPolicy | str = SurplusPolicy.REFUND) -> World:
    """A world with this policy for surplus payments."""
    return World(Limits(gate=GateLimits(), refunds=RefundLimits(policy=SurplusPolicy(policy))))


def pay_first(world: World) -> None:
    """The cart is paid with `tr_1`, and has its order."""
    world.add_payment("tr_1", "paid")
    world.deliver("tr_1")


def pay_again(world: World, status: str = "paid", transaction_id: str = "tr_2") -> None:
    """Another payment of the same cart is paid, and its webhook comes."""
    world.add_payment(transaction_id, status, state="superseded")
    world.deliver(transaction_id)


def paid_twice(policy: SurplusPolicy | str = SurplusPolicy.REFUND, *, status: str = "paid") -> World:
    """14.40 twice: `tr_1` settled the cart, `tr_2` came after it. Nothing is sent yet."""
    world = a_world(policy)
    pay_first(world)
    pay_again(world, status)
    world.mollie.requests.clear()
    return world


def restart_with(world: World, policy: SurplusPolicy | str) -> None:
    """The merchant changes the policy, and the process is started anew."""
    world.close()
    world.limits = Limits(gate=GateLimits(), refunds=RefundLimits(policy=SurplusPolicy(policy)))
    world.run()


def refunds_of(world: World, transaction_id: str = "tr_2") -> tuple[Refund, ...]:
    """What is written down about giving a payment's money back, oldest first."""
    return world.ledger.in_cart(CART, lambda tx: tx.refunds(transaction_id))


def states_of(world: World, transaction_id: str = "tr_2") -> list[str]:
    """The states of those."""
    return [refund.state.value for refund in refunds_of(world, transaction_id)]


def given_back(world: World, transaction_id: str = "tr_2") -> int:
    """What Mollie gave back, in cents."""
    return world.mollie.payments[transaction_id].refunded_minor


def sent(world: World) -> list[str]:
    """What Mollie was asked to do about money, in order."""
    writing = ("create_refund", "release_authorization")
    return [request.call for request in world.mollie.requests if request.call in writing]


def notices(world: World) -> list[Notice]:
    """What the merchant is to be told, oldest first."""
    return sorted(world.ledger._tables.notices.values(), key=lambda notice: (notice.at, notice.id))


def an_hour_later(world: World) -> None:
    """Mollie has forgotten the Idempotency-Keys, and that a refund of one amount was made lately."""
    world.clock.advance(minutes=62)
    world.mollie._refunded.clear()


def ask(world: World, amount: str | None = None, *, key: str = "key-1") -> Refund:
    """An ordinary refund of `tr_2`, by an admin."""
    request = RefundRequest(payment_id=world.attempt("tr_2").id, amount=amount, reason="damaged", key=key)
    return world.services.refunds.refund(request).refund


def during(world: World, call: str, happens: Callable[[], object]) -> None:
    """Let something happen right before the next such call reaches Mollie."""

    def before(request: MollieRequest) -> None:
        if request.call == call:
            world.mollie.before = None
            happens()

    world.mollie.before = before


def by_hand(world: World, amount: str, *, ago: timedelta = timedelta()) -> None:
    """Somebody gives a part back in Mollie's dashboard, or did so some time ago."""
    money = eur(amount)
    number = len(world.mollie.refunds["tr_2"]) + 1
    made = ObservedRefund(
        refund_id=f"re_hand{number}", status="refunded", money=money, created_at=world.clock.now() - ago
    )
    world.mollie.refunds["tr_2"].append(made)
    payment = world.mollie.payments["tr_2"]
    world.mollie.payments["tr_2"] = replace(payment, refunded_minor=payment.refunded_minor + money.minor)
