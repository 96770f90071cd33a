"""May this cart be paid, and what stands in the way? Looking changes nothing; expiring ends only what is dead."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bridge.domain.errors import CartNotFound, LeaseLost, LockTimeout, MollieUnavailable
from bridge.services.answers import Action
from bridge.services.deduplication import CanPay
from tests.fakes.mollie import MollieRequest
from tests.unit.builders import CART, OTHER_PRICE, PRICE, a_request, checkout
from tests.unit.world import World


def can_pay(world: World, **named: object) -> CanPay:
    return world.services.deduplication.can_create_payment(CART, **named)  # type: ignore[arg-type]


def action_of(found: CanPay) -> Action | None:
    return found.answer.action if found.answer else None


# --- can_create_payment, get_pending_payment_for_cart -----------------------------------------------------------------


@pytest.mark.req("P4")
def test_a_free_cart_may_be_paid(world: World) -> None:
    assert can_pay(world) == CanPay(allowed=True, answer=None)
    assert world.services.deduplication.get_pending_payment_for_cart(CART) is None
    assert world.mollie.requests == []


@pytest.mark.req("P4")
def test_orders_go_before_payments_and_paid_before_open_ones(world: World) -> None:
    world.add_payment("tr_1", "open")
    assert action_of(can_pay(world)) is Action.RESUME
    world.mollie.pay("tr_1")
    assert action_of(can_pay(world)) is Action.WAIT_FOR_ORDER
    world.shop.add_order(CART)
    assert action_of(can_pay(world)) is Action.SHOW_ORDER


@pytest.mark.req("P4", "B2")
def test_the_pending_payment_of_a_cart_is_found_with_its_page(world: World) -> None:
    world.add_payment("tr_1", "open", state=None)

    answer = world.services.deduplication.get_pending_payment_for_cart(CART)

    assert answer is not None
    assert (answer.transaction_id, answer.checkout_url) == ("tr_1", checkout("tr_1"))


@pytest.mark.req("P4")
@pytest.mark.parametrize("money", [None, PRICE, OTHER_PRICE])
def test_a_reservation_is_in_progress_for_any_amount(world: World, money: object) -> None:
    world.services.initiation.initiate(a_request())

    assert action_of(can_pay(world, money=money)) is Action.RETRY_LATER


@pytest.mark.req("P4")
def test_without_an_amount_any_open_payment_stands_in_the_way(world: World) -> None:
    world.add_payment("tr_1", "open", money=OTHER_PRICE)

    assert not can_pay(world).allowed
    assert not can_pay(world, money=OTHER_PRICE).allowed
    assert can_pay(world, money=PRICE).allowed, "a changed cart supersedes it"


@pytest.mark.req("P4", "B2")
@pytest.mark.parametrize("status", ["canceled", "expired", "failed"])
def test_a_dead_payment_does_not_stand_in_the_way(world: World, status: str) -> None:
    world.add_payment("tr_1", status)

    assert can_pay(world).allowed


@pytest.mark.req("P4")
@pytest.mark.parametrize(("minutes", "allowed"), [(28, False), (29, True)])
def test_without_mollie_the_time_limit_decides(world: World, minutes: int, allowed: bool) -> None:
    world.add_payment("tr_1", "open")  # a minute old
    world.clock.advance(minutes=minutes)
    world.mollie.fail_always("find_payment", MollieUnavailable("down"))

    found = can_pay(world)

    assert found.allowed is allowed
    assert found.answer is None or found.answer.guess


def test_looking_writes_nothing(world: World) -> None:
    world.add_payment("tr_1", "expired")
    world.add_payment("tr_2", "open", state=None)
    before = world.ledger.transactions
    can_pay(world)

    assert world.ledger.transactions == before
    assert world.states() == {"tr_1": "open"}
    assert world.ledger.trail == ()


def test_looking_needs_no_lock(world: World) -> None:
    world.add_payment("tr_1", "open")
    with world.services.leases.locked(CART, purpose="test"):
        assert action_of(can_pay(world)) is Action.RESUME


def test_a_cart_that_the_shop_does_not_have_is_not_found(world: World) -> None:
    world.shop._carts.clear()
    with pytest.raises(CartNotFound):
        can_pay(world)


# --- cancel_expired_payments ------------------------------------------------------------------------------------------


def expire(world: World) -> tuple[str, ...]:
    return world.services.deduplication.cancel_expired_payments(CART)


@pytest.mark.req("P4", "B2")
@pytest.mark.parametrize("status", ["canceled", "expired", "failed"])
def test_what_is_dead_at_mollie_is_ended(world: World, status: str) -> None:
    world.add_payment("tr_1", status)

    assert expire(world) == ("attempt-tr_1",)
    assert world.states() == {"tr_1": status}
    assert world.state.live_attempt_id is None
    assert [entry.event for entry in world.ledger.trail] == ["payment.expired"]


@pytest.mark.req("P4", "B2")
@pytest.mark.parametrize("status", ["open", "pending", "paid", "authorized"])
def test_what_can_be_paid_or_was_is_never_ended_by_the_clock(world: World, status: str) -> None:
    world.add_payment("tr_1", status)
    world.clock.advance(hours=500)

    assert expire(world) == ()
    assert world.attempt("tr_1").is_live


def test_nothing_is_ended_while_mollie_is_silent(world: World) -> None:
    world.add_payment("tr_1", "expired")
    world.mollie.fail_always("find_payment", MollieUnavailable("down"))
    world.clock.advance(hours=500)

    assert expire(world) == ()
    assert world.states() == {"tr_1": "open"}


@pytest.mark.req("P4")
@pytest.mark.parametrize(("seconds", "ended"), [(59, 0), (60, 1)])
def test_a_reservation_that_nothing_came_of_is_ended_after_its_lifetime(world: World, seconds: int, ended: int) -> None:
    world.services.initiation.initiate(a_request())
    world.clock.advance(seconds=seconds)

    assert len(expire(world)) == ended
    assert [attempt.state for attempt in world.attempts] == ["released" if ended else "reserved"]


@pytest.mark.req("B9")
@pytest.mark.parametrize(("minutes", "ended"), [(54, 0), (55, 1)])
def test_an_uncertain_creation_is_kept_as_long_as_its_key(world: World, minutes: int, ended: int) -> None:
    world.add_attempt(None, "uncertain", attempt_id="mine", mollie_key="key", age=timedelta(minutes=minutes))

    assert len(expire(world)) == ended


def test_a_payment_whose_binding_was_lost_is_not_released(world: World) -> None:
    """The module made the payment, and its row is there: it can be paid, and must not be forgotten."""
    world.services.initiation.initiate(a_request())
    world.add_payment("tr_1", "open", state=None)
    world.clock.advance(seconds=60)

    expire(world)

    answer = world.services.initiation.initiate(a_request("key-2"))
    assert (answer.action, answer.transaction_id) == (Action.RESUME, "tr_1")


def test_nothing_is_ended_under_somebody_elses_lock(world: World) -> None:
    world.add_payment("tr_1", "expired")
    with world.services.leases.locked(CART, purpose="test"), pytest.raises(LockTimeout):
        expire(world)
    assert world.states() == {"tr_1": "open"}


@pytest.mark.req("B8")
def test_nothing_is_ended_once_the_lock_was_lost(world: World) -> None:
    world.add_payment("tr_1", "expired")

    def another_takes_the_cart(_: MollieRequest) -> None:
        world.raise_fence()

    world.mollie.before = another_takes_the_cart
    with pytest.raises(LeaseLost):
        expire(world)
    assert world.states() == {"tr_1": "open"}
