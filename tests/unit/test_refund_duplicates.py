"""Refunds that others made by hand, and what Mollie takes for one refund sent twice."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from bridge.domain.errors import (
    MollieDuplicateRefund,
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
def world() -> Iterator[World]:
    """`tr_2` (14.40) is surplus, its refund is queued."""
    made = paid_twice("refund")
    yield made
    made.close()


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
