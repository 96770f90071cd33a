"""Releases that Mollie took and does not make: the money stays reserved, and somebody has to know."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bridge.domain.errors import MollieRefused, MollieTimeout, StoreDown
from bridge.domain.records import Refund, RefundKind, RefundState
from tests.unit.money_back import given_back, notices, paid_twice, refunds_of, sent, states_of
from tests.unit.world import Killed, World

S = RefundState


@pytest.fixture
def world() -> Iterator[World]:
    """`tr_2` (14.40) is authorised for a cart that is paid; Mollie took its release and has not made it."""
    made = taken()
    yield made
    made.close()


def taken() -> World:
    made = paid_twice("refund", status="authorized")
    made.mollie.keeps_reserved = True
    made.services.refunds.work_due()
    assert states_of(made) == ["refunded"]
    return made


def release(world: World) -> Refund:
    return refunds_of(world)[0]


def sweep(world: World) -> int:
    """A pass of the janitor's; how many refunds it looked after."""
    done = world.services.janitor.sweep()
    assert done is not None
    return done.refunds


def go_on(world: World) -> None:
    """What is due is done, in the order in which the program does it at worst: the queue before the inbox."""
    sweep(world)
    world.services.refunds.work_due()
    world.work_due()


def told(world: World) -> list[str]:
    return [notice.kind.value for notice in notices(world)]


def row(world: World) -> str:
    found = world.shop.find_payment("tr_2")
    assert found is not None
    return found.bank_status


@pytest.mark.req("P3", "B9")
def test_one_that_is_not_made_in_its_time_is_told_once_and_asked_for_again(world: World) -> None:
    world.clock.advance(hours=5)
    assert sweep(world) == 0
    world.clock.advance(hours=1)
    go_on(world)

    assert states_of(world) == ["uncertain"]
    assert release(world).last_error == "Mollie took the release, and the money is still reserved"
    assert (world.attempt("tr_2").state, row(world)) == ("surplus", "authorized")
    assert sent(world) == ["release_authorization"] * 2
    keys = {request.key for request in world.mollie.requests_of("release_authorization")}
    assert keys == {release(world).key}

    for _ in range(40):
        world.clock.advance(hours=1)
        go_on(world)
    assert told(world) == ["surplus", "release_undone"]
    assert len(sent(world)) == 2 + 40 // 6
    assert states_of(world) == ["uncertain"]
    assert release(world).id in [refund.id for refund in world.services.refunds.for_a_person()]


@pytest.mark.req("P3", "B9")
@pytest.mark.parametrize("status", ["canceled", "expired"])
def test_it_is_let_go_of_when_the_payment_ends_at_last(world: World, status: str) -> None:
    world.clock.advance(hours=6)
    go_on(world)
    world.mollie.set("tr_2", status)
    world.clock.advance(hours=6)
    go_on(world)

    assert states_of(world) == ["refunded"]
    assert release(world).next_try_at is None
    assert world.attempt("tr_2").state == "refunded"
    assert len(sent(world)) == 2


@pytest.mark.req("P3", "B9")
def test_one_that_is_made_though_nobody_said_so_is_asked_about_once(world: World) -> None:
    """Mollie's webhook was lost."""
    world.mollie.set("tr_2", "canceled")
    world.mollie.requests.clear()
    world.clock.advance(hours=6)
    assert sweep(world) == 1
    world.work_off()
    world.clock.advance(hours=48)
    assert sweep(world) == 0

    assert states_of(world) == ["refunded"]
    assert row(world) == "canceled"
    assert told(world) == ["surplus"]


@pytest.mark.req("P3")
def test_one_of_which_mollie_brings_the_news_is_not_asked_about(world: World) -> None:
    world.mollie.set("tr_2", "canceled")
    world.deliver("tr_2")
    world.clock.advance(hours=48)

    assert sweep(world) == 0
    assert states_of(world) == ["refunded"]
    assert release(world).next_try_at is None


