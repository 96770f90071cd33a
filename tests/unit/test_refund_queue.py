"""The refund queue: every refund ends or stands in it, once, whatever breaks and whoever works on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from bridge.domain.errors import (
    BridgeError,
    Conflict,
    InvalidRequest,
    MollieConflict,
    MollieDuplicateRefund,
    MollieError,
    MollieRefused,
    MollieTimeout,
    MollieUnauthorized,
    MollieUnavailable,
    RefundNotFound,
    StoreDown,
    Unavailable,
)
from bridge.domain.money import Money
from bridge.domain.records import Refund, RefundKind, RefundState
from bridge.domain.refunding import left_of
from bridge.ports.mollie import ObservedRefund
from bridge.services.refunds import RefundRequest
from tests.fakes.clock import START
from tests.fakes.mollie import MollieRequest
from tests.unit.builders import CART, eur, observed
from tests.unit.money_back import a_world, an_hour_later, given_back, notices, paid_twice, refunds_of, sent, states_of
from tests.unit.world import Killed, World

S = RefundState


@pytest.fixture
def world() -> Iterator[World]:
    """`tr_2` (14.40) is surplus, its refund is queued."""
    made = paid_twice("refund")
    yield made
    made.close()


@pytest.fixture
def proposing() -> Iterator[World]:
    """`tr_2` (14.40) is surplus, its refund is proposed."""
    made = paid_twice("propose")
    yield made
    made.close()


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


def by_hand(world: World, amount: str) -> None:
    """Somebody gives a part back in Mollie's dashboard."""
    money = eur(amount)
    number = len(world.mollie.refunds["tr_2"]) + 1
    world.mollie.refunds["tr_2"].append(ObservedRefund(refund_id=f"re_hand{number}", status="refunded", money=money))
    payment = world.mollie.payments["tr_2"]
    world.mollie.payments["tr_2"] = replace(payment, refunded_minor=payment.refunded_minor + money.minor)


# --- what is left -----------------------------------------------------------------------------------------------------


def a_refund(amount: str, state: RefundState, kind: RefundKind = RefundKind.REFUND) -> Refund:
    at = START
    return Refund(
        id=f"{amount}-{state}",
        cart=CART,
        attempt_id="a",
        transaction_id="tr_own",
        money=eur(amount),
        reason="x",
        key=f"{amount}-{state}",
        state=state,
        created_at=at,
        updated_at=at,
        kind=kind,
    )


@pytest.mark.req("L8")
@pytest.mark.parametrize(
    ("refunds", "left"),
    [
        ((), "14.40"),
        ((a_refund("5.00", S.QUEUED),), "9.40"),
        ((a_refund("5.00", S.SENT),), "9.40"),
        ((a_refund("5.00", S.UNCERTAIN),), "9.40"),
        ((a_refund("5.00", S.REFUNDED),), "9.40"),
        ((a_refund("5.00", S.PROPOSED),), "14.40"),
        ((a_refund("5.00", S.FAILED),), "14.40"),
        ((a_refund("5.00", S.DROPPED),), "14.40"),
        ((a_refund("5.00", S.QUEUED, RefundKind.RELEASE),), "14.40"),
        ((a_refund("5.00", S.QUEUED), a_refund("4.00", S.REFUNDED)), "5.40"),
        ((a_refund("10.00", S.SENT), a_refund("9.00", S.UNCERTAIN)), "0.00"),
    ],
)
def test_what_is_on_its_way_is_not_left(refunds: tuple[Refund, ...], left: str) -> None:
    assert left_of(observed("paid"), refunds) == eur(left)


@pytest.mark.req("L8")
@pytest.mark.parametrize(
    ("status", "refunded", "charged_back", "left"),
    [
        ("paid", 500, 0, "9.40"),
        ("paid", 0, 500, "9.40"),
        ("paid", 1000, 440, "0.00"),
        ("paid", 1440, 1440, "0.00"),
        ("open", 0, 0, "0.00"),
        ("failed", 0, 0, "0.00"),
    ],
)
def test_what_mollie_says_is_back_is_not_left(status: str, refunded: int, charged_back: int, left: str) -> None:
    assert left_of(observed(status, refunded=refunded, charged_back=charged_back), ()) == eur(left)


