"""Surplus money of which a part went back before: what is left, or comes back, goes the same way, and never more."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from bridge.domain.errors import MollieRefused, MollieTimeout, MollieUnavailable, Unavailable
from bridge.domain.records import Refund, RefundKind, RefundState
from bridge.domain.surplus import may_follow, surplus_key
from tests.fakes.mollie import MollieRequest
from tests.unit.builders import CART, eur
from tests.unit.money_back import (
    a_world,
    an_hour_later,
    ask,
    by_hand,
    given_back,
    notices,
    pay_again,
    pay_first,
    refunds_of,
    restart_with,
    states_of,
)
from tests.unit.world import World

S = RefundState


def beside_five_by_hand(policy: str = "refund") -> World:
    """5.00 of `tr_2` were given back by hand when it was found to be surplus; the policy is about 9.40."""
    world = a_world(policy)
    world.mollie.excess = 2500
    pay_first(world)
    world.add_payment("tr_2", "paid", state="superseded")
    by_hand(world, "5.00")
    world.deliver("tr_2")
    world.services.refunds.work_due()
    return world


def undo_by_hand(world: World) -> None:
    """What was given back by hand comes back to the merchant; Mollie announces it."""
    world.mollie.refunds["tr_2"] = [
        each if each.key else replace(each, status="failed") for each in world.mollie.refunds["tr_2"]
    ]
    stands = sum(each.money.minor for each in world.mollie.refunds["tr_2"] if each.status != "failed")
    world.mollie.set("tr_2", "paid", refunded=stands)
    world.deliver("tr_2")


def go_on(world: World) -> None:
    for _ in range(3):
        an_hour_later(world)
        world.work_due()
        world.services.refunds.work_due()


def amounts(world: World) -> list[tuple[str, str]]:
    return [(refund.money.value, refund.state.value) for refund in refunds_of(world)]


@pytest.mark.req("P3", "B4", "L8")
def test_a_part_that_comes_back_goes_back_by_policy_too() -> None:
    world = beside_five_by_hand()
    assert amounts(world) == [("9.40", "refunded")]
    undo_by_hand(world)
    go_on(world)

    assert amounts(world) == [("9.40", "refunded"), ("5.00", "refunded")]
    assert given_back(world) == 1440
    assert len({refund.key for refund in refunds_of(world)}) == 2
    assert world.attempt("tr_2").state == "refunded"
    world.close()


@pytest.mark.req("P3", "B4", "L8")
def test_a_chargeback_that_is_reversed_leaves_surplus_money_that_goes_back() -> None:
    world = a_world()
    world.mollie.excess = 2500
    pay_first(world)
    world.add_payment("tr_2", "paid", state="superseded")
    world.mollie.set("tr_2", "paid", charged_back=500)
    world.deliver("tr_2")
    world.services.refunds.work_due()
    assert amounts(world) == [("9.40", "refunded")]

    world.mollie.set("tr_2", "paid", refunded=940)
    world.deliver("tr_2")
    go_on(world)
    assert given_back(world) == 1440
    world.close()


@pytest.mark.req("P3", "B4", "L8")
def test_what_an_admin_asked_for_and_mollie_refused_goes_back_by_policy_without_further_news() -> None:
    """He asked for 5.00 and nobody knew; the policy gave the rest back; then Mollie said no to his."""
    world = a_world("report")
    pay_first(world)
    pay_again(world)
    world.mollie.fail("create_refund", MollieTimeout("slow"))
    with pytest.raises(Unavailable):
        ask(world, "5.00")
    restart_with(world, "refund")
    world.deliver("tr_2")
    world.mollie.fail("create_refund", MollieRefused("no", status=422))
    go_on(world)

    assert amounts(world) == [("5.00", "failed"), ("9.40", "refunded"), ("5.00", "refunded")]
    assert given_back(world) == 1440
    world.close()


@pytest.mark.req("P3", "B4")
def test_a_second_proposal_is_told_as_a_case_of_its_own() -> None:
    world = beside_five_by_hand("propose")
    world.services.refunds.approve(refunds_of(world)[0].id)
    undo_by_hand(world)
    world.deliver("tr_2")

    assert amounts(world) == [("9.40", "refunded"), ("5.00", "proposed")]
    first, second = notices(world)
    assert (first.kind.value, second.kind.value) == ("surplus", "surplus")
    assert (second.money, second.detail["refund_id"]) == (eur("5.00"), refunds_of(world)[1].id)
    world.close()


@pytest.mark.req("P3", "L8")
@pytest.mark.parametrize("state", sorted(set(S) - {S.REFUNDED}))
def test_nothing_follows_a_refund_by_policy_that_was_not_made(state: RefundState) -> None:
    """It is for all that was left, or a person was told of its end, or said no."""
    world = beside_five_by_hand("propose")
    (refund,) = refunds_of(world)
    world.ledger.in_cart(CART, lambda tx: tx.save_refund(replace(refund, state=state)))
    undo_by_hand(world)

    assert len(refunds_of(world)) == 1
    world.close()


@pytest.mark.req("P3", "L8")
def test_an_old_answer_of_mollies_is_not_taken_for_money_that_came_back() -> None:
    """10.00 by hand, 4.40 by policy; Mollie's answer is from before the 4.40. What is left is asked before sending."""
    world = a_world()
    world.mollie.excess = 2500
    pay_first(world)
    world.add_payment("tr_2", "paid", state="superseded")
    by_hand(world, "10.00")
    world.deliver("tr_2")
    world.services.refunds.work_due()
    assert given_back(world) == 1440

    truth = world.mollie.payments["tr_2"]
    world.mollie.set("tr_2", "paid", refunded=1000)
    world.deliver("tr_2")
    world.mollie.payments["tr_2"] = truth
    go_on(world)
    assert given_back(world) == 1440
    assert "refunded" not in states_of(world)[1:]
    world.close()


