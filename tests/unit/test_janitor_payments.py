"""The janitor asks about payments that nobody tells it of: all of them in turn, no more at once than it may."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bridge.domain.attempt import Attempt, AttemptState
from bridge.domain.cart import OrderPhase
from bridge.domain.errors import BridgeError, MollieError, MollieRefused, MollieUnauthorized, MollieUnavailable
from bridge.domain.records import AuditEntry
from bridge.services.janitor import Sweep
from bridge.services.settings import GateLimits, JanitorLimits
from tests.fakes.mollie import MollieRequest
from tests.fakes.services import Limits
from tests.unit.builders import CART, an_attempt
from tests.unit.world import World

S = AttemptState


def sweep(world: World) -> Sweep:
    """A pass that is this process's own."""
    done = world.services.janitor.sweep()
    assert done is not None
    return done


def janitor_asks(world: World) -> list[str | None]:
    """What a pass asks Mollie about."""
    world.mollie.requests.clear()
    sweep(world)
    return world.asked


def work_off(world: World) -> None:
    world.services.inbox.work_due()


# --- payments that nobody told about ----------------------------------------------------------------------------------


@pytest.mark.req("B15")
def test_a_paid_payment_whose_webhook_never_came_is_settled(world: World) -> None:
    world.add_payment("tr_1", "paid")
    world.clock.advance(minutes=30)

    assert sweep(world).payments == 1
    work_off(world)

    assert world.state.order_phase is OrderPhase.DONE
    assert world.audited("settlement.decided") == [{"decision": "Settle", "source": "janitor"}]


@pytest.mark.req("B15")
@pytest.mark.parametrize("status", ["canceled", "expired", "failed"])
def test_a_payment_that_ended_unseen_is_closed(world: World, status: str) -> None:
    world.add_payment("tr_1", status)
    world.clock.advance(minutes=30)
    sweep(world)
    work_off(world)

    assert world.states() == {"tr_1": status}


@pytest.mark.req("B15")
@pytest.mark.parametrize("state", ["open", "pending", "superseded"])
def test_money_of_any_page_that_is_still_there_is_found(world: World, state: str) -> None:
    world.add_payment("tr_1", "paid", state=state)
    world.clock.advance(minutes=30)
    sweep(world)
    work_off(world)

    assert world.state.settled_transaction_id == "tr_1"


@pytest.mark.req("B15")
@pytest.mark.parametrize("state", ["paid", "surplus", "held", "canceled", "expired", "failed", "released", "refunded"])
def test_what_is_over_or_known_is_not_asked_about(world: World, state: str) -> None:
    world.add_payment("tr_1", "paid", state=state)
    world.clock.advance(hours=3)

    assert janitor_asks(world) == []


@pytest.mark.req("B15")
def test_a_young_payment_is_left_alone_until_it_is_silent(world: World) -> None:
    """It was made a minute before the clock begins."""
    world.add_payment("tr_1")
    world.clock.advance(minutes=28, seconds=59)
    assert janitor_asks(world) == []

    world.clock.advance(seconds=1)
    assert janitor_asks(world) == ["tr_1"]


@pytest.mark.req("B15")
def test_a_payment_past_its_expiry_is_asked_about_sooner(world: World) -> None:
    world.add_payment("tr_1", state=None)
    attempt = world.add_attempt("tr_1")
    expires_at = world.clock.now() + timedelta(minutes=4)
    world.ledger.in_cart(CART, lambda tx: tx.save_attempt(replace(attempt, expires_at=expires_at)))
    world.clock.advance(minutes=3, seconds=59)
    assert janitor_asks(world) == []

    world.clock.advance(minutes=1)
    assert janitor_asks(world) == ["tr_1"]


@pytest.mark.req("B15")
def test_a_payment_older_than_a_month_is_given_up(world: World) -> None:
    world.add_payment("tr_1")
    world.clock.advance(timedelta(days=30))

    assert janitor_asks(world) == []


@pytest.mark.req("B15")
def test_an_open_payment_is_asked_about_once_in_a_while(world: World) -> None:
    world.add_payment("tr_1")
    world.clock.advance(minutes=30)
    assert janitor_asks(world) == ["tr_1"]
    assert janitor_asks(world) == []
    world.clock.advance(minutes=29)
    assert janitor_asks(world) == []

    world.clock.advance(minutes=1)
    assert janitor_asks(world) == ["tr_1"]
    assert world.states() == {"tr_1": "open"}


def other_carts(world: World, count: int, *, shop_id: int = 1, first: int = 100) -> list[str]:
    """Carts with an open payment each, one older than the next."""
    ids = []
    for number in range(count):
        cart = world.shop.add_cart(first + number, shop_id=shop_id)
        transaction_id = f"tr_{first + number}"
        world.mollie.add(transaction_id, cart_id=cart.cart_id)
        at = world.clock.now() - timedelta(minutes=count - number)
        made = an_attempt(S.OPEN, transaction_id, attempt_id=f"attempt-{transaction_id}")
        add(world, replace(made, cart=cart, created_at=at, updated_at=at))
        ids.append(transaction_id)
    return ids


