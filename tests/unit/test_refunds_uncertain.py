"""Refunds whose outcome is not known, that were cut off, or that are asked for twice at once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bridge.domain.errors import (
    InvalidRequest,
    MollieConflict,
    MollieError,
    MollieRefused,
    MollieTimeout,
    MollieUnavailable,
    Unavailable,
)
from bridge.domain.records import RefundState
from tests.fakes.mollie import MollieRequest
from tests.unit.paid_once import given_back, paid_once, refund, refunds, states
from tests.unit.world import Killed, World


@pytest.fixture
def world() -> Iterator[World]:
    """A cart that was paid: 14.40, transaction `tr_1`."""
    made = paid_once()
    yield made
    made.close()


# --- uncertain --------------------------------------------------------------------------------------------------------


@pytest.mark.req("L8", "B9")
@pytest.mark.parametrize("done", [True, False])
@pytest.mark.parametrize("error", [MollieTimeout("slow"), MollieConflict("in progress")])
def test_an_uncertain_refund_is_looked_for_before_it_is_sent_again(
    world: World, done: bool, error: MollieError
) -> None:
    world.mollie.fail("create_refund", error, done=done)
    with pytest.raises(Unavailable):
        refund(world, "5.00")
    assert states(world) == ["uncertain"]
    world.mollie.requests.clear()

    answer = refund(world, "5.00")

    assert answer.refund.state is RefundState.REFUNDED
    assert given_back(world) == 500
    calls = [request.call for request in world.mollie.requests if request.call != "find_payment"]
    assert calls == ["refunds_of"] + ([] if done else ["create_refund"])


@pytest.mark.req("L8")
def test_what_may_have_been_given_back_is_not_left_for_another_refund(world: World) -> None:
    world.mollie.fail("create_refund", MollieTimeout("slow"))
    with pytest.raises(Unavailable):
        refund(world, "10.00", key="key-1")

    with pytest.raises(InvalidRequest):
        refund(world, "5.00", key="key-2")


@pytest.mark.req("L8", "B9")
def test_an_uncertain_refund_is_still_looked_for_after_a_repeat_that_was_not_done(world: World) -> None:
    world.mollie.fail("create_refund", MollieTimeout("slow"), done=True)
    world.mollie.fail("create_refund", MollieUnavailable("503"))
    with pytest.raises(Unavailable):
        refund(world, "5.00")
    hidden = world.mollie.refunds["tr_1"]
    world.mollie.refunds["tr_1"] = []
    with pytest.raises(Unavailable):
        refund(world, "5.00")
    world.mollie.refunds["tr_1"] = hidden
    world.mollie._refunded.clear()

    assert refund(world, "5.00").refund.state is RefundState.REFUNDED
    assert given_back(world) == 500


@pytest.mark.req("L8")
def test_a_refund_that_mollie_could_not_take_waits_and_is_sent_by_the_repeat(world: World) -> None:
    world.mollie.fail("create_refund", MollieUnavailable("503"))
    with pytest.raises(MollieUnavailable):
        refund(world, "5.00")
    assert states(world) == ["queued"]

    assert refund(world, "5.00").refund.state is RefundState.REFUNDED
    assert given_back(world) == 500


@pytest.mark.req("L8")
def test_a_refund_that_mollie_refused_is_over_and_leaves_its_amount(world: World) -> None:
    world.mollie.fail("create_refund", MollieRefused("no", status=422))
    with pytest.raises(MollieRefused):
        refund(world, key="key-1")
    assert states(world) == ["failed"]

    assert refund(world, key="key-1").refund.state is RefundState.FAILED
    assert refund(world, key="key-2").refund.state is RefundState.REFUNDED


@pytest.mark.req("L8", "B9")
@pytest.mark.parametrize("at", range(1, 15))
def test_a_refund_cut_off_anywhere_is_given_back_once(world: World, at: int) -> None:
    world.fuse.set(at, kills=True)
    try:
        refund(world, "5.00")
    except Killed:
        world.run()
    world.fuse.set(None, kills=False)
    world.mollie._refunded.clear()  # an hour later

    assert refund(world, "5.00").refund.state is RefundState.REFUNDED
    assert given_back(world) == 500
    assert states(world) == ["refunded"]


def test_two_uncertain_refunds_of_one_amount_are_not_taken_for_one(world: World) -> None:
    refund(world, "5.00", key="key-1")
    world.mollie.fail("create_refund", MollieTimeout("slow"))
    with pytest.raises(Unavailable):
        refund(world, "5.00", key="key-2")
    with pytest.raises(Unavailable):
        refund(world, "5.00", key="key-2")  # Mollie takes it for the first one again, within the hour

    assert states(world) == ["refunded", "uncertain"]
    assert given_back(world) == 500


# --- at once ----------------------------------------------------------------------------------------------------------


@pytest.mark.req("L8")
def test_two_requests_at_once_never_give_back_more_than_was_paid(world: World) -> None:
    refused: list[str] = []

    def another_asks(request: MollieRequest) -> None:
        if request.call == "create_refund":
            world.mollie.before = None
            with pytest.raises(InvalidRequest) as raised:
                refund(world, "10.00", key="key-2")
            refused.append(str(raised.value))

    world.mollie.before = another_asks
    refund(world, "10.00", key="key-1")

    assert len(refused) == 1
    assert given_back(world) == 1000


@pytest.mark.req("L8")
def test_two_requests_with_one_key_at_once_give_back_once(world: World) -> None:
    def the_same_again(request: MollieRequest) -> None:
        if request.call == "create_refund":
            world.mollie.before = None
            refund(world, "5.00")

    world.mollie.before = the_same_again
    refund(world, "5.00")

    assert given_back(world) == 500
    assert states(world) == ["refunded"]


@pytest.mark.req("L8")
def test_a_slow_loser_does_not_undo_what_is_known_of_a_refund(world: World) -> None:
    """Two requests with one key: the first is through when the second is told that nobody knows."""

    def the_same_again(request: MollieRequest) -> None:
        if request.call == "create_refund":
            world.mollie.before = None
            refund(world, "5.00")

    world.mollie.before = the_same_again
    world.mollie.fail("create_refund", MollieTimeout("slow"))
    with pytest.raises(Unavailable):
        refund(world, "5.00")

    assert states(world) == ["refunded"]
    assert refunds(world)[0].mollie_refund_id is not None
