"""One payment by its id: bound to its transaction at most once, released, confirmed once."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bridge.domain.errors import Conflict, MollieTimeout, PaymentNotFound
from bridge.services.answers import Action
from tests.unit.builders import CART, PRICE, checkout
from tests.unit.world import World


def bind(world: World, payment_id: str, transaction_id: str | None = "tr_1", url: str | None = None) -> str | None:
    return world.services.payments.bind(payment_id, transaction_id=transaction_id, checkout_url=url).status


# --- bind -------------------------------------------------------------------------------------------------------------


@pytest.mark.req("P12")
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("reserved", "open"),
        ("uncertain", "open"),
        ("released", "open"),
        ("superseded", "superseded"),
    ],
)
def test_an_attempt_without_a_transaction_is_bound(world: World, before: str, after: str) -> None:
    world.add_attempt(None, before, attempt_id="mine")

    assert bind(world, "mine", url=checkout("tr_1")) == after
    assert world.attempt("tr_1").checkout_url == checkout("tr_1")
    assert [entry.event for entry in world.ledger.trail] == ["payment.bound"]


def test_a_released_attempt_gives_way_to_the_one_that_came_after(world: World) -> None:
    world.add_attempt(None, "released", attempt_id="mine")
    world.add_attempt("tr_2", "open")

    assert bind(world, "mine") == "superseded"
    assert world.state.live_attempt_id == "attempt-tr_2"


def test_the_same_transaction_again_changes_nothing(world: World) -> None:
    world.add_attempt("tr_1", "paid", attempt_id="mine")

    assert bind(world, "mine") == "paid"
    assert world.ledger.trail == ()


def test_the_page_may_be_told_later(world: World) -> None:
    world.add_attempt(None, "reserved", attempt_id="mine")
    bind(world, "mine")
    bind(world, "mine", url=checkout("tr_1"))

    assert world.attempt("tr_1").checkout_url == checkout("tr_1")


def test_another_transaction_is_a_conflict(world: World) -> None:
    world.add_attempt("tr_1", "open", attempt_id="mine")

    with pytest.raises(Conflict):
        bind(world, "mine", "tr_2")
    assert world.states() == {"tr_1": "open"}


def test_another_attempts_transaction_is_a_conflict(world: World) -> None:
    world.add_attempt("tr_1", "superseded")
    world.add_attempt(None, "reserved", attempt_id="mine")

    with pytest.raises(Conflict):
        bind(world, "mine", "tr_1")
    assert world.states() == {"tr_1": "superseded", None: "reserved"}


def test_without_a_transaction_the_modules_row_is_taken(world: World) -> None:
    world.add_attempt("tr_old", "superseded", attempt_id="old")
    world.shop.add_payment(CART, "tr_ancient", age=timedelta(hours=1))
    world.shop.add_payment(CART, "tr_old", age=timedelta(seconds=30))
    world.add_attempt(None, "reserved", attempt_id="mine")
    world.shop.add_payment(CART, "tr_1")

    assert bind(world, "mine", None) == "open"
    assert world.attempt("tr_1").id == "mine"


def test_an_older_row_is_not_taken_for_the_attempts_own(world: World) -> None:
    world.shop.add_payment(CART, "tr_ancient", age=timedelta(hours=1))
    world.add_attempt(None, "reserved", attempt_id="mine")

    with pytest.raises(Conflict, match="name the transaction_id"):
        bind(world, "mine", None)


def test_a_late_look_up_does_not_take_the_row_of_the_next_attempt(world: World) -> None:
    """The first reservation was given up after a minute; the row that is there now is the second one's."""
    world.add_attempt(None, "released", attempt_id="first", age=timedelta(minutes=5))
    world.add_attempt(None, "reserved", attempt_id="second", age=timedelta(seconds=10))
    world.shop.add_payment(CART, "tr_2", age=timedelta(seconds=5))

    with pytest.raises(Conflict):
        bind(world, "first", None)
    assert bind(world, "second", None) == "open"


@pytest.mark.parametrize("call", ["get", "bind", "release", "confirm"])
def test_an_unknown_payment_is_not_found(world: World, call: str) -> None:
    payments = world.services.payments
    calls = {
        "get": lambda: payments.get("nobody"),
        "bind": lambda: payments.bind("nobody", transaction_id="tr_1", checkout_url=None),
        "release": lambda: payments.release("nobody", reason=None),
        "confirm": lambda: payments.confirm("nobody", transaction_id="tr_1"),
    }
    with pytest.raises(PaymentNotFound):
        calls[call]()


# --- release ----------------------------------------------------------------------------------------------------------


@pytest.mark.req("P1")
def test_a_reservation_is_released_with_its_reason(world: World) -> None:
    world.add_attempt(None, "reserved", attempt_id="mine")

    answer = world.services.payments.release("mine", reason="the module failed")

    assert (answer.status, world.state.live_attempt_id) == ("released", None)
    assert world.audited("payment.released") == [{"reason": "the module failed"}]


