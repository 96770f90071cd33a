"""Initiating a payment: each decision's answer, what is written for it, and when Mollie is asked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from bridge.domain.cart import CartLease, CartRef, OrderPhase
from bridge.domain.errors import (
    CartNotFound,
    ForeignCart,
    KeyInProgress,
    KeyReused,
    LeaseLost,
    LockTimeout,
    MollieConflict,
    MollieError,
    MollieRefused,
    MollieTimeout,
    MollieUnavailable,
    StoreDown,
    Unavailable,
)
from bridge.domain.initiation import ChangedCartPolicy, GatePolicy, SameAmountPolicy
from bridge.domain.records import KeyState
from bridge.services.answers import Action, PaymentAnswer
from bridge.services.settings import GateLimits
from tests.fakes.mollie import MollieRequest
from tests.fakes.services import Limits
from tests.unit.builders import CART, OTHER_PRICE, PRICE, a_request, checkout
from tests.unit.world import Killed, World


def initiate(world: World, key: str = "key-1", **named: object) -> PaymentAnswer:
    return world.services.initiation.initiate(a_request(key, **named))  # type: ignore[arg-type]


def decisions(world: World) -> list[object]:
    return [detail["decision"] for detail in world.audited("initiation.decided")]


@pytest.fixture
def strict() -> Iterator[World]:
    """A gate whose policies block and deny."""
    policy = GatePolicy(same_amount=SameAmountPolicy.BLOCK, changed_cart=ChangedCartPolicy.DENY)
    made = World(Limits(gate=GateLimits(policy=policy)))
    yield made
    made.close()


# --- nothing in the way -----------------------------------------------------------------------------------------------


@pytest.mark.req("P1", "L5")
def test_a_free_cart_is_reserved_for_the_first_who_asks(world: World) -> None:
    answer = initiate(world)

    (attempt,) = world.attempts
    assert (answer.is_new, answer.action, answer.status) == (True, Action.CREATE, "reserved")
    assert (answer.payment_id, answer.transaction_id, answer.has_order) == (attempt.id, None, False)
    assert (attempt.state, attempt.money, attempt.customer_id) == ("reserved", PRICE, 7)
    assert world.state.live_attempt_id == attempt.id
    assert world.state.fence == 1
    assert decisions(world) == ["Proceed"]


@pytest.mark.req("P9", "B2")
def test_an_undisturbed_initiation_is_one_transaction_and_asks_nobody(world: World) -> None:
    before = world.ledger.transactions
    initiate(world)

    assert world.ledger.transactions == before + 1
    assert world.mollie.requests == []


@pytest.mark.req("L1", "L11")
def test_the_key_is_stored_with_its_payment(world: World) -> None:
    answer = initiate(world)

    record = world.ledger.in_cart(CART, lambda tx: tx.find_key("shop", "key-1", world.clock.now()))
    assert record is not None
    assert (record.state, record.attempt_id, record.status) == (KeyState.DONE, answer.payment_id, 201)
    assert record.expires_at == world.clock.now() + timedelta(seconds=300)


def test_different_carts_get_payments_of_their_own(world: World) -> None:
    other = world.shop.add_cart(43)

    first, second = initiate(world, "key-1"), initiate(world, "key-2", cart=other)

    assert first.is_new
    assert second.is_new
    assert first.payment_id != second.payment_id


# --- what is refused, with nothing written ----------------------------------------------------------------------------


def nothing_is_written(world: World, cart: CartRef = CART) -> bool:
    return world.ledger.attempts_of(cart) == () and world.ledger.trail == () and world.ledger.find_state(cart) is None


def test_a_cart_that_the_shop_does_not_have_is_not_found(world: World) -> None:
    unknown = CartRef(shop_id=1, cart_id=99)
    with pytest.raises(CartNotFound):
        initiate(world, cart=unknown)
    assert nothing_is_written(world, unknown)


def test_a_cart_of_another_shop_is_not_found(world: World) -> None:
    with pytest.raises(CartNotFound):
        initiate(world, cart=CartRef(shop_id=2, cart_id=42))


@pytest.mark.req("L6")
def test_another_customers_cart_is_refused(world: World) -> None:
    with pytest.raises(ForeignCart):
        initiate(world, customer_id=8)
    assert nothing_is_written(world)


def test_nothing_is_promised_while_the_shops_tables_can_not_be_read(world: World) -> None:
    world.shop.down = True
    with pytest.raises(StoreDown):
        initiate(world)
    assert nothing_is_written(world)


# --- keys -------------------------------------------------------------------------------------------------------------


@pytest.mark.req("L1")
def test_a_repeated_key_gets_its_payment_again_and_never_a_second_create(world: World) -> None:
    first = initiate(world)
    again = initiate(world)

    assert (again.is_new, again.payment_id) == (False, first.payment_id)
    assert again.action is Action.RETRY_LATER
    assert len(world.attempts) == 1


@pytest.mark.req("L1", "B3")
def test_a_repeated_key_gets_the_page_once_it_is_known(world: World) -> None:
    payment_id = initiate(world).payment_id
    assert payment_id is not None
    world.services.payments.bind(payment_id, transaction_id="tr_1", checkout_url=checkout("tr_1"))

    again = initiate(world)

    assert (again.action, again.checkout_url, again.transaction_id) == (Action.RESUME, checkout("tr_1"), "tr_1")


@pytest.mark.req("L1")
def test_the_same_key_for_another_amount_is_refused(world: World) -> None:
    initiate(world)
    with pytest.raises(KeyReused):
        initiate(world, money=OTHER_PRICE)
    assert len(world.attempts) == 1


@pytest.mark.req("L1")
def test_an_expired_key_is_as_new(world: World) -> None:
    initiate(world)
    world.clock.advance(seconds=300)

    assert initiate(world).is_new


def test_the_key_of_a_payment_that_ended_asks_for_a_new_key(world: World) -> None:
    payment_id = initiate(world).payment_id
    assert payment_id is not None
    world.services.payments.release(payment_id, reason=None)

    again = initiate(world)

    assert (again.action, again.is_new) == (Action.DENY, False)
    assert "new idempotency key" in again.message


def test_the_key_of_a_paid_payment_leads_to_the_order(world: World) -> None:
    payment_id = initiate(world).payment_id
    assert payment_id is not None
    world.add_payment("tr_1", "paid", state=None)
    world.services.payments.bind(payment_id, transaction_id="tr_1", checkout_url=None)
    world.deliver("tr_1")

    assert initiate(world).action is Action.SHOW_ORDER


# --- something in the way: the answers --------------------------------------------------------------------------------


@pytest.mark.req("P1", "L5")
def test_an_ordered_cart_leads_to_its_order(world: World) -> None:
    order = world.shop.add_order(CART)

    answer = initiate(world)

    assert (answer.is_new, answer.action) == (False, Action.SHOW_ORDER)
    assert (answer.order_id, answer.order_reference) == (order.order_id, order.reference)
    assert world.attempts == ()
    assert world.asked == []
    assert decisions(world) == ["AlreadyOrdered"]


@pytest.mark.req("P1", "B2")
@pytest.mark.parametrize("status", ["paid", "authorized"])
def test_a_paid_cart_waits_for_its_order(world: World, status: str) -> None:
    world.add_payment("tr_1", status)

    answer = initiate(world)

    assert (answer.is_new, answer.action, answer.transaction_id) == (False, Action.WAIT_FOR_ORDER, "tr_1")
    assert answer.checkout_url is None
    assert world.asked == ["tr_1"]
    assert decisions(world) == ["AlreadyPaid"]


@pytest.mark.req("P1", "B2", "B3")
@pytest.mark.parametrize("status", ["open", "pending"])
def test_an_open_payment_of_the_same_amount_is_resumed(world: World, status: str) -> None:
    world.add_payment("tr_1", status)

    answer = initiate(world)

    assert (answer.is_new, answer.action, answer.guess) == (False, Action.RESUME, False)
    assert (answer.transaction_id, answer.checkout_url) == ("tr_1", checkout("tr_1"))
    assert world.asked == ["tr_1"]
    assert world.states() == {"tr_1": status}
    assert decisions(world) == ["Resume"]


@pytest.mark.req("P1")
def test_the_policy_may_block_instead_of_resuming(strict: World) -> None:
    strict.add_payment("tr_1", "open")

    answer = initiate(strict)

    assert (answer.is_new, answer.action) == (False, Action.DENY)
    assert answer.message == "A payment is already in progress"


@pytest.mark.req("B2")
@pytest.mark.parametrize("status", ["canceled", "expired", "failed"])
@pytest.mark.parametrize("state", ["open", None])
def test_a_payment_that_is_dead_at_mollie_does_not_block_though_the_shops_row_says_open(
    world: World, status: str, state: str | None
) -> None:
    world.add_payment("tr_1", status, state=state)

    assert initiate(world).is_new
    assert world.shop.find_payment("tr_1").bank_status == "open"  # type: ignore[union-attr]
    assert world.states() == {"tr_1": status, None: "reserved"}


@pytest.mark.req("B2", "P9")
def test_a_dead_payment_is_asked_about_only_once(world: World) -> None:
    world.add_payment("tr_1", "expired", state=None)
    payment_id = initiate(world, "key-1").payment_id
    assert payment_id is not None
    world.services.payments.release(payment_id, reason=None)

    assert initiate(world, "key-2").is_new
    assert world.asked == ["tr_1"]


@pytest.mark.req("B2")
@pytest.mark.parametrize("state", ["open", None])
def test_a_payment_that_can_still_be_paid_is_caught_whatever_its_age(world: World, state: str | None) -> None:
    world.add_payment("tr_1", "open", state=state)
    world.clock.advance(hours=100)

    answer = initiate(world)

    assert (answer.action, answer.checkout_url) == (Action.RESUME, checkout("tr_1"))


def test_a_payment_made_without_the_bridge_is_adopted_when_it_is_resumed(world: World) -> None:
    world.add_payment("tr_1", "open", state=None)

    initiate(world)

    assert world.states() == {"tr_1": "open"}
    assert world.state.live_attempt_id == world.attempt("tr_1").id


def test_a_payment_that_mollie_does_not_know_blocks_nobody(world: World) -> None:
    world.add_attempt("tr_1", "open")

    assert initiate(world).is_new
    assert world.states() == {"tr_1": "superseded", None: "reserved"}


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


# --- another request is creating it now -------------------------------------------------------------------------------


@pytest.mark.req("P1")
def test_who_comes_second_waits_and_resumes_once_the_payment_is_bound(world: World) -> None:
    first = initiate(world, "key-1").payment_id
    assert first is not None

    def the_module_is_done() -> None:
        world.add_payment("tr_1", "open", state=None)
        world.services.payments.bind(first, transaction_id="tr_1", checkout_url=checkout("tr_1"))

    world.changes.meanwhile = the_module_is_done
    answer = initiate(world, "key-2")

    assert world.changes.waits == 1
    assert (answer.is_new, answer.action, answer.payment_id) == (False, Action.RESUME, first)
    assert answer.checkout_url == checkout("tr_1")


@pytest.mark.req("P1")
def test_who_waits_in_vain_is_told_to_come_again(world: World) -> None:
    first = initiate(world, "key-1").payment_id

    answer = initiate(world, "key-2")

    assert (answer.is_new, answer.action, answer.payment_id) == (False, Action.RETRY_LATER, first)
    assert answer.retry_after == 2.0
    assert world.clock.monotonic() == pytest.approx(2.0)
    assert len(world.attempts) == 1


def test_who_waits_may_go_on_when_the_first_gives_up(world: World) -> None:
    first = initiate(world, "key-1").payment_id
    assert first is not None
    world.changes.meanwhile = lambda: world.services.payments.release(first, reason="the module failed")

    answer = initiate(world, "key-2")

    assert (answer.is_new, answer.action) == (True, Action.CREATE)
    assert answer.payment_id != first


def test_a_caller_with_less_patience_is_answered_earlier(world: World) -> None:
    initiate(world, "key-1")

    answer = world.services.initiation.initiate(replace(a_request("key-2"), patience=0.5))

    assert answer.action is Action.RETRY_LATER
    assert world.clock.monotonic() == pytest.approx(0.5)


def test_who_finds_no_place_to_wait_is_answered_at_once(world: World) -> None:
    initiate(world, "key-1")
    with world.changes.place(CART), world.changes.place(CART), world.changes.place(CART), world.changes.place(CART):
        answer = initiate(world, "key-2")

    assert answer.action is Action.RETRY_LATER
    assert world.changes.waits == 0


def test_a_payment_whose_binding_was_lost_is_found_in_the_modules_table(world: World) -> None:
    first = initiate(world, "key-1").payment_id
    world.add_payment("tr_1", "open", state=None)

    answer = initiate(world, "key-2")

    assert (answer.action, answer.payment_id, answer.checkout_url) == (Action.RESUME, first, checkout("tr_1"))
    assert world.states() == {"tr_1": "open"}


@pytest.mark.req("B8")
def test_a_reservation_that_nothing_came_of_is_free_again_after_its_lifetime(world: World) -> None:
    initiate(world, "key-1")
    world.clock.advance(seconds=60)

    answer = initiate(world, "key-2")

    assert answer.is_new
    assert [attempt.state for attempt in world.attempts] == ["released", "reserved"]


def test_a_transaction_that_comes_after_its_reservation_was_given_on_gives_way(world: World) -> None:
    first = initiate(world, "key-1").payment_id
    world.clock.advance(seconds=60)
    initiate(world, "key-2")
    assert first is not None

    bound = world.services.payments.bind(first, transaction_id="tr_1", checkout_url=None)

    assert bound.status == "superseded"
    assert world.states() == {"tr_1": "superseded", None: "reserved"}


# --- locks and fences -------------------------------------------------------------------------------------------------


@pytest.mark.req("L3", "P10")
def test_a_cart_that_somebody_works_on_is_not_decided(world: World) -> None:
    with world.services.leases.locked(CART, purpose="test"), pytest.raises(LockTimeout) as refused:
        initiate(world)

    assert refused.value.retry_after >= 1.0
    assert world.attempts == ()


def test_behind_the_lock_a_plain_answer_needs_no_lock(world: World) -> None:
    first = initiate(world, "key-1").payment_id
    with world.services.leases.locked(CART, purpose="test"):
        answer = initiate(world, "key-2")

    assert (answer.action, answer.payment_id) == (Action.RETRY_LATER, first)


def test_behind_the_lock_another_customer_learns_nothing(world: World) -> None:
    initiate(world, "key-1")
    with world.services.leases.locked(CART, purpose="test"), pytest.raises(ForeignCart):
        initiate(world, "key-2", customer_id=8)


@pytest.mark.req("B8")
def test_a_lease_that_the_row_shows_is_respected_after_its_lock_died(world: World) -> None:
    shown = CartLease(
        token="t",
        purpose="webhook:1",
        holder="dead:1",
        taken_at=world.clock.now(),
        expires_at=world.clock.now() + timedelta(seconds=60),
    )
    world.ledger.in_cart(CART, lambda tx: tx.save_state(replace(tx.state, fence=5, lease=shown)))

    with pytest.raises(LockTimeout) as refused:
        initiate(world)
    assert refused.value.retry_after == pytest.approx(60.0)

    world.clock.advance(seconds=60)
    assert initiate(world).is_new
    assert world.state.fence == 6


@pytest.mark.req("B8")
def test_who_lost_the_lock_while_mollie_was_asked_writes_nothing(world: World) -> None:
    world.add_payment("tr_1", "expired")

    def another_takes_the_cart(request: MollieRequest) -> None:
        world.mollie.before = None
        world.ledger.in_cart(CART, lambda tx: tx.save_state(replace(tx.state, fence=tx.state.fence + 1)))

    world.mollie.before = another_takes_the_cart
    with pytest.raises(LeaseLost):
        initiate(world)

    assert world.states() == {"tr_1": "open"}
    assert decisions(world) == []


# --- the bridge creates the payment at Mollie -------------------------------------------------------------------------


@pytest.mark.req("L5", "P12")
def test_the_bridge_creates_the_payment_once_under_its_stored_key(world: World) -> None:
    answer = initiate(world, by_bridge=True)

    (request,) = world.mollie.requests_of("create_payment")
    (attempt,) = world.attempts
    assert (answer.is_new, answer.transaction_id) == (True, attempt.transaction_id)
    assert answer.checkout_url == checkout(str(attempt.transaction_id))
    assert (request.key, attempt.state) == (attempt.mollie_key, "open")
    assert request.payment is not None
    assert request.payment.metadata == {
        "order_reference": "mol_42",
        "cart_id": 42,
        "molbridge_attempt": attempt.id,
    }


@pytest.mark.req("P12")
def test_key_and_payload_are_stored_before_mollie_is_asked(world: World) -> None:
    stored: list[tuple[str, bool]] = []

    def look(request: MollieRequest) -> None:
        (attempt,) = world.attempts
        stored.append((attempt.state, attempt.mollie_key == request.key and attempt.mollie_request is not None))

    world.mollie.before = look
    initiate(world, by_bridge=True)

    assert stored == [("reserved", True)]


@pytest.mark.req("L1")
def test_the_repeat_of_a_created_payment_gets_the_same_page(world: World) -> None:
    first = initiate(world, by_bridge=True)
    again = initiate(world, by_bridge=True)

    assert (again.is_new, again.action, again.checkout_url) == (False, Action.RESUME, first.checkout_url)
    assert len(world.mollie.requests_of("create_payment")) == 1


@pytest.mark.req("L1")
def test_while_the_first_request_with_a_key_runs_the_repeat_waits(world: World) -> None:
    refused: list[type[Exception]] = []

    def repeat(request: MollieRequest) -> None:
        world.mollie.before = None
        with pytest.raises(KeyInProgress) as raised:
            initiate(world, by_bridge=True)
        refused.append(raised.type)

    world.mollie.before = repeat
    initiate(world, by_bridge=True)

    assert refused == [KeyInProgress]
    assert len(world.attempts) == 1


@pytest.mark.req("B9", "P12")
@pytest.mark.parametrize("done", [True, False])
@pytest.mark.parametrize("error", [MollieTimeout("slow"), MollieConflict("in progress")])
def test_an_uncertain_creation_is_repeated_with_the_same_key_and_payload(
    world: World, done: bool, error: MollieError
) -> None:
    world.mollie.fail("create_payment", error, done=done)
    with pytest.raises(Unavailable):
        initiate(world, by_bridge=True)
    assert [attempt.state for attempt in world.attempts] == ["uncertain"]

    answer = initiate(world, by_bridge=True)

    first, second = world.mollie.requests_of("create_payment")
    assert (first.key, first.payment) == (second.key, second.payment)
    assert (answer.is_new, answer.status) == (True, "open")
    assert len(world.mollie.payments) == 1
    assert len(world.attempts) == 1


@pytest.mark.req("B9")
def test_an_uncertain_creation_is_found_out_by_another_request_too(world: World) -> None:
    world.mollie.fail("create_payment", MollieTimeout("slow"), done=True)
    with pytest.raises(Unavailable):
        initiate(world, "key-1", by_bridge=True)

    answer = initiate(world, "key-2", by_bridge=True)

    assert answer.status == "open"
    assert len(world.mollie.payments) == 1


@pytest.mark.req("B9")
def test_an_uncertain_creation_stays_uncertain_when_the_repeat_was_not_done(world: World) -> None:
    world.mollie.fail("create_payment", MollieTimeout("slow"), done=True)
    world.mollie.fail("create_payment", MollieUnavailable("503"))
    for _ in range(2):
        with pytest.raises(Unavailable):
            initiate(world, by_bridge=True)

    answer = initiate(world, by_bridge=True)

    assert answer.status == "open"
    assert len(world.mollie.payments) == 1


@pytest.mark.req("B8", "B9")
def test_a_creation_cut_off_by_a_crash_is_found_out_under_its_key(world: World) -> None:
    def kill(_: MollieRequest) -> None:
        world.mollie.before = None
        raise Killed

    world.mollie.before = kill
    with pytest.raises(Killed):
        initiate(world, by_bridge=True)
    world.run()
    world.clock.advance(seconds=60)

    answer = initiate(world, by_bridge=True)

    assert (answer.status, answer.is_new) == ("open", True)
    assert len(world.mollie.payments) == 1


def test_after_an_hour_an_uncertain_creation_gives_way(world: World) -> None:
    world.mollie.fail("create_payment", MollieTimeout("slow"), done=True)
    with pytest.raises(Unavailable):
        initiate(world, by_bridge=True)
    world.clock.advance(minutes=55)

    assert initiate(world, "key-2", by_bridge=True).is_new
    assert [attempt.state for attempt in world.attempts] == ["superseded", "open"]


@pytest.mark.parametrize("error", [MollieRefused("no", status=422), MollieUnavailable("503")])
def test_a_creation_that_mollie_did_not_do_frees_the_cart_and_the_key(world: World, error: MollieError) -> None:
    world.mollie.fail("create_payment", error)
    with pytest.raises(type(error)):
        initiate(world, by_bridge=True)
    assert [attempt.state for attempt in world.attempts] == ["released"]

    assert initiate(world, by_bridge=True).status == "open"
    first, second = world.mollie.requests_of("create_payment")
    assert first.key != second.key


def test_held_money_settles_the_cart_when_the_other_payment_could_not_be_created(world: World) -> None:
    world.add_payment("tr_old", "paid", state="superseded")
    world.mollie.fail("create_payment", MollieRefused("no", status=422))

    def the_old_one_is_paid_meanwhile(request: MollieRequest) -> None:
        if request.call == "create_payment":
            world.mollie.before = None
            world.deliver("tr_old")

    world.mollie.before = the_old_one_is_paid_meanwhile
    with pytest.raises(MollieRefused):
        initiate(world, money=OTHER_PRICE, by_bridge=True)
    assert world.attempt("tr_old").state == "held"
    world.work_off()

    assert world.state.settled_transaction_id == "tr_old"


def test_a_webhook_that_overtakes_the_creations_answer_does_no_harm(world: World) -> None:
    def paid_at_once(request: MollieRequest) -> None:
        (attempt,) = world.attempts
        world.mollie.before = None
        world.mollie.add("tr_fake000001", "paid", attempt_id=attempt.id)
        world.deliver("tr_fake000001")
        world.mollie.payments.clear()

    world.mollie.before = paid_at_once
    answer = initiate(world, by_bridge=True)

    assert not answer.is_new or answer.action is not Action.CREATE
    assert world.states() == {"tr_fake000001": "paid"}
