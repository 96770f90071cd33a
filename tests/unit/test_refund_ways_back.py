"""Money whose refund is on its way when it might settle the cart, and money that is here again: its refund failed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bridge.domain.errors import MollieRefused, MollieTimeout, Unavailable
from bridge.services.reconciliation import Walk
from bridge.services.refunds import RefundRequest
from tests.unit.builders import CART, OTHER_PRICE
from tests.unit.money_back import a_world, an_hour_later, given_back, notices, pay_again, states_of
from tests.unit.world import World


def without_order(policy: str) -> World:
    """`tr_1` settled the cart, and its order never came about; `tr_2` is surplus. The shop is well again."""
    world = a_world(policy)
    work, world.webhook.work = world.webhook.work, None
    world.add_payment("tr_1", "paid")
    world.deliver("tr_1")
    pay_again(world)
    world.webhook.work = work
    return world


def give_way(world: World) -> None:
    """All the money of `tr_1` goes back, and there never was an order."""
    world.mollie.set("tr_1", "paid", refunded=1440)
    world.deliver("tr_1")


def send_and_lose(world: World, *, done: bool) -> None:
    """The refund of `tr_2` is sent, and nobody knows whether it was done."""
    world.mollie.fail("create_refund", MollieTimeout("slow"), done=done)
    world.services.refunds.work_due()
    assert states_of(world) == ["uncertain"]


def fail_at_mollie(world: World) -> None:
    """The refund of `tr_2` that Mollie took comes to nothing there; the money is with the merchant again."""
    world.mollie.refunds["tr_2"] = [replace(refund, status="failed") for refund in world.mollie.refunds["tr_2"]]
    world.mollie.set("tr_2", "paid", refunded=0)


def settled_by(world: World) -> str | None:
    return world.state.settled_transaction_id


# --- settling looks at refunds on their way -----------------------------------------------------------------------


@pytest.mark.req("P3", "B4")
def test_money_whose_refund_may_have_been_made_waits_for_the_refunds_end() -> None:
    """An old answer of Mollie's says that the money is here, and the refund was made: no order of it."""
    world = without_order("refund")
    send_and_lose(world, done=True)
    give_way(world)
    truth = world.mollie.payments["tr_2"]
    world.mollie.set("tr_2", "paid", refunded=0)
    world.deliver("tr_2")

    assert settled_by(world) is None
    assert world.attempt("tr_2").state == "held"
    assert world.audited("settlement.decided")[-1]["waits_for"] == world.ledger.queues.refunds_of("tr_2")[0].id

    world.mollie.payments["tr_2"] = truth
    an_hour_later(world)
    world.services.refunds.work_due()
    world.work_off()
    assert states_of(world) == ["refunded"]
    assert world.attempt("tr_2").state == "refunded"
    assert (set(world.told), world.shop.orders_of(CART)) == ({"tr_1"}, ())
    world.close()


@pytest.mark.req("P3", "B4", "B8")
@pytest.mark.parametrize("by_hand", [False, True])
def test_money_whose_refund_came_to_nothing_settles_the_cart_by_itself(*, by_hand: bool) -> None:
    """No further news comes: the end of the refund (the policy's, or an admin's) has the payment decided again."""
    world = without_order("report" if by_hand else "refund")
    if by_hand:
        ask_for_all(world)
    else:
        send_and_lose(world, done=False)
    give_way(world)
    world.deliver("tr_2")
    assert settled_by(world) is None

    world.mollie.fail("create_refund", MollieRefused("the balance is too low", status=422))
    an_hour_later(world)
    world.services.refunds.work_due()
    world.work_off()

    assert states_of(world) == ["failed"]
    assert settled_by(world) == "tr_2"
    assert world.attempt("tr_2").state == "paid"
    assert len(world.shop.orders_of(CART)) == 1
    world.close()


def ask_for_all(world: World) -> None:
    """An admin gives all of `tr_2` back, and nobody knows whether it was done."""
    world.mollie.fail("create_refund", MollieTimeout("slow"))
    request = RefundRequest(payment_id=world.attempt("tr_2").id, amount=None, reason="twice", key="key-1")
    with pytest.raises(Unavailable):
        world.services.refunds.refund(request)


@pytest.mark.req("P3", "B8")
def test_surplus_money_of_which_no_news_came_is_decided_when_its_refund_fails() -> None:
    """The first payment gave way while the refund was on its way: nobody woke the second one then."""
    world = without_order("refund")
    send_and_lose(world, done=False)
    give_way(world)
    assert world.attempt("tr_2").state == "surplus"

    world.mollie.fail("create_refund", MollieRefused("the balance is too low", status=422))
    an_hour_later(world)
    world.services.refunds.work_due()
    world.work_off()

    assert settled_by(world) == "tr_2"
    world.close()


