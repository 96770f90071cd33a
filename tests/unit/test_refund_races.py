"""Refunds from several processes at once, and by a person: sent once, decided once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bridge.domain.errors import (
    Conflict,
    InvalidRequest,
    MollieRefused,
    MollieTimeout,
    MollieUnavailable,
    RefundNotFound,
    Unavailable,
)
from bridge.domain.money import Money
from bridge.domain.records import Refund, RefundState
from bridge.domain.refunding import left_of
from tests.unit.builders import CART, eur, observed
from tests.unit.money_back import (
    a_world,
    an_hour_later,
    ask,
    during,
    given_back,
    paid_twice,
    refunds_of,
    sent,
    states_of,
)
from tests.unit.world import Killed, World

S = RefundState


@pytest.fixture
def world(refunding: World) -> World:
    """`tr_2` (14.40) is surplus, its refund is queued."""
    return refunding


# --- from several processes at once -----------------------------------------------------------------------------------


@pytest.mark.req("P3", "L8", "B4")
@pytest.mark.parametrize("call", ["find_payment", "create_refund"])
def test_two_processes_with_one_queue_send_a_refund_once(world: World, call: str) -> None:
    during(world, call, world.services.refunds.work_due)
    world.services.refunds.work_due()

    assert (states_of(world), sent(world)) == (["refunded"], ["create_refund"])


@pytest.mark.req("P3", "L8", "B4")
@pytest.mark.parametrize("call", ["find_payment", "create_refund"])
def test_the_queue_leaves_an_approved_refund_to_the_one_who_approved_it(proposing: World, call: str) -> None:
    during(proposing, call, proposing.services.refunds.work_due)
    proposing.services.refunds.approve(refunds_of(proposing)[0].id)

    assert (states_of(proposing), sent(proposing)) == (["refunded"], ["create_refund"])


@pytest.mark.req("L8", "B4")
@pytest.mark.parametrize("call", ["find_payment", "create_refund"])
def test_the_queue_leaves_a_refund_to_the_request_that_asked_for_it(call: str) -> None:
    world = paid_twice("report")
    taken: list[int] = []

    def the_queue() -> None:
        taken.append(world.services.refunds.work_due())

    if call == "find_payment":
        # The second question is the sender's; the refund is written down by then.
        during(world, call, lambda: during(world, call, the_queue))
    else:
        during(world, call, the_queue)
    ask(world, "4.00")

    assert (taken, states_of(world), sent(world)) == ([0], ["refunded"], ["create_refund"])
    world.close()


@pytest.mark.req("P3", "L8", "B4", "B9")
def test_who_finds_that_somebody_else_has_sent_it_looks_for_it_first(proposing: World) -> None:
    """Two approvals; the second one's process stands still for an hour, in which the first one's sending times out."""
    refunds = proposing.services.refunds
    refund_id = refunds_of(proposing)[0].id

    def the_other_one() -> None:
        proposing.mollie.fail("create_refund", MollieTimeout("slow"), done=True)
        with pytest.raises(Unavailable):
            refunds.approve(refund_id)
        an_hour_later(proposing)
        proposing.mollie.refunds["tr_2"][0] = replace(proposing.mollie.refunds["tr_2"][0], money=eur("14.39"))

    proposing.mollie.excess = 2500
    during(proposing, "find_payment", the_other_one)
    with pytest.raises(Unavailable):
        refunds.approve(refund_id)
    assert states_of(proposing) == ["uncertain"]

    an_hour_later(proposing)
    refunds.work_due()
    assert (states_of(proposing), given_back(proposing)) == (["refunded"], 1440)
    assert sent(proposing) == ["create_refund"]


@pytest.mark.req("L8", "B4")
def test_two_refunds_of_ours_never_claim_one_at_mollie() -> None:
    """Two parts of one amount, both timed out, one of them done: what claims it first has it, in the database too."""
    world = paid_twice("report")
    world.mollie.fail("create_refund", MollieTimeout("slow"), done=True)
    for key in ("key-1", "key-2"):
        with pytest.raises(Unavailable):
            ask(world, "4.00", key=key)
    an_hour_later(world)
    first, second = (refund.id for refund in refunds_of(world))
    sender = world.services.refunds._sender
    book = sender._book
    other = next(refund for refund in refunds_of(world) if refund.id == second)
    take = book.take

    def both(refund: Refund, mollie_refund_id: str | None, *, ended: bool = False) -> Refund:
        if refund.id == first:
            take(other, mollie_refund_id)
        return take(refund, mollie_refund_id, ended=ended)

    book.take = both  # type: ignore[method-assign]
    with pytest.raises(Unavailable):
        sender.send(next(refund for refund in refunds_of(world) if refund.id == first))

    assert states_of(world) == ["uncertain", "refunded"]
    world.close()


@pytest.mark.req("L8", "B4")
def test_an_ordinary_refund_beside_one_of_the_queue_finds_nothing_left(world: World) -> None:
    with pytest.raises(InvalidRequest, match=r"0\.00 EUR is left"):
        ask(world, "1.00")
    world.services.refunds.work_due()

    assert given_back(world) == 1440


@pytest.mark.req("L8", "B4")
def test_what_a_dead_process_had_taken_is_due_again_when_its_time_is_up(world: World) -> None:
    world.fuse.set(6, kills=True)
    with pytest.raises(Killed):
        world.services.refunds.work_due()
    world.run()
    assert refunds_of(world)[0].tries == 1

    world.clock.advance(seconds=59)
    assert world.services.refunds.work_due() == 0
    world.clock.advance(seconds=1)
    assert world.services.refunds.work_due() == 1
    assert states_of(world) == ["refunded"]


def test_one_refund_that_can_not_be_sent_does_not_keep_the_others_waiting() -> None:
    world = a_world("refund")
    world.add_payment("tr_1", "paid")
    world.deliver("tr_1")
    for transaction_id in ("tr_2", "tr_3"):
        world.add_payment(transaction_id, "paid", state="superseded")
        world.deliver(transaction_id)
    world.mollie.fail("create_refund", MollieRefused("no", status=422))

    assert world.services.refunds.work_due() == 2
    assert sorted([*states_of(world, "tr_2"), *states_of(world, "tr_3")]) == ["failed", "refunded"]
    world.close()


# --- by a person ------------------------------------------------------------------------------------------------------


@pytest.mark.req("P3", "L8")
def test_an_approved_refund_is_sent_and_approving_it_again_changes_nothing(proposing: World) -> None:
    refunds = proposing.services.refunds
    refund_id = refunds_of(proposing)[0].id

    assert refunds.approve(refund_id).state is S.REFUNDED
    assert refunds.approve(refund_id).state is S.REFUNDED
    assert given_back(proposing) == 1440
    assert [entry.event for entry in proposing.ledger.trail if entry.event.startswith("refund.")] == [
        "refund.proposed",
        "refund.approved",
        "refund.sent",
        "refund.refunded",
    ]


@pytest.mark.req("P3", "L8")
def test_a_rejected_refund_is_not_made_and_can_not_be_approved_any_more(proposing: World) -> None:
    refunds = proposing.services.refunds
    refund_id = refunds_of(proposing)[0].id

    rejected = refunds.reject(refund_id)
    assert (rejected.state, rejected.next_try_at, rejected.tries) == (S.DROPPED, None, 0)
    assert refunds.reject(refund_id).state is S.DROPPED
    with pytest.raises(Conflict):
        refunds.approve(refund_id)
    assert sent(proposing) == []


@pytest.mark.req("P3", "L8")
@pytest.mark.parametrize("state", ["refunded", "queued"])
def test_what_is_approved_can_not_be_rejected_any_more(proposing: World, state: str) -> None:
    refunds = proposing.services.refunds
    refund_id = refunds_of(proposing)[0].id
    if state == "queued":
        proposing.mollie.fail("create_refund", MollieUnavailable("503"))
        with pytest.raises(MollieUnavailable):
            refunds.approve(refund_id)
    else:
        refunds.approve(refund_id)

    with pytest.raises(Conflict):
        refunds.reject(refund_id)
    assert states_of(proposing) == [state]


@pytest.mark.req("P3", "L8", "B4")
def test_approved_and_rejected_at_once_one_of_them_wins(proposing: World) -> None:
    refunds = proposing.services.refunds
    refund_id = refunds_of(proposing)[0].id
    found = refunds.find(refund_id)
    refunds.reject(refund_id)

    with pytest.raises(Conflict):
        proposing.ledger.in_cart(CART, lambda tx: refunds._write_decision(tx, found, S.QUEUED, "refund.approved"))
    assert states_of(proposing) == ["dropped"]


def test_nobodys_refund_is_not_found(proposing: World) -> None:
    for ask_for in (proposing.services.refunds.approve, proposing.services.refunds.reject):
        with pytest.raises(RefundNotFound):
            ask_for("01939f5c-8a31-7c52-b4f7-6d1d2c3f9a10")


@pytest.mark.parametrize(
    ("state", "listed"),
    [(S.PROPOSED, True), (S.FAILED, True), (S.UNCERTAIN, True), (S.QUEUED, False), (S.REFUNDED, False)],
)
def test_what_needs_a_person_is_listed(proposing: World, state: RefundState, *, listed: bool) -> None:
    moved = replace(refunds_of(proposing)[0], state=state)
    proposing.ledger.in_cart(CART, lambda tx: tx.save_refund(moved))

    assert (proposing.services.refunds.for_a_person() == (moved,)) is listed
    assert proposing.services.refunds.in_states(frozenset({state})) == (moved,)


@pytest.mark.req("P10")
def test_neither_keys_nor_answers_of_mollie_at_length_are_kept(world: World) -> None:
    world.mollie.fail("create_refund", MollieRefused("x" * 5000, status=422))
    world.services.refunds.work_due()

    (refund,) = refunds_of(world)
    assert refund.last_error is not None
    assert len(refund.last_error) <= 500
    assert all(refund.key not in str(entry) for entry in world.ledger.trail)


def test_money_is_of_the_payments_own_currency() -> None:
    assert left_of(observed("paid", money=Money(currency="CHF", minor=100)), ()) == Money(currency="CHF", minor=100)
