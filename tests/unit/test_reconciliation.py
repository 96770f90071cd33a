"""Reconciling: each row of the table, and what can be done about it."""

from __future__ import annotations

import pytest

from bridge.domain.surplus import SurplusPolicy
from bridge.services.refunds import RefundRequest
from bridge.services.settings import GateLimits, RefundLimits
from tests.fakes.services import Limits
from tests.unit.builders import CART, eur
from tests.unit.walks import K, R, only, walk
from tests.unit.world import World


@pytest.mark.req("B7")
def test_a_paid_payment_whose_order_is_right_is_no_finding(world: World) -> None:
    world.add_payment("tr_1", "paid")
    world.deliver("tr_1")

    assert walk(world) == []


@pytest.mark.req("B7")
def test_a_paid_payment_without_a_cart_is_an_orphan(world: World) -> None:
    world.mollie.add("tr_1", "paid", cart_id=None)
    world.mollie.add("tr_2", "paid", cart_id=777)

    assert [(each.kind, each.remedy, each.at_risk) for each in walk(world)] == [(K.ORPHAN, R.PERSON, True)] * 2


@pytest.mark.req("B7")
def test_a_paid_payment_without_an_order_is_passed_on_when_that_is_asked_for(world: World) -> None:
    world.add_payment("tr_1", "paid")
    finding = only(world)
    assert (finding.kind, finding.remedy, finding.at_risk, finding.money) == (
        K.PAID_WITHOUT_ORDER,
        R.REPLAY,
        True,
        eur("14.40"),
    )
    assert world.told == []

    fixed = world.services.reconciliation.fix(finding, shop_id=1)

    assert (fixed.left, fixed.error, world.told) == (None, None, ["tr_1"])
    assert walk(world) == []


@pytest.mark.req("B7")
def test_held_money_waits_and_is_nobodys_to_fix(world: World) -> None:
    world.add_payment("tr_old", "paid", state="held")
    world.add_payment("tr_new", "open", money=eur("20.00"))

    finding = only(world)

    assert (finding.transaction_id, finding.remedy, finding.at_risk) == ("tr_old", R.PERSON, False)


@pytest.mark.req("B7")
def test_an_order_whose_row_was_never_finished_is_a_missed_webhook(world: World) -> None:
    world.add_payment("tr_1", "paid")
    world.deliver("tr_1")
    world.shop.set_payment("tr_1", bank_status="open", order_id=world.shop.orders_of(CART)[0].order_id)
    finding = only(world)
    assert (finding.kind, finding.remedy) == (K.MISSED_WEBHOOK, R.REPLAY)

    assert world.services.reconciliation.fix(finding, shop_id=1).left is None
    assert world.told == ["tr_1", "tr_1"]


@pytest.mark.req("B7")
@pytest.mark.parametrize(("total", "currency"), [("14.41", "EUR"), ("14.40", "USD")])
def test_an_order_of_another_amount_or_currency_is_a_mismatch_for_a_person(
    world: World, total: str, currency: str
) -> None:
    world.add_payment("tr_1", "paid", state=None)
    world.shop.add_order(CART, total, currency=currency, paid_by="tr_1")

    finding = only(world)

    assert (finding.kind, finding.remedy) == (K.AMOUNT_MISMATCH, R.PERSON)


def surplus(world: World) -> None:
    world.add_payment("tr_1", "paid")
    world.deliver("tr_1")
    world.add_payment("tr_2", "paid", state="superseded")


@pytest.mark.req("B4", "B7")
def test_surplus_money_that_nobody_knew_of_is_decided_when_that_is_asked_for(world: World) -> None:
    surplus(world)
    finding = only(world)
    assert (finding.kind, finding.remedy, finding.at_risk) == (K.SURPLUS_NOT_REFUNDED, R.REPLAY, True)

    left = world.services.reconciliation.fix(finding, shop_id=1).left

    assert left is not None
    assert (left.remedy, world.attempt("tr_2").state, world.told) == (R.PERSON, "surplus", ["tr_1"])


@pytest.mark.req("B7", "P3")
@pytest.mark.parametrize(("amount", "left"), [("5.00", 940), (None, None)])
def test_surplus_money_of_which_a_part_went_back_is_still_a_finding(
    world: World, amount: str | None, left: int | None
) -> None:
    surplus(world)
    world.deliver("tr_2")
    request = RefundRequest(payment_id=world.attempt("tr_2").id, amount=amount, reason="twice", key="key-1")
    world.services.refunds.refund(request)

    found = [(each.kind, each.money.minor) for each in walk(world) if each.kind is K.SURPLUS_NOT_REFUNDED]
    assert found == ([(K.SURPLUS_NOT_REFUNDED, left)] if left else [])


@pytest.mark.req("B4", "B7")
def test_surplus_money_with_a_proposed_refund_names_the_command_that_approves_it() -> None:
    world = World(Limits(gate=GateLimits(), refunds=RefundLimits(policy=SurplusPolicy.PROPOSE)))
    surplus(world)
    world.deliver("tr_2")
    (refund,) = world.ledger.queues.refunds_of("tr_2")

    assert only(world).next_step == f"mollie-bridge refunds approve {refund.id}"
    world.services.refunds.approve(refund.id)
    assert walk(world) == []
    world.close()


@pytest.mark.req("B7")
def test_a_row_that_missed_the_end_of_its_payment_is_corrected_when_that_is_asked_for(world: World) -> None:
    world.add_payment("tr_1", "expired", state=None)
    finding = only(world)
    assert (finding.kind, finding.remedy, finding.at_risk) == (K.STATUS_DISAGREEMENT, R.CORRECT_ROW, False)

    assert world.services.reconciliation.fix(finding, shop_id=1).left is None
    row = world.shop.find_payment("tr_1")
    assert row is not None
    assert (row.bank_status, world.told) == ("expired", [])


@pytest.mark.req("B7")
def test_a_row_that_says_paid_where_mollie_does_not_is_for_a_person(world: World) -> None:
    world.add_payment("tr_1", "open", state=None)
    world.shop.set_payment("tr_1", bank_status="paid")

    assert only(world).remedy is R.PERSON


@pytest.mark.parametrize("status", ["open", "pending"])
def test_a_payment_that_may_still_be_paid_is_no_finding(world: World, status: str) -> None:
    world.add_payment("tr_1", status)

    assert walk(world) == []


def test_money_that_was_given_back_is_no_finding(world: World) -> None:
    world.add_payment("tr_1", "paid")
    world.deliver("tr_1")
    world.mollie.set("tr_1", "paid", refunded=1440)

    assert walk(world) == []