@pytest.mark.req("P3", "L8")
@pytest.mark.parametrize("announced", [True, False])
@pytest.mark.parametrize("doubted", [True, False])
def test_money_that_was_captured_after_all_is_refunded(world: World, *, doubted: bool, announced: bool) -> None:
    if doubted:
        world.clock.advance(hours=6)
        go_on(world)
    world.mollie.set("tr_2", "paid")
    if announced:
        world.deliver("tr_2")
    for _ in range(3):
        world.clock.advance(hours=6)
        go_on(world)
        go_on(world)

    assert [(each.kind, each.state) for each in refunds_of(world)] == [
        (RefundKind.RELEASE, S.DROPPED),
        (RefundKind.REFUND, S.REFUNDED),
    ]
    assert given_back(world) == 1440


@pytest.mark.req("P3", "L8")
def test_of_money_that_was_captured_in_part_the_part_is_refunded(world: World) -> None:
    """5.00 of 14.40 were captured, the rest was let go of: the payment is paid, and 5.00 are surplus."""
    world.mollie.excess = 2500
    world.mollie.set("tr_2", "paid", captured=500)
    world.clock.advance(hours=6)
    go_on(world)
    go_on(world)

    assert [(each.kind, each.state, each.money.value) for each in refunds_of(world)] == [
        (RefundKind.RELEASE, S.REFUNDED, "14.40"),
        (RefundKind.REFUND, S.REFUNDED, "5.00"),
    ]
    assert given_back(world) == 500
    world.deliver("tr_2")
    assert world.attempt("tr_2").state == "refunded"


@pytest.mark.req("P3", "B9")
def test_a_refusal_of_the_second_request_is_no_end(world: World) -> None:
    """Mollie may be at work on the first."""
    world.mollie.fail("release_authorization", MollieRefused("a release is under way", status=422))
    world.clock.advance(hours=6)
    go_on(world)
    assert states_of(world) == ["uncertain"]
    assert "a release is under way" in (release(world).last_error or "")
    world.clock.advance(hours=5)
    assert world.services.refunds.work_due() == 0

    world.mollie.set("tr_2", "canceled")
    world.clock.advance(hours=1)
    go_on(world)
    assert states_of(world) == ["refunded"]
    assert told(world) == ["surplus", "release_undone"]


@pytest.mark.req("P3", "B9")
def test_a_mollie_that_does_not_answer_the_second_request_is_asked_again_soon(world: World) -> None:
    world.mollie.fail("release_authorization", MollieTimeout("slow"), times=8)
    world.clock.advance(hours=6)
    for _ in range(10):
        go_on(world)
        world.clock.advance(hours=1)

    assert states_of(world) == ["uncertain"]
    assert told(world) == ["surplus", "release_undone"]


@pytest.mark.req("P3", "B8")
def test_a_cart_that_nobody_settles_any_more_does_not_take_what_is_let_go_of() -> None:
    """The first payment gave way, and the release of the second one is still not made: it is held, not settled."""
    world = taken()
    world.shop._orders.clear()
    world.mollie.set("tr_1", "paid", refunded=1440)
    world.deliver("tr_1")
    assert world.state.settled_transaction_id is None
    world.clock.advance(hours=6)
    go_on(world)
    go_on(world)
    assert (states_of(world), world.attempt("tr_2").state) == (["uncertain"], "held")

    world.mollie.set("tr_2", "canceled")
    world.clock.advance(hours=6)
    go_on(world)
    world.work_off()
    assert (states_of(world), world.attempt("tr_2").state) == (["refunded"], "refunded")
    world.close()


@pytest.mark.slow
@pytest.mark.req("B8", "B9")
@pytest.mark.parametrize("kills", [True, False])
def test_a_doubt_that_breaks_off_anywhere_comes_to_the_same(*, kills: bool) -> None:
    for at in range(1, 60):
        world = taken()
        world.clock.advance(hours=6)
        world.fuse.set(at, kills=kills)
        try:
            go_on(world)
        except Killed:
            world.run()
        except StoreDown:
            pass
        world.fuse.set(None, kills=False)
        for _ in range(3):
            world.clock.advance(hours=1)
            go_on(world)
        world.work_off()
        assert states_of(world) == ["uncertain"], f"at crossing {at}"
        assert world.attempt("tr_2").state == "surplus", f"at crossing {at}"
        world.mollie.set("tr_2", "canceled")
        for _ in range(3):
            world.clock.advance(hours=6)
            go_on(world)
        world.work_off()
        assert states_of(world) == ["refunded"], f"at crossing {at}"
        assert told(world) == ["surplus", "release_undone"], f"at crossing {at}"
        world.close()
