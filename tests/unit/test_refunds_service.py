"""Refunds: never more than was paid, never doubled, and what became of each is known or looked for."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bridge.domain.errors import (
    InvalidRequest,
    KeyReused,
    PaymentNotFound,
)
from bridge.domain.records import RefundState
from bridge.services.refunds import RefundRequest
from tests.fakes.mollie import MollieRequest
from tests.unit.builders import eur
from tests.unit.paid_once import given_back, paid_once, refund, refunds, states
from tests.unit.world import World


@pytest.fixture
def world() -> Iterator[World]:
    """A cart that was paid: 14.40, transaction `tr_1`."""
    made = paid_once()
    yield made
    made.close()


@pytest.mark.req("L8")
def test_a_payment_is_given_back_in_full(world: World) -> None:
    answer = refund(world)

    assert (answer.is_new, answer.refund.state, answer.refund.money) == (True, RefundState.REFUNDED, eur("14.40"))
    assert given_back(world) == 1440
    assert world.attempt("tr_1").state == "refunded"


@pytest.mark.req("L8")
def test_a_payment_is_given_back_in_parts_up_to_what_was_paid(world: World) -> None:
    refund(world, "5.00", key="key-1")
    refund(world, "9.00", key="key-2")
    assert world.attempt("tr_1").state == "paid"

    with pytest.raises(InvalidRequest, match=r"0\.40 EUR is left"):
        refund(world, "0.41", key="key-3")
    refund(world, key="key-4")

    assert given_back(world) == 1440
    assert world.attempt("tr_1").state == "refunded"


@pytest.mark.req("L8", "L15")
def test_a_refund_is_stored_under_its_key_before_it_is_sent(world: World) -> None:
    before: list[list[str]] = []

    def look(request: MollieRequest) -> None:
        if request.call == "create_refund":
            before.append(states(world))

    world.mollie.before = look
    refund(world, "5.00")

    (request,) = world.mollie.requests_of("create_refund")
    assert before == [["sent"]]
    assert request.key == refunds(world)[0].key
    assert [e.event for e in world.ledger.trail][-3:] == ["refund.queued", "refund.sent", "refund.refunded"]


@pytest.mark.req("L8")
@pytest.mark.parametrize("amount", ["14.41", "0", "0.00", "-1", "1.001", "x", "1000000"])
def test_what_can_not_be_given_back_is_refused_and_nothing_is_sent(world: World, amount: str) -> None:
    with pytest.raises(InvalidRequest):
        refund(world, amount)

    assert refunds(world) == ()
    assert world.mollie.requests_of("create_refund") == []


@pytest.mark.req("L8")
@pytest.mark.parametrize(("refunded", "charged_back"), [(1000, 0), (0, 1000), (600, 400)])
def test_what_was_given_back_elsewhere_counts(world: World, refunded: int, charged_back: int) -> None:
    world.mollie.set("tr_1", "paid", refunded=refunded, charged_back=charged_back)

    with pytest.raises(InvalidRequest):
        refund(world, "4.41")
    assert refund(world).refund.money == eur("4.40")


@pytest.mark.parametrize("status", ["open", "pending", "canceled", "expired", "failed"])
def test_a_payment_that_is_not_paid_has_nothing_to_give_back(world: World, status: str) -> None:
    world.mollie.set("tr_1", status)

    with pytest.raises(InvalidRequest):
        refund(world)
    assert refunds(world) == ()


def test_an_authorised_payment_is_never_sent_as_a_refund(world: World) -> None:
    """Mollie refuses that; what is reserved is released, or captured first."""
    world.mollie.set("tr_1", "authorized")

    with pytest.raises(InvalidRequest):
        refund(world)
    assert world.mollie.requests_of("create_refund") == []


def test_only_a_known_payment_with_a_transaction_is_given_back(world: World) -> None:
    with pytest.raises(PaymentNotFound):
        world.services.refunds.refund(RefundRequest(payment_id="nobody", amount=None, reason="x", key="k"))
    world.add_attempt(None, "released", attempt_id="unbound")
    with pytest.raises(InvalidRequest, match="nothing was paid"):
        world.services.refunds.refund(RefundRequest(payment_id="unbound", amount=None, reason="x", key="k"))


def test_a_payment_that_mollie_does_not_know_is_not_given_back(world: World) -> None:
    world.mollie.payments.clear()

    with pytest.raises(InvalidRequest):
        refund(world)


# --- repeated ---------------------------------------------------------------------------------------------------------


@pytest.mark.req("L8")
@pytest.mark.parametrize("amount", ["5.00", None])
def test_a_repeat_with_the_same_key_gives_nothing_back_again(world: World, amount: str | None) -> None:
    first = refund(world, amount)
    again = refund(world, amount)

    assert (again.is_new, again.refund) == (False, first.refund)
    assert len(world.mollie.requests_of("create_refund")) == 1


@pytest.mark.req("L8")
@pytest.mark.parametrize(("amount", "reason"), [("6.00", "damaged"), ("5.00", "another reason")])
def test_the_same_key_for_another_refund_is_refused(world: World, amount: str, reason: str) -> None:
    refund(world, "5.00")

    with pytest.raises(KeyReused):
        refund(world, amount, reason=reason)
    assert given_back(world) == 500


def test_keys_of_different_payments_do_not_meet(world: World) -> None:
    world.add_payment("tr_2", "paid", state="surplus")
    refund(world)

    request = RefundRequest(payment_id="attempt-tr_2", amount=None, reason="damaged", key="key-1")
    assert world.services.refunds.refund(request).is_new
    assert world.attempt("tr_2").state == "refunded"