def add(world: World, attempt: Attempt) -> None:
    world.ledger.in_cart(attempt.cart, lambda tx: tx.add_attempt(attempt))


def few_checks(checks: int) -> World:
    return World(Limits(gate=GateLimits(), janitor=JanitorLimits(checks=checks)))


@pytest.mark.req("B15")
def test_no_more_is_asked_than_a_pass_may_and_everybody_has_his_turn() -> None:
    world = few_checks(3)
    ids = other_carts(world, 7)
    world.clock.advance(hours=1)

    turns = [janitor_asks(world) for _ in range(4)]

    assert [len(turn) for turn in turns] == [3, 3, 1, 0]
    assert [each for turn in turns for each in turn] == ids
    world.close()


@pytest.mark.req("B15", "B9")
@pytest.mark.parametrize(
    "error", [MollieUnauthorized("401"), MollieRefused("403", status=403), MollieError("nonsense")]
)
def test_payments_that_can_never_be_asked_about_do_not_take_every_turn(error: BridgeError) -> None:
    """A shop without a key, with more silent payments than a pass may ask about, all older than the others."""
    world = few_checks(3)
    other_carts(world, 5, shop_id=2)
    world.add_payment("tr_1", "paid")
    world.accounts.by_shop[2] = type(world.mollie)()
    world.accounts.by_shop[2].fail_always("find_payment", error)
    world.clock.advance(hours=1)

    for _ in range(2):
        sweep(world)
    work_off(world)

    assert world.state.settled_transaction_id == "tr_1"
    world.close()


@pytest.mark.req("B15", "B9")
def test_a_shop_without_a_key_does_not_keep_the_others_from_their_turn() -> None:
    world = few_checks(3)
    other_carts(world, 5, shop_id=2)
    world.add_payment("tr_1", "paid")
    world.accounts.closed.add(2)
    world.clock.advance(hours=1)

    assert sweep(world).payments == 0
    assert sweep(world).payments == 1
    work_off(world)
    assert world.state.settled_transaction_id == "tr_1"
    world.close()


@pytest.mark.req("B9")
def test_a_mollie_that_is_down_ends_the_asking_and_not_the_pass() -> None:
    world = few_checks(10)
    other_carts(world, 5)
    world.ledger.audit(AuditEntry(at=world.clock.now() - timedelta(days=500), event="old"))
    world.clock.advance(hours=1)
    world.mollie.fail_always("find_payment", MollieUnavailable("down"))

    done = sweep(world)

    assert done.failed == ("payments",)
    assert len(world.asked) == 1
    assert done.removed == 1
    world.close()


def test_a_slow_mollie_does_not_make_a_pass_longer_than_its_task_is_held() -> None:
    world = few_checks(50)
    other_carts(world, 20)
    world.clock.advance(hours=1)

    def slow(_: MollieRequest) -> None:
        world.clock.advance(seconds=40)

    world.mollie.before = slow
    sweep(world)

    assert len(world.asked) == 4
    world.close()


@pytest.mark.req("B15")
def test_a_payment_that_mollie_does_not_know_is_asked_about_in_turn(world: World) -> None:
    world.add_payment("tr_1", state="superseded")
    del world.mollie.payments["tr_1"]
    world.clock.advance(hours=1)
    assert janitor_asks(world) == ["tr_1"]
    assert janitor_asks(world) == []


@pytest.mark.req("B15", "B4")
def test_a_cart_that_is_being_worked_on_does_not_stop_the_pass(world: World) -> None:
    world.add_payment("tr_1")
    del world.mollie.payments["tr_1"]
    ids = other_carts(world, 1)
    world.clock.advance(hours=1)
    assert world.services.leases.take(CART, purpose="caller:x", timeout=0, keep=False) is not None

    done = sweep(world)

    assert done.failed == ()
    assert set(world.asked) >= {"tr_1", *ids}


# --- reservations -----------------------------------------------------------------------------------------------------


@pytest.mark.req("B15")
def test_a_reservation_whose_news_was_lost_is_bound_to_the_modules_row(world: World) -> None:
    world.add_attempt(None, "reserved", attempt_id="mine", age=timedelta())
    world.add_payment("tr_1", "paid", state=None)
    world.clock.advance(minutes=5)
    assert sweep(world).payments == 1
    assert world.attempt("tr_1").id == "mine"

    world.clock.advance(minutes=30)
    sweep(world)
    work_off(world)
    assert world.state.settled_transaction_id == "tr_1"


@pytest.mark.req("B15")
def test_a_reservation_that_nothing_came_of_is_released(world: World) -> None:
    world.add_attempt(None, "reserved", attempt_id="mine", age=timedelta())
    world.clock.advance(hours=1)
    sweep(world)

    assert [attempt.state for attempt in world.attempts] == [S.RELEASED]
    assert world.mollie.requests == []


@pytest.mark.req("B15")
def test_a_reservation_is_not_bound_to_a_row_that_is_another_payments(world: World) -> None:
    world.add_payment("tr_old", "expired", state="expired")
    world.add_attempt(None, "reserved", attempt_id="mine", age=timedelta())
    world.clock.advance(hours=1)
    sweep(world)

    assert {attempt.id: attempt.transaction_id for attempt in world.attempts}["mine"] is None