@pytest.mark.parametrize("state", ["open", "pending", "paid", "held", "superseded", "uncertain"])
def test_what_has_a_page_or_may_have_one_is_not_released(world: World, state: str) -> None:
    world.add_attempt("tr_1", state, attempt_id="mine")

    assert world.services.payments.release("mine", reason=None).status == state


# --- confirm ----------------------------------------------------------------------------------------------------------


@pytest.mark.req("L7")
def test_a_confirmation_settles_the_cart_once(world: World) -> None:
    world.add_payment("tr_1", "paid")

    first = world.services.payments.confirm("attempt-tr_1", transaction_id="tr_1")
    again = world.services.payments.confirm("attempt-tr_1", transaction_id="tr_1")

    assert (first.is_new, first.has_order, first.mismatches) == (True, True, ())
    assert (first.invoice_number, first.message) == (1, "Confirmed")
    assert (again.is_new, again.message, again.order_id) == (False, "Confirmed already", first.order_id)
    assert world.told == ["tr_1"]


@pytest.mark.req("L7")
def test_a_confirmation_is_verified_against_mollie(world: World) -> None:
    world.add_payment("tr_1", "open")

    answer = world.services.payments.confirm("attempt-tr_1", transaction_id="tr_1")

    assert (answer.is_new, answer.message) == (False, "Not confirmed: Mollie says open")
    assert world.state.settled_transaction_id is None


@pytest.mark.req("L7")
def test_a_confirmation_says_what_does_not_fit(world: World) -> None:
    world.add_payment("tr_1", "paid")
    world.webhook.work = None

    answer = world.services.payments.confirm("attempt-tr_1", transaction_id="tr_1")

    assert answer.mismatches == ("no order for the cart",)


@pytest.mark.req("L7", "B4")
def test_a_surplus_payment_is_not_confirmed(world: World) -> None:
    world.add_payment("tr_1", "paid")
    world.add_payment("tr_2", "paid", state="superseded")
    world.deliver("tr_1")

    answer = world.services.payments.confirm("attempt-tr_2", transaction_id="tr_2")

    assert not answer.is_new
    assert world.told == ["tr_1"]


def test_a_confirmation_binds_a_payment_that_was_not_bound(world: World) -> None:
    world.add_attempt(None, "reserved", attempt_id="mine")
    world.add_payment("tr_1", "paid", state=None)

    assert world.services.payments.confirm("mine", transaction_id="tr_1").is_new
    assert world.attempt("tr_1").id == "mine"


def test_another_transaction_can_not_confirm_a_payment(world: World) -> None:
    world.add_payment("tr_1", "open")
    world.add_payment("tr_2", "paid", state=None)

    with pytest.raises(Conflict):
        world.services.payments.confirm("attempt-tr_1", transaction_id="tr_2")
    assert world.state.settled_transaction_id is None


def test_a_confirmation_without_mollie_is_left_to_the_inbox(world: World) -> None:
    world.add_payment("tr_1", "paid")
    world.mollie.fail("find_payment", MollieTimeout("slow"))

    answer = world.services.payments.confirm("attempt-tr_1", transaction_id="tr_1")

    assert not answer.is_new
    world.work_off()
    assert world.state.settled_transaction_id == "tr_1"


# --- looking ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "action"),
    [
        ("open", Action.RESUME),
        ("paid", Action.WAIT_FOR_ORDER),
        ("held", Action.WAIT_FOR_ORDER),
        ("superseded", Action.NONE),
        ("expired", Action.NONE),
        ("refunded", Action.NONE),
    ],
)
@pytest.mark.req("L5")
def test_a_payment_is_told_with_what_to_do(world: World, state: str, action: Action) -> None:
    world.add_attempt("tr_1", state, attempt_id="mine")

    answer = world.services.payments.get("mine")

    assert (answer.action, answer.status, answer.is_new) == (action, state, False)


def test_the_carts_payment_is_the_settling_one_then_the_live_one_then_the_newest(world: World) -> None:
    def transaction() -> str | None:
        answer = world.services.payments.find_of_cart(CART)
        return answer.transaction_id if answer else None

    assert transaction() is None
    world.add_attempt("tr_1", "expired", age=timedelta(minutes=3))
    world.add_attempt("tr_2", "superseded", age=timedelta(minutes=2))
    assert transaction() == "tr_2"
    world.add_payment("tr_3", "paid", state=None)
    world.add_attempt("tr_4", "open", age=timedelta(minutes=4))
    assert transaction() == "tr_4"
    world.deliver("tr_3")
    assert transaction() == "tr_3"
    assert world.attempt("tr_3").charged == PRICE
