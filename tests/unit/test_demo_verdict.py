"""What the demo takes for proof and what for failure, from outcomes written by hand."""

from __future__ import annotations

import pytest

from bridge.demo.scenario import ACTS, LOST_WEBHOOK, THREE_TABS, TWO_OPEN_PAGES, Act, Outcome, PaymentFact, Played, Way
from bridge.demo.simulator.amounts import Amount


def euros(minor: int) -> Amount:
    return Amount(currency="EUR", minor=minor)


def payment(
    *, paid: bool = True, given_back: int = 0, surplus: bool = False, reached_module: bool = True, amount: int = 1440
) -> PaymentFact:
    return PaymentFact(
        transaction_id="tr_x",
        amount=euros(amount),
        paid=paid,
        given_back=euros(given_back),
        surplus=surplus,
        reached_module=reached_module,
    )


def outcome(*payments: PaymentFact, orders: int = 1) -> Outcome:
    return Outcome(
        owed=euros(1440),
        payments=payments,
        references=tuple(f"REFERENCE{number}" for number in range(orders)),
        order_states=("paid",) * orders,
    )


def way(became: Outcome, *told: str) -> Way:
    return Way(cart_id=1, seen=(), outcome=became, told=told)


PAID_TWICE = way(outcome(payment(), payment(), orders=2))
PAID_ONCE = way(outcome(payment()))
CAUGHT = way(outcome(payment(), payment(surplus=True, reached_module=False, given_back=1440)))


def faults(act: Act, before: Way, after: Way) -> tuple[str, ...]:
    return Played(act=act, before=before, after=after).faults


@pytest.mark.req("P5")
@pytest.mark.parametrize("act", ACTS, ids=lambda act: act.title)
def test_a_timeline_runs_from_0_to_60_seconds_and_never_back(act: Act) -> None:
    seconds = [beat.second for beat in act.beats]

    assert seconds == sorted(seconds)
    assert (seconds[0], seconds[-1]) == (0, 60)


def test_paid_twice_before_and_once_after_is_proof() -> None:
    assert faults(THREE_TABS, PAID_TWICE, PAID_ONCE) == ()
    assert faults(TWO_OPEN_PAGES, PAID_TWICE, CAUGHT) == ()
    assert faults(LOST_WEBHOOK, PAID_TWICE, PAID_ONCE) == ()


def test_a_before_that_was_paid_once_proves_nothing() -> None:
    assert faults(THREE_TABS, PAID_ONCE, PAID_ONCE) == (
        "without the bridge the cart was not paid twice, so nothing is proven",
    )


def test_money_too_much_after_is_a_failure() -> None:
    after = way(outcome(payment(), payment(surplus=True, reached_module=False)))

    assert faults(TWO_OPEN_PAGES, PAID_TWICE, after) == ("with the bridge 14.40 EUR were taken too much",)


@pytest.mark.parametrize("orders", [0, 2])
def test_any_other_number_of_orders_than_one_is_a_failure(orders: int) -> None:
    after = way(outcome(payment(), orders=orders))

    assert faults(THREE_TABS, PAID_TWICE, after) == (f"with the bridge there are {orders} orders instead of one",)


def test_an_order_that_nobody_paid_in_full_is_a_failure() -> None:
    after = way(outcome(payment(given_back=1)))

    assert faults(THREE_TABS, PAID_TWICE, after) == ("with the bridge the order is not paid in full",)


def test_a_second_payment_that_was_created_is_a_failure_of_the_three_tabs() -> None:
    after = way(outcome(payment(), payment(paid=False)))

    assert faults(THREE_TABS, PAID_TWICE, after) == ("with the bridge 2 payments were created instead of one",)


def test_a_surplus_payment_that_is_not_recorded_is_a_failure() -> None:
    after = way(outcome(payment(), payment(given_back=1440)))

    assert faults(TWO_OPEN_PAGES, PAID_TWICE, after) == (
        "with the bridge 0 payments are recorded as surplus instead of one",
    )


def test_a_surplus_payment_that_reached_the_module_is_a_failure() -> None:
    after = way(outcome(payment(), payment(surplus=True, given_back=1440)))

    assert faults(TWO_OPEN_PAGES, PAID_TWICE, after) == (
        "with the bridge the surplus payment was passed to the shop's module",
    )


def test_a_shopper_who_paid_and_is_told_that_he_failed_is_a_failure() -> None:
    after = way(outcome(payment()), "Awaiting payment status", "Your payment was not successful. Try again.")

    assert faults(LOST_WEBHOOK, PAID_TWICE, after) == (
        'with the bridge the shopper who had paid was told "Your payment was not successful. Try again."',
    )
