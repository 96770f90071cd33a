"""Initiating a payment while Mollie is silent, after the cart changed, or while money is held."""

from __future__ import annotations

import pytest

from bridge.domain.attempt import AttemptState
from bridge.domain.cart import OrderPhase
from bridge.domain.errors import (
    MollieError,
    MollieRefused,
    MollieTimeout,
    MollieUnavailable,
)
from bridge.services.answers import Action
from tests.fakes.mollie import MollieRequest
from tests.unit.builders import OTHER_PRICE, PRICE
from tests.unit.initiating import decisions, initiate
from tests.unit.world import World

# --- Mollie does not answer -------------------------------------------------------------------------------------------


@pytest.mark.req("P1", "P7", "L15")
@pytest.mark.parametrize(
    ("minutes", "action", "decision"), [(28, Action.RESUME, "Resume"), (30, Action.CREATE, "Proceed")]
)
def test_without_mollie_the_clock_guesses_and_the_audit_says_so(
    world: World, minutes: int, action: Action, decision: str
) -> None:
    world.add_payment("tr_1", "open")
    world.clock.advance(minutes=minutes)
    world.mollie.fail_always("find_payment", MollieUnavailable("down"))

    answer = initiate(world)

    assert (answer.action, answer.is_new) == (action, action is Action.CREATE)
    assert world.audited("initiation.decided") == [{"decision": decision, "amount": "14.40 EUR", "guess": True}]


def test_a_guess_that_let_a_payment_go_is_put_right_by_settlement(world: World) -> None:
    world.add_payment("tr_1", "open")
    world.clock.advance(minutes=31)
    world.mollie.fail_always("find_payment", MollieTimeout("slow"))
    second = initiate(world).payment_id
    world.mollie.fail_always("find_payment", None)
    assert second is not None
    world.add_payment("tr_2", "paid", state=None)
    world.services.payments.bind(second, transaction_id="tr_2", checkout_url=None)
    world.mollie.pay("tr_1")

    world.deliver("tr_1")
    world.deliver("tr_2")

    assert world.states() == {"tr_1": "paid", "tr_2": "surplus"}
    assert world.told == ["tr_1"]


def test_without_mollies_word_a_row_of_unknown_amount_is_denied(world: World) -> None:
    world.add_payment("tr_1", "open", state=None)
    world.mollie.fail_always("find_payment", MollieError("down"))

    answer = initiate(world)

    assert (answer.action, answer.guess, answer.transaction_id) == (Action.DENY, True, "tr_1")
    assert world.attempts == ()


def test_a_shop_without_a_key_guesses_as_well(world: World) -> None:
    world.add_payment("tr_1", "open")
    world.accounts.closed = {1}

    assert (initiate(world).action, initiate(world).guess) == (Action.RESUME, True)


def test_questions_share_the_time_that_the_shopper_has(world: World) -> None:
    for number in range(4):
        world.add_payment(f"tr_{number}", "open", state=None)

    def take_time(_: MollieRequest) -> None:
        world.clock.advance(seconds=0.6)

    world.mollie.before = take_time
    initiate(world)

    assert len(world.asked) == 3
    assert [request.timeout for request in world.mollie.requests] == pytest.approx([1.5, 0.9, 0.3])


# --- a changed cart ---------------------------------------------------------------------------------------------------


@pytest.mark.req("B3")
def test_a_changed_cart_cancels_the_old_payment_first(world: World) -> None:
    world.add_payment("tr_1", "open", money=OTHER_PRICE, cancelable=True)
    seen: list[str] = []

    def watch(request: MollieRequest) -> None:
        if request.call == "cancel_payment":
            seen.append(world.attempt("tr_1").state)

    world.mollie.before = watch
    answer = initiate(world)

    assert (answer.is_new, answer.action) == (True, Action.CREATE)
    assert seen == ["open"], "what is still written as open can be found again after a crash"
    assert world.states() == {"tr_1": "canceled", None: "reserved"}
    assert [request.call for request in world.mollie.requests] == ["find_payment", "cancel_payment", "find_payment"]


@pytest.mark.req("B3")
def test_a_payment_that_can_not_be_cancelled_gives_way_all_the_same(world: World) -> None:
    world.add_payment("tr_1", "open", money=OTHER_PRICE)

    assert initiate(world).is_new
    assert world.states() == {"tr_1": "superseded", None: "reserved"}
    assert world.mollie.requests_of("cancel_payment") == []
    assert decisions(world) == ["Supersede"]


@pytest.mark.req("B3", "P9")
@pytest.mark.parametrize("state", [AttemptState.OPEN, None], ids=["our own", "made without the bridge"])
def test_a_cancellation_that_takes_too_long_does_not_make_the_shopper_wait(
    world: World, state: AttemptState | None
) -> None:
    """The shim listens no longer than 2.5 s and then sells without the gate."""
    world.add_payment("tr_1", "open", money=OTHER_PRICE, cancelable=True, state=state)

    def take_all_the_time(request: MollieRequest) -> None:
        if request.call == "cancel_payment":
            world.clock.advance(seconds=request.timeout or 60.0)
            raise MollieTimeout("slow")

    world.mollie.before = take_all_the_time
    answer = initiate(world)

    assert answer.is_new
    assert world.clock.monotonic() == pytest.approx(2.2)
    assert [request.call for request in world.mollie.requests] == ["find_payment", "cancel_payment"]
    assert world.states() == {"tr_1": "superseded", None: "reserved"}
    assert decisions(world) == ["Supersede"]