@pytest.mark.req("L8")
def test_what_is_made_is_counted_once_whether_mollie_tells_of_it_or_not() -> None:
    made = (a_refund("5.00", S.REFUNDED),)

    assert left_of(observed("paid", refunded=500), made) == eur("9.40")
    assert left_of(observed("paid"), made) == eur("9.40")
    assert left_of(observed("paid", refunded=700), made) == eur("7.40")


def test_one_refund_may_be_left_out() -> None:
    refunds = (a_refund("5.00", S.QUEUED), a_refund("4.00", S.QUEUED))

    assert left_of(observed("paid"), refunds, but="5.00-queued") == eur("10.40")


# --- killed, or broken, anywhere ------------------------------------------------------------------------------------


def rest_of_the_day(world: World) -> None:
    """The process is started again and works on its queue, long after Mollie has forgotten the keys."""
    world.fuse.set(None, kills=False)
    for _ in range(30):
        an_hour_later(world)
        world.services.refunds.work_due()


@pytest.mark.req("P3", "L15", "B9")
@pytest.mark.parametrize("kills", [True, False])
def test_a_refund_of_the_queue_that_breaks_off_anywhere_is_made_once(*, kills: bool) -> None:
    points = range(1, 40)
    for at in points:
        world = paid_twice("refund")
        world.mollie.excess = 2500
        world.fuse.set(at, kills=kills)
        try:
            world.services.refunds.work_due()
        except Killed:
            world.run()
        except BridgeError:
            pass
        rest_of_the_day(world)
        assert (given_back(world), states_of(world)) == (1440, ["refunded"]), f"at crossing {at}"
        assert world.attempt("tr_2").state == "refunded"
        assert given_back(world, "tr_1") == 0
        world.close()


@pytest.mark.req("L8", "L15", "B9")
@pytest.mark.parametrize("kills", [True, False])
def test_a_part_that_is_asked_for_and_breaks_off_anywhere_is_given_back_once(*, kills: bool) -> None:
    """Three parts fit into the payment: a refund that is sent twice would go through at Mollie."""
    for at in range(1, 40):
        world = paid_twice("report")
        world.fuse.set(at, kills=kills)
        try:
            ask(world, "4.00")
        except Killed:
            world.run()
        except BridgeError:
            pass
        rest_of_the_day(world)
        stored = states_of(world)
        assert stored in ([], ["refunded"]), f"at crossing {at}"
        assert given_back(world) == 400 * len(stored), f"at crossing {at}"
        assert ask(world, "4.00").state is S.REFUNDED
        assert given_back(world) == 400
        world.close()


@pytest.mark.req("P3", "L8", "B9")
@pytest.mark.parametrize("kills", [True, False])
def test_an_approval_that_breaks_off_anywhere_is_made_once_or_still_proposed(*, kills: bool) -> None:
    for at in range(1, 40):
        world = paid_twice("propose")
        refund_id = refunds_of(world)[0].id
        world.fuse.set(at, kills=kills)
        try:
            world.services.refunds.approve(refund_id)
        except Killed:
            world.run()
        except BridgeError:
            pass
        rest_of_the_day(world)
        assert (given_back(world), states_of(world)) in ((0, ["proposed"]), (1440, ["refunded"])), f"at crossing {at}"
        world.services.refunds.approve(refund_id)
        assert given_back(world) == 1440
        world.close()


