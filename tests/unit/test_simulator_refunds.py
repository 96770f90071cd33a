"""The simulator's refunds, seen through the real Mollie client."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from mollie.api.error import ConflictError, UnprocessableEntityError

from bridge.demo.simulator import MollieSimulator, RefundStatus, ShiftableClock
from tests.contract.mollie_simulator import FAST, Rig, running_rig


@pytest.fixture
def rig() -> Iterator[Rig]:
    with running_rig() as running:
        yield running


def euro(value: str) -> dict[str, Any]:
    return {"amount": {"currency": "EUR", "value": value}}


def paid_payment(rig: Rig) -> Any:
    payment_id = rig.new_payment()
    rig.simulator.pay(payment_id)
    return rig.client.payments.get(payment_id)


def test_a_refund_is_taken_from_the_payment_at_once(rig: Rig) -> None:
    payment = paid_payment(rig)

    refund = payment.refunds.create(euro("5.00"))

    after = rig.client.payments.get(payment.id, embed="refunds")
    assert refund.status == "queued"
    assert after.status == "paid"
    assert after.amount_refunded["value"] == "5.00"
    assert after.amount_remaining["value"] == "9.40"
    assert [each["id"] for each in after["_embedded"]["refunds"]] == [refund.id]
    assert [each.id for each in payment.refunds.list()] == [refund.id]


def test_more_than_was_paid_is_refused(rig: Rig) -> None:
    with pytest.raises(UnprocessableEntityError) as refusal:
        paid_payment(rig).refunds.create(euro("14.41"))

    assert refusal.value.field == "amount.value"


def test_two_refunds_never_exceed_what_was_paid(rig: Rig) -> None:
    payment = paid_payment(rig)
    payment.refunds.create(euro("10.00"))

    with pytest.raises(UnprocessableEntityError) as refusal:
        payment.refunds.create(euro("4.41"))

    assert refusal.value.field == "amount.value"


def test_the_allowance_shows_in_what_remains_and_may_be_refunded() -> None:
    with running_rig(MollieSimulator(refund_allowance=2500)) as rig:
        payment = paid_payment(rig)

        assert payment.amount_remaining["value"] == "39.40"
        assert payment.refunds.create(euro("39.40")).status == "queued"


def test_the_same_amount_again_within_the_hour_is_a_duplicate() -> None:
    clock = ShiftableClock()
    with running_rig(MollieSimulator(clock=clock, webhook_time_scale=FAST)) as rig:
        payment = paid_payment(rig)
        payment.refunds.create(euro("5.00"))

        with pytest.raises(ConflictError, match="duplicate refund"):
            payment.refunds.create(euro("5.00"))
        clock.advance(timedelta(hours=1))

        assert payment.refunds.create(euro("5.00")).status == "queued"


def test_a_fully_refunded_payment_is_refused_after_the_hour() -> None:
    clock = ShiftableClock()
    with running_rig(MollieSimulator(clock=clock)) as rig:
        payment = paid_payment(rig)
        payment.refunds.create(euro("14.40"))
        clock.advance(timedelta(hours=1))

        with pytest.raises(UnprocessableEntityError, match="already been refunded") as refusal:
            payment.refunds.create(euro("14.40"))

        assert refusal.value.field == "amount.value"


def test_the_same_key_gives_the_same_refund(rig: Rig) -> None:
    payment = paid_payment(rig)

    first = payment.refunds.create(euro("5.00"), idempotency_key="refund-1")
    second = payment.refunds.create(euro("5.00"), idempotency_key="refund-1")

    assert second.id == first.id
    assert rig.client.payments.get(payment.id).amount_refunded["value"] == "5.00"


def test_a_refused_refund_can_be_sent_again_under_its_key(rig: Rig) -> None:
    payment = rig.client.payments.get(rig.new_payment())
    with pytest.raises(UnprocessableEntityError):
        payment.refunds.create(euro("5.00"), idempotency_key="refund-1")
    rig.simulator.pay(payment.id)

    assert payment.refunds.create(euro("5.00"), idempotency_key="refund-1").status == "queued"


def test_an_unpaid_payment_is_not_refunded(rig: Rig) -> None:
    payment = rig.client.payments.get(rig.new_payment())

    with pytest.raises(UnprocessableEntityError):
        payment.refunds.create(euro("1.00"))


def test_a_refund_moves_from_queued_to_refunded(rig: Rig) -> None:
    payment = paid_payment(rig)
    refund_id = payment.refunds.create(euro("5.00")).id

    seen = []
    for status in (RefundStatus.PENDING, RefundStatus.REFUNDED):
        rig.simulator.move_refund(refund_id, status)
        seen.append(payment.refunds.get(refund_id).status)

    assert seen == ["pending", "refunded"]


@pytest.mark.parametrize("status", [RefundStatus.FAILED, RefundStatus.CANCELED])
def test_a_refund_that_came_to_nothing_gives_its_amount_back(rig: Rig, status: RefundStatus) -> None:
    payment = paid_payment(rig)
    refund_id = payment.refunds.create(euro("5.00")).id

    rig.simulator.move_refund(refund_id, status)

    assert rig.client.payments.get(payment.id).amount_refunded["value"] == "0.00"


def test_only_a_queued_refund_can_be_canceled(rig: Rig) -> None:
    payment = paid_payment(rig)
    queued, pending = (payment.refunds.create(euro(value)).id for value in ("1.00", "2.00"))
    rig.simulator.move_refund(pending, RefundStatus.PENDING)

    payment.refunds.delete(queued)
    with pytest.raises(UnprocessableEntityError):
        payment.refunds.delete(pending)

    assert rig.client.payments.get(payment.id).amount_refunded["value"] == "2.00"