@pytest.mark.req("P3", "L8")
def test_a_rest_that_is_all_reported_is_not_given_back() -> None:
    world = beside_five_by_hand("report")
    undo_by_hand(world)
    go_on(world)

    assert (amounts(world), given_back(world)) == ([], 0)
    world.close()


@pytest.mark.parametrize(
    ("kind", "states", "follows"),
    [
        (RefundKind.REFUND, [], True),
        (RefundKind.REFUND, [S.REFUNDED, S.REFUNDED], True),
        (RefundKind.REFUND, [S.REFUNDED, S.FAILED], False),
        (RefundKind.RELEASE, [], True),
        (RefundKind.RELEASE, [S.REFUNDED], False),
    ],
)
def test_the_table_of_what_follows(kind: RefundKind, states: list[RefundState], *, follows: bool) -> None:
    world = beside_five_by_hand("propose")
    (refund,) = refunds_of(world)
    earlier = tuple(replace(refund, kind=kind, state=state) for state in states)
    world.close()

    assert may_follow(kind, earlier) is follows


def test_each_refund_of_a_payment_by_policy_has_a_key_of_its_own() -> None:
    keys = {surplus_key("tr_1", RefundKind.REFUND, earlier) for earlier in range(12)}

    assert len(keys) == 12
    assert surplus_key("tr_1", RefundKind.REFUND, 0) == surplus_key("tr_1", RefundKind.REFUND)
    assert all(len(key) <= 64 for key in keys)


# --- a part went back, and the cart is free -------------------------------------------------------------------------


@pytest.mark.req("P3", "B4")
@pytest.mark.parametrize("amount", ["5.00", None])
def test_money_of_which_a_part_went_back_settles_the_cart_that_nobody_settles_any_more(amount: str | None) -> None:
    world = a_world("report")
    work, world.webhook.work = world.webhook.work, None
    world.add_payment("tr_1", "paid")
    world.deliver("tr_1")
    pay_again(world)
    world.webhook.work = work
    ask(world, amount)
    world.mollie.set("tr_1", "paid", refunded=1440)
    world.deliver("tr_1")
    world.work_off()

    assert world.state.settled_transaction_id == ("tr_2" if amount else None)
    assert len(world.shop.orders_of(CART)) == (1 if amount else 0)
    world.close()


# --- two at once ------------------------------------------------------------------------------------------------------


@pytest.mark.req("L8", "B4")
def test_a_refund_made_while_another_asked_what_is_left_is_not_left_out() -> None:
    """Mollie would give back 25 euros more than was paid. Both were written down when nothing had gone back.

    9.40 are sent; 5.00 are given back by hand; 5.00 ask what is left, and the answer knows of those by hand alone; the
    9.40 are made; and only then it is decided whether the 5.00 may go.
    """
    world = a_world("report")
    world.mollie.excess = 2500
    pay_first(world)
    pay_again(world)
    world.mollie.fail("create_refund", MollieUnavailable("503"), times=2)
    for amount, key in (("9.40", "first"), ("5.00", "second")):
        with pytest.raises(MollieUnavailable):
            ask(world, amount, key=key)

    def the_first_is_made() -> None:
        assert ask(world, "9.40", key="first").state is S.REFUNDED
        by_hand(world, "5.00")
        truth = world.mollie.payments["tr_2"]
        world.mollie.set("tr_2", "paid", refunded=500)
        world.mollie.before = lambda _: world.mollie.payments.update({"tr_2": truth})

    at_sending(world, the_first_is_made)
    with pytest.raises(Unavailable):
        ask(world, "5.00", key="second")
    assert second(world).state is S.QUEUED
    go_on(world)

    assert given_back(world) == 1440
    assert second(world).state in (S.DROPPED, S.FAILED)
    world.close()


def at_sending(world: World, happens: Callable[[], object]) -> None:
    """Let something happen before the second question about the payment: the one that its sender asks."""
    asked = 0

    def before(request: MollieRequest) -> None:
        nonlocal asked
        asked += request.call == "find_payment"
        if asked == 2:
            world.mollie.before = None
            happens()

    world.mollie.before = before


def second(world: World) -> Refund:
    return next(refund for refund in refunds_of(world) if refund.money == eur("5.00"))
