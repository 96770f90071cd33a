"""Refunds that others made by hand, and what Mollie takes for one refund sent twice."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bridge.domain.errors import (
    MollieTimeout,
    MollieUnavailable,
    Unavailable,
)
from bridge.domain.records import RefundState
from bridge.ports.mollie import ObservedRefund
from tests.unit.builders import eur
from tests.unit.money_back import (
    an_hour_later,
    ask,
    by_hand,
    during,
    given_back,
    notices,
    paid_twice,
    refunds_of,
    states_of,
)
from tests.unit.world import World

S = RefundState


@pytest.fixture
def world(refunding: World) -> World:
    """`tr_2` (14.40) is surplus, its refund is queued."""
    return refunding


# --- duplicates, and what others did by hand --------------------------------------------------------------------------


@pytest.mark.req("P3", "L8", "B9")
def test_all_of_it_given_back_by_hand_leaves_nothing_for_ours(world: World) -> None:
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

    assert (states_of(world), refunds_of(world)[0].mollie_refund_id) == (["dropped"], None)
    assert given_back(world) == 1440


@pytest.mark.req("L8", "B9")
def test_one_made_by_hand_long_before_ours_was_asked_for_is_not_taken_for_ours(reporting: World) -> None:
    """5.00 were given back by hand last month. Now 5.00 are asked for, and Mollie does not answer: they are due."""
    by_hand(reporting, "5.00", ago=timedelta(days=30))
    reporting.mollie.fail("create_refund", MollieTimeout("slow"))
    with pytest.raises(Unavailable):
        ask(reporting, "5.00")
    an_hour_later(reporting)
    reporting.services.refunds.work_due()

    (refund,) = refunds_of(reporting)
    assert refund.state is S.REFUNDED
    assert refund.mollie_refund_id not in (None, "re_hand1")
    assert given_back(reporting) == 1000


@pytest.mark.req("L8", "B9")
@pytest.mark.parametrize("minutes_before", [0, 50])
def test_one_made_by_hand_at_about_the_time_of_ours_is_neither_taken_for_it_nor_doubled(
    reporting: World, minutes_before: int
) -> None:
    """Nobody can tell whether both are meant: ours is not made, and the merchant is told of the other one."""
    by_hand(reporting, "5.00", ago=timedelta(minutes=minutes_before))
    reporting.mollie.fail("create_refund", MollieTimeout("slow"))
    with pytest.raises(Unavailable):
        ask(reporting, "5.00")
    an_hour_later(reporting)
    reporting.services.refunds.work_due()

    (refund,) = refunds_of(reporting)
    assert (refund.state, refund.mollie_refund_id) == (S.FAILED, None)
    assert "re_hand1" in (refund.last_error or "")
    assert given_back(reporting) == 500
    told = next(notice for notice in notices(reporting) if notice.kind.value == "refund_failed")
    assert told.detail["error"] == refund.last_error
    assert ask(reporting, "5.00", key="both-are-meant").state is S.REFUNDED


@pytest.mark.req("L8", "B9")
def test_one_made_by_hand_while_ours_is_uncertain_is_not_doubled(reporting: World) -> None:
    reporting.mollie.fail("create_refund", MollieTimeout("slow"))
    with pytest.raises(Unavailable):
        ask(reporting, "5.00")
    by_hand(reporting, "5.00")
    an_hour_later(reporting)
    reporting.services.refunds.work_due()

    assert (states_of(reporting), given_back(reporting)) == (["failed"], 500)


@pytest.mark.req("L8", "B9")
def test_ours_is_known_by_its_key_whatever_was_made_by_hand_beside_it(reporting: World) -> None:
    by_hand(reporting, "5.00", ago=timedelta(minutes=90))
    reporting.mollie.fail("create_refund", MollieTimeout("slow"), done=True)
    with pytest.raises(Unavailable):
        ask(reporting, "5.00")
    by_hand(reporting, "5.00")
    an_hour_later(reporting)
    reporting.services.refunds.work_due()

    (refund,) = refunds_of(reporting)
    ours = next(each for each in reporting.mollie.refunds["tr_2"] if each.key == refund.key)
    assert (refund.state, refund.mollie_refund_id) == (S.REFUNDED, ours.refund_id)


@pytest.mark.req("L8", "B9")
def test_one_refund_by_hand_is_taken_for_none_of_ours(reporting: World) -> None:
    by_hand(reporting, "4.00")
    for key in ("key-1", "key-2"):
        with pytest.raises(Unavailable):
            ask(reporting, "4.00", key=key)
    for _ in range(3):
        reporting.clock.advance(minutes=62)
        reporting.services.refunds.work_due()

    assert [refund.mollie_refund_id for refund in refunds_of(reporting)] == [None, None]
    assert (states_of(reporting), given_back(reporting)) == (["failed", "failed"], 400)


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
