"""Surplus money when things change: the cart is freed, a part goes back by hand, or Mollie fails in the end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from bridge.domain.errors import Conflict, MollieTimeout, Unavailable
from bridge.domain.records import RefundState
from bridge.services.refunds import RefundRequest
from tests.unit.builders import CART, eur
from tests.unit.money_back import (
    a_world,
    given_back,
    notices,
    pay_again,
    pay_first,
    refunds_of,
    sent,
    states_of,
)
from tests.unit.world import World

# --- the payment that settled the cart gives way ------------------------------------------------------------------


def unsettle(world: World) -> None:
    """All the money of `tr_1` goes back, and the shop never made an order of it."""
    world.mollie.set("tr_1", "paid", refunded=1440)
    world.deliver("tr_1")


@pytest.fixture
def without_order() -> Iterator[World]:
    """`tr_1` settled the cart, and its order never came about; `tr_2` is surplus and proposed."""
    world = a_world("propose")
    work, world.webhook.work = world.webhook.work, None
    world.add_payment("tr_1", "paid")
    world.deliver("tr_1")
    pay_again(world)
    world.webhook.work = work
    yield world
    world.close()


@pytest.mark.req("P3", "B5")
def test_surplus_money_settles_the_cart_when_the_first_payment_gives_way(without_order: World) -> None:
    world = without_order
    assert states_of(world) == ["proposed"]
    unsettle(world)
    world.work_off()

    assert world.state.settled_transaction_id == "tr_2"
    assert world.attempt("tr_2").state == "paid"
    assert states_of(world) == ["dropped"]
    assert world.audited("refund.dropped")
    assert len(world.shop.orders_of(CART)) == 1


@pytest.mark.req("P3")
def test_an_approval_that_comes_too_late_gives_nothing_back(without_order: World) -> None:
    world = without_order
    refund = refunds_of(world)[0]
    unsettle(world)
    world.work_off()

    with pytest.raises(Conflict, match="dropped already"):
        world.services.refunds.approve(refund.id)
    assert given_back(world) == 0


@pytest.mark.req("P3")
def test_money_on_its_way_back_is_not_woken(without_order: World) -> None:
    """An approved refund that Mollie could not take yet: the money goes back, and nothing is settled with it."""
    world = without_order
    refund = refunds_of(world)[0]
    world.mollie.fail_always("create_refund", MollieTimeout("slow"))
    with pytest.raises(Unavailable):
        world.services.refunds.approve(refund.id)
    unsettle(world)
    world.work_off()

    assert world.state.settled_transaction_id is None
    world.mollie.fail_always("create_refund", None)
    world.clock.advance(hours=2)
    world.services.refunds.work_due()
    assert given_back(world) == 1440


@pytest.mark.req("P3")
def test_a_queued_refund_of_money_that_settles_after_all_is_never_sent() -> None:
    """The refund stands in the queue, unsent; the first payment gives way, and the second one's webhook comes again."""
    world = a_world("refund")
    work, world.webhook.work = world.webhook.work, None
    world.add_payment("tr_1", "paid")
    world.deliver("tr_1")
    pay_again(world)
    world.webhook.work = work
    unsettle(world)
    world.deliver("tr_2")
    assert world.state.settled_transaction_id == "tr_2"

    world.services.refunds.work_due()

    assert states_of(world) == ["dropped"]
    assert refunds_of(world)[0].last_error == "the payment is no surplus any more"
    assert given_back(world) == 0
    world.close()


# --- by hand ----------------------------------------------------------------------------------------------------------


@pytest.mark.req("P3", "L8")
def test_a_part_given_back_by_hand_is_left_out_of_a_proposal_that_is_approved(proposing: World) -> None:
    proposing.mollie.set("tr_2", "paid", refunded=500)

    approved = proposing.services.refunds.approve(refunds_of(proposing)[0].id)

    assert (approved.state, approved.money) == (RefundState.REFUNDED, eur("9.40"))
    assert given_back(proposing) == 1440


