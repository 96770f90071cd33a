"""Looking after what Mollie took: asked when it can matter, and no more."""

from __future__ import annotations

import pytest

from bridge.domain.errors import MollieRefused, MollieUnavailable
from bridge.services.settings import GateLimits, JanitorLimits, RefundLimits
from tests.fakes.mollie import MollieRequest
from tests.fakes.services import Limits
from tests.unit.doubting import ask_of, end_ours, lists, ours, sweep
from tests.unit.money_back import (
    by_hand,
    pay_again,
    pay_first,
    states_of,
)
from tests.unit.world import World

# --- asked only when it can matter ------------------------------------------------------------------------------------


@pytest.mark.req("L8")
def test_much_news_of_a_payment_asks_mollie_once_in_a_while(given: World) -> None:
    for minute in range(1, 61):
        given.deliver("tr_2")
        given.clock.advance(minutes=1)
        sweep(given)
        assert lists(given) == minute // 5

    given.clock.advance(minutes=30)
    sweep(given)
    assert lists(given) == 12


@pytest.mark.req("L8")
def test_news_of_a_payment_without_a_refund_of_ours_asks_for_no_list(reporting: World) -> None:
    by_hand(reporting, "5.00")
    reporting.deliver("tr_2")
    reporting.clock.advance(hours=24)
    sweep(reporting)

    assert lists(reporting) == 0


@pytest.mark.req("L8")
def test_one_that_stands_is_looked_after_each_day_for_thirty_days_and_then_no_more(given: World) -> None:
    for _ in range(40):
        given.clock.advance(hours=24)
        sweep(given)
    given.deliver("tr_2")
    given.clock.advance(hours=24)
    sweep(given)

    assert lists(given) == 30
    assert ours(given).next_try_at is None
    assert states_of(given) == ["refunded"]


@pytest.mark.req("L8", "B9")
def test_an_account_that_can_not_be_asked_is_asked_a_day_later_and_not_for_ever(given: World) -> None:
    given.mollie.fail_always("refunds_of", MollieRefused("403", status=403))
    for _ in range(40):
        given.clock.advance(hours=24)
        assert sweep(given) == 0
        assert sweep(given) == 0

    assert lists(given) == 30
    assert states_of(given) == ["refunded"]


@pytest.mark.req("L8", "B9")
def test_one_that_could_not_be_looked_after_is_the_next_day(given: World) -> None:
    given.mollie.fail("refunds_of", MollieRefused("403", status=403))
    end_ours(given)
    for _ in range(2):
        given.clock.advance(hours=24)
        sweep(given)

    assert states_of(given) == ["failed"]


@pytest.mark.req("B9")
def test_a_mollie_that_is_down_ends_the_looks_and_not_the_pass(given: World) -> None:
    given.clock.advance(hours=24)
    given.mollie.fail("refunds_of", MollieUnavailable("down"))
    done = given.services.janitor.sweep()

    assert done is not None
    assert done.failed == ("refunds",)
    given.clock.advance(minutes=5)
    assert sweep(given) == 1


@pytest.mark.req("L8")
def test_a_pass_looks_after_no_more_than_it_may_and_each_has_its_turn() -> None:
    world = World(Limits(gate=GateLimits(), janitor=JanitorLimits(looks=2), refunds=RefundLimits()))
    pay_first(world)
    for number in range(2, 7):
        pay_again(world, transaction_id=f"tr_{number}")
        ask_of(world, f"tr_{number}")
    world.mollie.requests.clear()
    world.clock.advance(hours=24)

    assert [sweep(world) for _ in range(4)] == [2, 2, 1, 0]
    assert len({request.transaction_id for request in world.mollie.requests_of("refunds_of")}) == 5
    world.close()


@pytest.mark.req("B9")
def test_a_slow_mollie_does_not_make_a_pass_longer_than_its_task_is_held() -> None:
    world = World(Limits(gate=GateLimits()))
    pay_first(world)
    for number in range(2, 9):
        pay_again(world, transaction_id=f"tr_{number}")
        ask_of(world, f"tr_{number}")
    world.mollie.requests.clear()
    world.clock.advance(hours=24)

    def slow(_: MollieRequest) -> None:
        world.clock.advance(seconds=40)

    world.mollie.before = slow
    sweep(world)

    assert lists(world) == 2
    world.close()