@pytest.mark.req("P3")
def test_a_refund_that_was_sent_once_goes_on_while_its_payment_is_held() -> None:
    world = without_order("refund")
    send_and_lose(world, done=False)
    give_way(world)
    world.deliver("tr_2")
    an_hour_later(world)
    world.services.refunds.work_due()
    world.work_off()

    assert (states_of(world), given_back(world)) == (["refunded"], 1440)
    assert (world.attempt("tr_2").state, settled_by(world)) == ("refunded", None)
    world.close()


@pytest.mark.req("P3", "B8")
def test_held_money_whose_refund_is_uncertain_does_not_keep_the_inbox_busy() -> None:
    world = without_order("refund")
    send_and_lose(world, done=False)
    give_way(world)
    world.deliver("tr_2")

    assert world.attempt("tr_2").state == "held"
    assert world.work_due() == 0
    assert world.undone() == []
    world.close()


@pytest.mark.req("P3", "B4")
def test_surplus_money_that_is_held_for_another_amount_is_decided_when_that_payment_ends() -> None:
    """The settling payment gave way, a new page of another amount is open: the surplus money is not forgotten."""
    world = without_order("report")
    world.add_payment("tr_3", "open", money=OTHER_PRICE)
    give_way(world)
    world.work_off()
    assert world.attempt("tr_2").state == "held"

    world.mollie.set("tr_3", "expired")
    world.deliver("tr_3")
    world.work_off()

    assert settled_by(world) == "tr_2"
    world.close()


@pytest.mark.req("P3", "B7")
def test_reconcile_leaves_money_that_may_be_on_its_way_back_alone() -> None:
    world = without_order("refund")
    send_and_lose(world, done=False)
    give_way(world)

    (page,) = world.services.reconciliation.pages(Walk(shop_id=1, rate=1e9))
    (finding,) = page.findings
    assert (finding.transaction_id, finding.remedy.value) == ("tr_2", "person")
    assert "may be on its way back" in finding.seen
    world.close()


# --- the refund failed at Mollie after it had been made ---------------------------------------------------------------


@pytest.mark.req("P3", "L8")
def test_surplus_money_is_surplus_again_when_its_refund_fails_at_mollie(refunding: World) -> None:
    refunding.services.refunds.work_due()
    assert refunding.attempt("tr_2").state == "refunded"
    assert row_of(refunding, "tr_2") == "refunded"

    fail_at_mollie(refunding)
    refunding.deliver("tr_2")
    refunding.services.refunds.work_due()

    assert refunding.attempt("tr_2").state == "surplus"
    assert row_of(refunding, "tr_2") == "paid"
    assert [notice.kind.value for notice in notices(refunding)] == ["surplus", "refund_failed"]


def row_of(world: World, transaction_id: str) -> str:
    row = world.shop.find_payment(transaction_id)
    assert row is not None
    return row.bank_status


@pytest.mark.req("P3", "L8")
def test_the_settling_payment_is_paid_again_when_its_refund_fails_at_mollie() -> None:
    world = a_world()
    world.add_payment("tr_2", "paid")
    world.deliver("tr_2")
    request = RefundRequest(payment_id="attempt-tr_2", amount=None, reason="damaged", key="key-1")
    world.services.refunds.refund(request)
    assert world.attempt("tr_2").state == "refunded"

    fail_at_mollie(world)
    world.deliver("tr_2")

    assert world.attempt("tr_2").state == "paid"
    world.close()


@pytest.mark.req("P3", "B8")
def test_money_that_is_here_again_settles_the_cart_that_nobody_settles_any_more() -> None:
    """Refunded by policy, then the first payment gave way, then the refund failed: the second money is what is left."""
    world = without_order("refund")
    world.services.refunds.work_due()
    give_way(world)
    world.work_off()
    assert (world.attempt("tr_2").state, settled_by(world)) == ("refunded", None)

    fail_at_mollie(world)
    world.deliver("tr_2")
    assert world.attempt("tr_2").state == "held"
    world.services.refunds.work_due()
    world.work_off()

    assert states_of(world) == ["failed"]
    assert (world.attempt("tr_2").state, settled_by(world)) == ("paid", "tr_2")
    assert len(world.shop.orders_of(CART)) == 1
    world.close()


@pytest.mark.req("P3", "B4")
def test_money_that_is_here_again_is_woken_when_the_first_payment_gives_way() -> None:
    world = without_order("refund")
    world.services.refunds.work_due()
    fail_at_mollie(world)
    world.deliver("tr_2")
    world.services.refunds.work_due()
    assert world.attempt("tr_2").state == "surplus"

    give_way(world)
    world.work_off()

    assert settled_by(world) == "tr_2"
    world.close()
