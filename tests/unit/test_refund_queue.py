"""The refund queue: every refund ends or stands in it, once, whatever breaks and whatever Mollie answers."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bridge.domain.errors import (
    BridgeError,
    MollieConflict,
    MollieDuplicateRefund,
    MollieError,
    MollieRefused,
    MollieTimeout,
    MollieUnauthorized,
    MollieUnavailable,
    StoreDown,
)
from bridge.domain.records import RefundState
from tests.unit.money_back import an_hour_later, ask, given_back, notices, paid_twice, refunds_of, sent, states_of
from tests.unit.world import Killed, World

S = RefundState


@pytest.fixture
def world(refunding: World) -> World:
    """`tr_2` (14.40) is surplus, its refund is queued."""
    return refunding


# --- killed, or broken, anywhere ------------------------------------------------------------------------------------


def rest_of_the_day(world: World) -> None:
    """The process is started again and works on its queue, long after Mollie has forgotten the keys."""
    world.fuse.set(None, kills=False)
    for _ in range(30):
        an_hour_later(world)
        world.services.refunds.work_due()


@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.mark.slow
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