@pytest.mark.req("B3")
@pytest.mark.parametrize("error", [MollieRefused("no", status=422), MollieTimeout("slow")])
def test_a_cancellation_that_fails_is_not_repeated(world: World, error: MollieError) -> None:
    world.add_payment("tr_1", "open", money=OTHER_PRICE, cancelable=True)
    world.mollie.fail("cancel_payment", error)

    assert initiate(world).is_new
    assert len(world.mollie.requests_of("cancel_payment")) == 1
    assert world.states() == {"tr_1": "superseded", None: "reserved"}


@pytest.mark.req("B2", "B3")
def test_a_payment_that_is_paid_while_it_is_cancelled_is_the_carts(world: World) -> None:
    world.add_payment("tr_1", "open", money=OTHER_PRICE, cancelable=True)

    def pay_before_the_cancellation(request: MollieRequest) -> None:
        if request.call == "cancel_payment":
            world.mollie.pay("tr_1")

    world.mollie.before = pay_before_the_cancellation
    answer = initiate(world)

    assert (answer.is_new, answer.action) == (False, Action.WAIT_FOR_ORDER)
    assert decisions(world) == ["AlreadyPaid"]
    assert len(world.attempts) == 1


def test_the_policy_may_deny_a_changed_cart(strict: World) -> None:
    strict.add_payment("tr_1", "open", money=OTHER_PRICE, cancelable=True)

    answer = initiate(strict)

    assert (answer.is_new, answer.action) == (False, Action.DENY)
    assert strict.mollie.requests_of("cancel_payment") == []


def test_a_payment_made_without_the_bridge_is_written_down_when_it_gives_way(world: World) -> None:
    world.add_payment("tr_1", "open", money=OTHER_PRICE, state=None)

    initiate(world)

    assert world.states() == {"tr_1": "superseded", None: "reserved"}
    assert world.attempt("tr_1").money == OTHER_PRICE


# --- held money -------------------------------------------------------------------------------------------------------


@pytest.mark.req("B15")
def test_held_money_settles_the_cart_when_an_initiation_finds_the_other_payment_dead(world: World) -> None:
    world.add_payment("tr_old", "paid", state="superseded")
    world.add_payment("tr_new", "open", money=OTHER_PRICE)
    world.deliver("tr_old")
    world.mollie.set("tr_new", "expired")

    assert initiate(world, money=OTHER_PRICE).action is Action.WAIT_FOR_ORDER
    world.work_off()

    assert world.state.settled_transaction_id == "tr_old"


@pytest.mark.req("B15")
def test_held_money_settles_the_cart_when_mollie_never_heard_of_the_other_payment(world: World) -> None:
    world.add_payment("tr_old", "paid", state="superseded")
    world.add_attempt("tr_new", "open", money=OTHER_PRICE)
    world.deliver("tr_old")

    initiate(world, money=OTHER_PRICE)
    world.work_off()

    assert world.state.settled_transaction_id == "tr_old"


@pytest.mark.req("B15")
def test_held_money_settles_the_cart_when_it_has_its_amount_again(world: World) -> None:
    world.add_payment("tr_old", "paid", state="superseded")
    world.add_payment("tr_new", "open", money=OTHER_PRICE)
    world.deliver("tr_old")

    assert initiate(world, money=PRICE).action is Action.WAIT_FOR_ORDER
    world.work_off()

    assert world.state.settled_transaction_id == "tr_old"
    assert world.state.order_phase is OrderPhase.DONE


def test_held_money_gives_way_to_the_open_payment_of_the_right_amount(world: World) -> None:
    world.add_payment("tr_old", "paid", state="superseded")
    world.add_payment("tr_new", "open", money=OTHER_PRICE)
    world.deliver("tr_old")

    answer = initiate(world, money=OTHER_PRICE)

    assert (answer.action, answer.transaction_id) == (Action.RESUME, "tr_new")


# --- settled, and the shop has no order yet ---------------------------------------------------------------------------


@pytest.mark.req("P1", "P3")
def test_a_settled_cart_whose_order_is_late_is_not_paid_again(world: World) -> None:
    world.add_payment("tr_1", "paid")
    world.webhook.work = None
    world.deliver("tr_1")
    world.clock.advance(hours=2)

    assert initiate(world).action is Action.WAIT_FOR_ORDER


def test_what_the_gate_lets_pass_is_never_surplus(world: World) -> None:
    """A settler that gave its money back and never became an order must not make the next payment surplus."""
    world.add_payment("tr_1", "authorized")
    world.webhook.work, work = None, world.webhook.work
    world.deliver("tr_1")
    world.webhook.work = work
    world.mollie.set("tr_1", "expired")
    world.deliver("tr_1")

    second = initiate(world)
    if second.is_new:
        assert second.payment_id is not None
        world.add_payment("tr_2", "paid", state=None)
        world.services.payments.bind(second.payment_id, transaction_id="tr_2", checkout_url=None)
        world.deliver("tr_2")
        assert world.attempt("tr_2").state == "paid"