@pytest.mark.req("L8", "B9")
def test_a_database_that_fails_after_mollie_did_it_does_not_make_it_unsent(world: World) -> None:
    """Queued again it would be sent again, and Mollie knows its key for an hour only."""
    broken: list[bool] = []
    in_cart = world.ledger.in_cart

    def fail_once(*given: object) -> object:
        if sent(world) and not broken:
            broken.append(True)
            raise StoreDown("the connection broke")
        return in_cart(*given)  # type: ignore[arg-type]

    world.ledger.in_cart = fail_once  # type: ignore[method-assign,assignment]
    world.services.refunds.work_due()

    assert (broken, states_of(world)) == ([True], ["uncertain"])
    an_hour_later(world)
    world.services.refunds.work_due()
    assert (states_of(world), sent(world), given_back(world)) == (["refunded"], ["create_refund"], 1440)


# --- what Mollie answers ------------------------------------------------------------------------------------------


@pytest.mark.req("P3", "B9")
@pytest.mark.parametrize(
    ("error", "state", "told"),
    [
        (MollieUnavailable("503"), "queued", []),
        (MollieUnauthorized("401"), "queued", []),
        (MollieTimeout("slow"), "uncertain", []),
        (MollieConflict("in progress"), "uncertain", []),
        (MollieDuplicateRefund("twice"), "uncertain", []),
        (MollieError("what?"), "uncertain", []),
        (MollieRefused("no", status=422), "failed", ["refund_failed"]),
    ],
)
def test_what_becomes_of_a_refund_by_what_mollie_says(
    world: World, error: BridgeError, state: str, told: list[str]
) -> None:
    world.mollie.fail("create_refund", error)
    before = len(notices(world))
    world.services.refunds.work_due()

    (refund,) = refunds_of(world)
    assert refund.state == state
    assert refund.last_error is not None
    assert refund.last_error.startswith(type(error).__name__)
    assert [notice.kind.value for notice in notices(world)[before:]] == told
    assert (refund.next_try_at is None) == (state == "failed")


@pytest.mark.req("P3", "B9")
@pytest.mark.parametrize("call", ["find_payment", "refunds_of", "create_refund"])
@pytest.mark.parametrize("error", [MollieUnavailable("503"), MollieUnauthorized("401"), MollieError("what?")])
def test_an_uncertain_refund_stays_uncertain_until_it_is_known(world: World, call: str, error: BridgeError) -> None:
    world.mollie.fail("create_refund", MollieTimeout("slow"))
    world.services.refunds.work_due()
    world.mollie.fail(call, error)  # type: ignore[arg-type]
    an_hour_later(world)
    world.services.refunds.work_due()
    assert states_of(world) == ["uncertain"]

    an_hour_later(world)
    world.services.refunds.work_due()
    assert (states_of(world), given_back(world)) == (["refunded"], 1440)


@pytest.mark.req("L8", "B9")
@pytest.mark.parametrize("call", ["find_payment", "refunds_of"])
def test_a_refused_question_is_not_a_refused_refund(world: World, call: str) -> None:
    """The key was changed to that of the test mode: Mollie knows no such payment, and the refund may be there."""
    world.mollie.fail("create_refund", MollieTimeout("slow"), done=True)
    world.services.refunds.work_due()
    world.mollie.fail(call, MollieRefused("404", status=404))  # type: ignore[arg-type]
    an_hour_later(world)
    world.services.refunds.work_due()
    assert states_of(world) == ["uncertain"]

    an_hour_later(world)
    world.services.refunds.work_due()
    assert (states_of(world), sent(world)) == (["refunded"], ["create_refund"])


@pytest.mark.req("B9")
def test_mollies_retry_after_is_the_least_pause(world: World) -> None:
    world.mollie.fail("create_refund", MollieUnavailable("429", retry_after=1800))
    world.services.refunds.work_due()

    (refund,) = refunds_of(world)
    assert refund.next_try_at == world.clock.now() + timedelta(seconds=1800)
    world.clock.advance(seconds=1799)
    assert world.services.refunds.work_due() == 0
    world.clock.advance(seconds=1)
    assert world.services.refunds.work_due() == 1
    assert states_of(world) == ["refunded"]