@pytest.mark.req("P3", "L8")
def test_an_ordinary_refund_and_a_proposal_never_come_to_more_than_was_paid(proposing: World) -> None:
    proposing.mollie.excess = 2500
    payment_id = proposing.attempt("tr_2").id
    asked = RefundRequest(payment_id=payment_id, amount="10.00", reason="paid twice", key="key-1")
    proposing.services.refunds.refund(asked)

    proposing.services.refunds.approve(refunds_of(proposing)[0].id)

    assert given_back(proposing) == 1440
    assert states_of(proposing) == ["refunded", "refunded"]


@pytest.mark.req("P3", "L8")
def test_a_proposal_with_nothing_left_is_dropped_with_its_reason(proposing: World) -> None:
    payment_id = proposing.attempt("tr_2").id
    proposing.services.refunds.refund(RefundRequest(payment_id=payment_id, amount=None, reason="x", key="key-1"))

    approved = proposing.services.refunds.approve(refunds_of(proposing)[0].id)

    assert (approved.state, approved.last_error) == (RefundState.DROPPED, "nothing is left to give back")
    assert given_back(proposing) == 1440


@pytest.mark.req("P3")
def test_money_charged_back_before_the_queue_comes_to_it_is_not_given_back_too(refunding: World) -> None:
    refunding.mollie.excess = 2500
    refunding.mollie.set("tr_2", "paid", charged_back=1440)
    refunding.services.refunds.work_due()

    assert states_of(refunding) == ["dropped"]
    assert sent(refunding) == []


# --- Mollie took it, and could not do it in the end ---------------------------------------------------------------


def fail_at_mollie(world: World, transaction_id: str = "tr_2") -> None:
    """A refund that Mollie took fails there days later; the money is with the merchant again."""
    world.mollie.refunds[transaction_id] = [
        replace(refund, status="failed") for refund in world.mollie.refunds[transaction_id]
    ]
    world.mollie.set(transaction_id, "paid", refunded=0)


@pytest.mark.req("P3", "L8")
def test_a_surplus_refund_that_fails_at_mollie_is_found_out_and_told(refunding: World) -> None:
    refunding.services.refunds.work_due()
    fail_at_mollie(refunding)
    refunding.deliver("tr_2")
    assert states_of(refunding) == ["uncertain"]

    refunding.services.refunds.work_due()

    (refund,) = refunds_of(refunding)
    assert (refund.state, refund.last_error) == (RefundState.FAILED, "Mollie took the refund and ended it as failed")
    assert "refund_failed" in [notice.kind.value for notice in notices(refunding)]
    assert sent(refunding) == ["create_refund"]


@pytest.mark.req("L8")
def test_an_ordinary_refund_that_fails_at_mollie_is_found_out_and_leaves_its_amount() -> None:
    """The payment that settled the cart, given back by an admin; Mollie takes the refund and fails it later."""
    world = a_world()
    pay_first(world)
    request = RefundRequest(payment_id="attempt-tr_1", amount=None, reason="damaged", key="key-1")
    world.services.refunds.refund(request)
    fail_at_mollie(world, "tr_1")
    world.deliver("tr_1")
    world.services.refunds.work_due()

    assert states_of(world, "tr_1") == ["failed"]
    assert [notice.kind.value for notice in notices(world)] == ["refund_failed"]
    again = RefundRequest(payment_id="attempt-tr_1", amount=None, reason="damaged", key="key-2")
    assert world.services.refunds.refund(again).refund.money == eur("14.40")
    world.close()


@pytest.mark.req("P3", "L8")
def test_an_old_answer_of_mollie_does_not_undo_a_refund_that_was_made(refunding: World) -> None:
    """Mollie was asked before the refund, and decided about after it: it is looked for, and found."""
    refunding.services.refunds.work_due()
    now = refunding.mollie.payments["tr_2"]
    refunding.mollie.set("tr_2", "paid", refunded=0)
    refunding.deliver("tr_2")
    refunding.mollie.payments["tr_2"] = now
    assert states_of(refunding) == ["uncertain"]

    refunding.services.refunds.work_due()

    assert states_of(refunding) == ["refunded"]
    assert sent(refunding) == ["create_refund"]
