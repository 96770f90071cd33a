"""Surplus money: what is written down about it, by policy, once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from bridge.domain.errors import Conflict, MollieTimeout, Unavailable
from bridge.domain.records import RefundKind, RefundState
from bridge.domain.surplus import SurplusPolicy, decide_surplus, first_state, surplus_key
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

P = SurplusPolicy


@pytest.fixture
def refunding() -> Iterator[World]:
    """Paid twice, with the policy `refund`."""
    made = paid_twice("refund")
    yield made
    made.close()


@pytest.fixture
def proposing() -> Iterator[World]:
    """Paid twice, with the policy `propose`."""
    made = paid_twice("propose")
    yield made
    made.close()


# --- the policy -------------------------------------------------------------------------------------------------------


@pytest.mark.req("P3")
@pytest.mark.parametrize(
    ("policy", "settled_by", "decided"),
    [
        (P.REPORT, "tr_1", P.REPORT),
        (P.REPORT, "module:ps_wirepayment", P.REPORT),
        (P.PROPOSE, "tr_1", P.PROPOSE),
        (P.PROPOSE, "module:ps_wirepayment", P.PROPOSE),
        (P.REFUND, "tr_1", P.REFUND),
        (P.REFUND, "ord_1", P.REFUND),
        (P.REFUND, "module:ps_wirepayment", P.PROPOSE),
        (P.REFUND, "module:mollie", P.PROPOSE),
    ],
)
def test_the_table_of_policies(policy: SurplusPolicy, settled_by: str, decided: SurplusPolicy) -> None:
    assert decide_surplus(policy, settled_by) is decided


@pytest.mark.parametrize(
    ("policy", "state"), [(P.REPORT, None), (P.PROPOSE, RefundState.PROPOSED), (P.REFUND, RefundState.QUEUED)]
)
def test_how_a_refund_begins(policy: SurplusPolicy, state: RefundState | None) -> None:
    assert first_state(policy) is state


def test_a_key_names_one_payment_and_one_kind_and_fits_its_column() -> None:
    keys = {surplus_key(payment, kind) for payment in ("tr_1", "tr_2") for kind in RefundKind}

    assert len(keys) == 4
    assert all(len(key) <= 64 for key in keys)
    assert surplus_key("tr_1", RefundKind.REFUND) in keys


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
@pytest.mark.parametrize("policy", list(P))
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


# --- the policy changes between two deliveries --------------------------------------------------------------------


@pytest.mark.req("P3")
def test_a_proposal_stands_when_the_policy_becomes_stricter(proposing: World) -> None:
    restart_with(proposing, "refund")
    proposing.deliver("tr_2")
    proposing.services.refunds.work_due()

    assert states_of(proposing) == ["proposed"]
    assert sent(proposing) == []


@pytest.mark.req("P3")
def test_a_refund_that_is_queued_stands_when_the_policy_becomes_milder(refunding: World) -> None:
    restart_with(refunding, "report")
    refunding.deliver("tr_2")
    refunding.services.refunds.work_due()

    assert states_of(refunding) == ["refunded"]


@pytest.mark.req("P3")
def test_what_was_only_reported_is_refunded_with_its_next_news() -> None:
    world = paid_twice("report")
    restart_with(world, "refund")
    world.deliver("tr_2")
    world.services.refunds.work_due()

    assert states_of(world) == ["refunded"]
    assert len(notices(world)) == 1
    world.close()


@pytest.mark.req("P3")
def test_a_rejected_proposal_is_not_made_again(proposing: World) -> None:
    proposing.services.refunds.reject(refunds_of(proposing)[0].id)
    restart_with(proposing, "refund")
    proposing.deliver("tr_2")
    proposing.services.refunds.work_due()

    assert states_of(proposing) == ["dropped"]
    assert sent(proposing) == []


# --- the merchant is told ---------------------------------------------------------------------------------------------


@pytest.mark.req("P3", "P10")
@pytest.mark.parametrize("policy", list(P))
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