@pytest.mark.req("B9")
def test_the_pauses_grow_up_to_the_longest(world: World) -> None:
    world.mollie.fail_always("create_refund", MollieUnavailable("503"))
    pauses = []
    for _ in range(14):
        assert world.services.refunds.work_due() == 1
        due = refunds_of(world)[0].next_try_at
        assert due is not None
        pauses.append((due - world.clock.now()).total_seconds())
        world.clock.advance(due - world.clock.now())

    assert all(5 * 2**n <= pause <= 10 * 2**n for n, pause in enumerate(pauses[:8]))
    assert all(1800 <= pause <= 3600 for pause in pauses[9:])


@pytest.mark.req("P3", "B9")
def test_the_merchant_is_told_once_of_a_refund_that_nobody_knows_about(world: World) -> None:
    world.mollie.fail_always("create_refund", MollieTimeout("slow"))
    told = []
    for _ in range(8):
        world.services.refunds.work_due()
        told.append(sum(notice.kind == "refund_uncertain" for notice in notices(world)))
        an_hour_later(world)

    assert told == [0, 0, 0, 0, 1, 1, 1, 1]
    assert states_of(world) == ["uncertain"]


@pytest.mark.req("B9")
def test_a_shop_without_a_key_keeps_its_refund_queued(world: World) -> None:
    world.accounts.closed.add(1)
    world.services.refunds.work_due()
    assert (states_of(world), sent(world)) == (["queued"], [])

    world.accounts.closed.clear()
    an_hour_later(world)
    world.services.refunds.work_due()
    assert states_of(world) == ["refunded"]


# --- duplicates, and what others did by hand --------------------------------------------------------------------------


@pytest.mark.req("P3", "L8", "B9")
def test_the_same_amount_given_back_by_hand_is_taken_for_ours(world: World) -> None:
    """Mollie calls ours a duplicate; an hour later it would be made, and the shopper had his money twice."""
    world.mollie.excess = 2500
    by_hand(world, "14.40")
    payment = world.mollie.payments["tr_2"]
    world.mollie.set("tr_2", "paid", refunded=0)
    during(world, "create_refund", lambda: world.mollie.payments.update({"tr_2": payment}))
    world.services.refunds.work_due()
    assert states_of(world) == ["uncertain"]

    due = refunds_of(world)[0].next_try_at
    assert due is not None
    assert due - world.clock.now() >= timedelta(minutes=61)
    an_hour_later(world)
    world.services.refunds.work_due()

    assert (states_of(world), refunds_of(world)[0].mollie_refund_id) == (["refunded"], "re_hand1")
    assert given_back(world) == 1440


@pytest.mark.req("L8", "B9")
def test_one_refund_by_hand_is_not_taken_for_two_of_ours() -> None:
    world = paid_twice("report")
    by_hand(world, "4.00")
    for key in ("key-1", "key-2"):
        with pytest.raises(Unavailable):
            ask(world, "4.00", key=key)
    for _ in range(3):
        world.clock.advance(minutes=62)
        world.services.refunds.work_due()

    claimed = [refund.mollie_refund_id for refund in refunds_of(world)]
    assert claimed.count("re_hand1") == 1
    assert given_back(world) <= 1440
    world.close()


@pytest.mark.req("L8", "B9")
def test_a_refund_by_hand_that_one_of_ours_claims_does_not_stop_another() -> None:
    world = paid_twice("report")
    hand = ObservedRefund(refund_id="re_hand1", status="refunded", money=eur("4.00"))
    listed = world.mollie.refunds_of
    world.mollie.refunds_of = lambda transaction_id: (hand, *listed(transaction_id))  # type: ignore[method-assign]
    for key, error in (("key-1", MollieDuplicateRefund("twice")), ("key-2", MollieTimeout("slow"))):
        world.mollie.fail("create_refund", error)
        with pytest.raises(Unavailable):
            ask(world, "4.00", key=key)
    an_hour_later(world)
    world.services.refunds.work_due()

    assert states_of(world) == ["refunded", "refunded"]
    assert refunds_of(world)[0].mollie_refund_id == "re_hand1"
    assert given_back(world) == 400
    world.close()


