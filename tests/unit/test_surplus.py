"""Surplus money: what is written down about it, and whom it is told, once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bridge.domain.errors import MollieTimeout, Unavailable
from bridge.domain.records import RefundState
from bridge.domain.surplus import SurplusPolicy
from bridge.services.refunds import RefundRequest
from tests.unit.builders import CART, eur
from tests.unit.money_back import (
    a_world,
    given_back,
    notices,
    paid_twice,
    pay_again,
    pay_first,
    refunds_of,
    restart_with,
    sent,
    states_of,
)
from tests.unit.world import Killed, World

# --- what is written down ---------------------------------------------------------------------------------------------


@pytest.mark.req("P3")
@pytest.mark.parametrize(("policy", "expected"), [("report", []), ("propose", ["proposed"]), ("refund", ["queued"])])
def test_the_second_money_is_written_down_by_policy_and_nothing_is_sent_yet(policy: str, expected: list[str]) -> None:
    world = paid_twice(policy)

    assert states_of(world) == expected
    assert sent(world) == []
    assert world.attempt("tr_2").state == "surplus"
    assert world.told == ["tr_1"]
    world.close()


@pytest.mark.req("P3")
@pytest.mark.parametrize("policy", list(SurplusPolicy))
def test_the_payment_that_settled_the_cart_is_never_among_them(policy: SurplusPolicy) -> None:
    world = paid_twice(policy)
    for _ in range(3):
        world.deliver("tr_1")
        world.services.refunds.work_due()

    assert refunds_of(world, "tr_1") == ()
    assert given_back(world, "tr_1") == 0
    world.close()


@pytest.mark.req("P3")
def test_one_refund_however_often_the_news_comes(refunding: World) -> None:
    for _ in range(3):
        refunding.deliver("tr_2")
    refunding.services.refunds.work_due()
    refunding.deliver("tr_2")
    refunding.services.refunds.work_due()

    assert states_of(refunding) == ["refunded"]
    assert given_back(refunding) == 1440
    assert sent(refunding) == ["create_refund"]


@pytest.mark.req("P3", "B5")
@pytest.mark.parametrize("state", list(RefundState))
def test_whatever_became_of_its_refund_the_news_is_done_with_and_makes_no_other(
    proposing: World, state: RefundState
) -> None:
    (refund,) = refunds_of(proposing)
    proposing.ledger.in_cart(CART, lambda tx: tx.save_refund(replace(refund, state=state)))
    proposing.deliver("tr_2")

    assert [each.id for each in refunds_of(proposing)] == [refund.id]
    assert proposing.undone() == []


@pytest.mark.req("P3", "L8")
def test_money_that_an_admin_is_giving_back_is_not_queued_again() -> None:
    """His refund may have been made, nobody knows; then the policy changes, and the news comes once more."""
    world = paid_twice("report")
    world.mollie.fail("create_refund", MollieTimeout("slow"))
    asked = RefundRequest(payment_id=world.attempt("tr_2").id, amount=None, reason="paid twice", key="key-1")
    with pytest.raises(Unavailable):
        world.services.refunds.refund(asked)
    restart_with(world, "refund")
    world.deliver("tr_2")

    assert states_of(world) == ["uncertain"]
    world.close()


@pytest.mark.req("P3")
def test_each_surplus_payment_has_a_refund_of_its_own(refunding: World) -> None:
    pay_again(refunding, transaction_id="tr_3")
    refunding.services.refunds.work_due()

    assert [given_back(refunding, each) for each in ("tr_1", "tr_2", "tr_3")] == [0, 1440, 1440]
    assert len(refunding.shop.orders_of(CART)) == 1


@pytest.mark.req("P3")
@pytest.mark.parametrize(
    ("refunded", "charged_back", "left"), [(500, 0, "9.40"), (0, 500, "9.40"), (500, 400, "5.40"), (1439, 0, "0.01")]
)
def test_what_is_back_already_is_not_given_back_again(refunded: int, charged_back: int, left: str) -> None:
    world = a_world()
    pay_first(world)
    world.add_payment("tr_2", "paid", state="superseded")
    world.mollie.set("tr_2", "paid", refunded=refunded, charged_back=charged_back)
    world.deliver("tr_2")

    assert [refund.money for refund in refunds_of(world)] == [eur(left)]
    world.close()


@pytest.mark.req("P3")
@pytest.mark.parametrize(("refunded", "charged_back"), [(1440, 0), (0, 1440), (1000, 440), (2000, 0)])
def test_money_that_is_all_back_is_not_given_back(refunded: int, charged_back: int) -> None:
    world = a_world()
    pay_first(world)
    world.add_payment("tr_2", "paid", state="superseded")
    world.mollie.set("tr_2", "paid", refunded=refunded, charged_back=charged_back)
    world.deliver("tr_2")
    world.services.refunds.work_due()

    assert states_of(world) == []
    assert sent(world) == []
    world.close()


@pytest.mark.req("P3")
def test_a_cart_that_another_module_ordered_is_only_proposed_to_be_given_back() -> None:
    """The other order may be unpaid: a person looks at it."""
    world = a_world("refund")
    world.shop.add_order(CART, module="ps_wirepayment", paid=False)
    world.add_payment("tr_1", "paid")
    world.deliver("tr_1")
    world.services.refunds.work_due()

    assert states_of(world, "tr_1") == ["proposed"]
    assert sent(world) == []
    assert [notice.detail["settled_by"] for notice in notices(world)] == ["module:ps_wirepayment"]
    assert [notice.detail["action"] for notice in notices(world)] == ["propose"]
    world.close()


def test_a_proposal_is_not_due(proposing: World) -> None:
    proposing.clock.advance(hours=48)

    assert proposing.services.refunds.work_due() == 0
    assert refunds_of(proposing)[0].next_try_at is None
    assert sent(proposing) == []


@pytest.mark.req("P10")
def test_it_is_in_the_audit_trail_with_its_amount_and_in_nobodys_secrets(refunding: World) -> None:
    refunding.services.refunds.work_due()

    trail = [entry for entry in refunding.ledger.trail if entry.event.startswith("refund.")]
    assert [entry.event for entry in trail] == ["refund.queued", "refund.sent", "refund.refunded"]
    assert {entry.transaction_id for entry in trail} == {"tr_2"}
    assert {entry.detail["amount"] for entry in trail} == {"14.40 EUR"}
    assert all(set(entry.detail) == {"refund_id", "amount", "kind"} for entry in trail)


# --- the merchant is told ---------------------------------------------------------------------------------------------


@pytest.mark.req("P3", "P10")
@pytest.mark.parametrize("policy", list(SurplusPolicy))
def test_the_merchant_is_told_once(policy: SurplusPolicy) -> None:
    world = paid_twice(policy)
    world.deliver("tr_2")
    world.services.notices.work_due()
    world.deliver("tr_2")
    world.services.notices.work_due()

    (told,) = world.notifier.sent
    assert (told.case, told.kind, told.money, told.cart) == ("surplus:tr_2", "surplus", eur("14.40"), CART)
    assert (told.detail["action"], told.detail["settled_by"]) == (policy.value, "tr_1")
    made = refunds_of(world)
    assert told.detail["refund_id"] == (made[0].id if made else None)
    world.close()


@pytest.mark.slow
@pytest.mark.req("P3")
def test_what_was_decided_and_the_notice_are_written_together_or_not_at_all() -> None:
    """Wherever the process dies in the delivery that finds the surplus: never one without the others."""
    for at in range(1, 60):
        world = a_world()
        pay_first(world)
        world.add_payment("tr_2", "paid", state="superseded")
        world.fuse.set(at, kills=True)
        try:
            world.deliver("tr_2")
        except Killed:
            world.run()
        written = {world.attempt("tr_2").state == "surplus", states_of(world) != [], notices(world) != []}
        assert len(written) == 1, f"torn at crossing {at}"
        world.fuse.set(None, kills=False)
        world.work_off()
        world.services.refunds.work_due()
        if given_back(world) == 0:
            # It died before anything was stored: Mollie announces it again.
            world.deliver("tr_2")
            world.services.refunds.work_due()
        assert (given_back(world), len(notices(world))) == (1440, 1)
        world.close()