@pytest.mark.req("L8", "B9")
def test_a_refund_taken_for_ours_is_still_ours_when_it_is_doubted() -> None:
    """An old answer of Mollie's makes it doubtful: it is known by its id at Mollie, and not sent on top of it."""
    world = paid_twice("report")
    by_hand(world, "4.00")
    with pytest.raises(Unavailable):
        ask(world, "4.00")
    an_hour_later(world)
    world.services.refunds.work_due()
    assert states_of(world) == ["refunded"]
    now = world.mollie.payments["tr_2"]
    world.mollie.set("tr_2", "paid", refunded=0)
    world.deliver("tr_2")
    world.mollie.payments["tr_2"] = now
    assert states_of(world) == ["uncertain"]

    world.mollie.refunds["tr_2"][0] = replace(world.mollie.refunds["tr_2"][0], money=eur("3.99"))
    an_hour_later(world)
    before = given_back(world)
    world.services.refunds.work_due()

    assert (states_of(world), given_back(world)) == (["refunded"], before)
    world.close()


@pytest.mark.req("P3", "L8")
@pytest.mark.parametrize("status", ["failed", "canceled"])
def test_a_refund_that_came_to_nothing_at_mollie_is_not_taken_for_ours(world: World, status: str) -> None:
    world.mollie.refunds["tr_2"] = [ObservedRefund(refund_id="re_x", status=status, money=eur("14.40"))]
    world.mollie.fail("create_refund", MollieTimeout("slow"))
    world.services.refunds.work_due()
    an_hour_later(world)
    world.services.refunds.work_due()

    assert states_of(world) == ["refunded"]
    assert refunds_of(world)[0].mollie_refund_id != "re_x"
    assert given_back(world) == 1440


@pytest.mark.req("P3", "L8")
def test_a_part_that_somebody_gave_back_meanwhile_is_never_given_back_again(world: World) -> None:
    """The first sending timed out and was not done; Mollie would now give back 25 euros more than was paid."""
    world.mollie.excess = 2500
    world.mollie.fail("create_refund", MollieTimeout("slow"))
    world.services.refunds.work_due()
    by_hand(world, "5.00")
    an_hour_later(world)
    world.services.refunds.work_due()

    (refund,) = refunds_of(world)
    assert refund.state is S.FAILED
    assert refund.last_error == "14.40 EUR can not be refunded: 9.40 EUR is left of the payment"
    assert given_back(world) == 500
    assert "refund_failed" in [notice.kind.value for notice in notices(world)]


@pytest.mark.req("L8")
def test_an_ordinary_refund_that_no_longer_fits_is_not_made_smaller_and_the_merchant_is_told() -> None:
    world = paid_twice("report")
    world.mollie.excess = 2500
    world.mollie.fail("create_refund", MollieUnavailable("503"))
    with pytest.raises(MollieUnavailable):
        ask(world, "10.00")
    by_hand(world, "5.00")
    world.clock.advance(hours=1)
    world.services.refunds.work_due()

    assert states_of(world) == ["failed"]
    assert given_back(world) == 500
    assert [notice.kind.value for notice in notices(world)] == ["surplus", "refund_failed"]
    world.close()


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
    """Two parts of one amount, both timed out, one of them done, both looked for at the same moment."""
    world = paid_twice("report")
    by_hand(world, "4.00")
    for key in ("key-1", "key-2"):
        with pytest.raises(Unavailable):
            ask(world, "4.00", key=key)
    an_hour_later(world)
    first, second = (refund.id for refund in refunds_of(world))
    sender = world.services.refunds._sender
    other = next(refund for refund in refunds_of(world) if refund.id == second)
    done = sender._done

    def both(refund: Refund, mollie_refund_id: str | None) -> Refund:
        if refund.id == first:
            done(other, mollie_refund_id)
        return done(refund, mollie_refund_id)

    sender._done = both  # type: ignore[method-assign]
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

    assert (proposing.services.refunds.in_states() == (moved,)) is listed
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
