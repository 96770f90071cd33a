"""The contract of `Mollie`, held by the real client (against the simulator) and by the fake alike."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bridge.domain.errors import MollieDuplicateRefund, MollieRefused
from bridge.domain.money import Money
from bridge.domain.observed import PaymentStatus
from tests.contract.mollie_rigs import FakeRig, Rig, new_payment, simulated_rig
from tests.fakes.mollie import FakeMollie


@pytest.fixture(params=["client", "fake"])
def rig(request: pytest.FixtureRequest) -> Iterator[Rig]:
    if request.param == "fake":
        yield FakeRig(FakeMollie())
        return
    with simulated_rig() as simulated:
        yield simulated


def euros(amount: str) -> Money:
    return Money.parse(amount, "EUR")


def test_a_created_payment_is_open_and_can_be_paid_on_its_page(rig: Rig) -> None:
    created = rig.mollie.create_payment(new_payment(), key="key-1")

    assert created.transaction_id.startswith("tr_")
    assert created.status is PaymentStatus.OPEN
    assert created.money == euros("14.40")
    assert created.checkout_url is not None
    assert created.method == "ideal"


def test_the_cart_and_the_attempt_come_back_from_the_metadata(rig: Rig) -> None:
    created = rig.mollie.create_payment(new_payment(), key="key-1")

    found = rig.mollie.find_payment(created.transaction_id)

    assert found is not None
    assert (found.cart_id, found.attempt_id) == (42, "0190-attempt")


@pytest.mark.req("P12")
def test_the_same_key_gives_the_same_payment(rig: Rig) -> None:
    first = rig.mollie.create_payment(new_payment(), key="key-1")
    again = rig.mollie.create_payment(new_payment(), key="key-1")

    assert again.transaction_id == first.transaction_id


def test_another_key_gives_another_payment(rig: Rig) -> None:
    first = rig.mollie.create_payment(new_payment(), key="key-1")
    other = rig.mollie.create_payment(new_payment(), key="key-2")

    assert other.transaction_id != first.transaction_id


@pytest.mark.slow
def test_a_repeat_tells_how_the_payment_stands_now(rig: Rig) -> None:
    created = rig.mollie.create_payment(new_payment(), key="key-1")
    rig.pay(created.transaction_id)

    assert rig.mollie.create_payment(new_payment(), key="key-1").status is PaymentStatus.PAID


def test_another_payload_under_the_same_key_is_refused(rig: Rig) -> None:
    rig.mollie.create_payment(new_payment(), key="key-1")

    with pytest.raises(MollieRefused) as refused:
        rig.mollie.create_payment(new_payment("28.80"), key="key-1")

    assert refused.value.status == 400


def test_a_paid_payment_has_no_page_any_more(rig: Rig) -> None:
    created = rig.mollie.create_payment(new_payment(), key="key-1")
    rig.pay(created.transaction_id)

    found = rig.mollie.find_payment(created.transaction_id)

    assert found is not None
    assert found.status is PaymentStatus.PAID
    assert found.money_in
    assert found.checkout_url is None


def test_an_unknown_payment_is_none(rig: Rig) -> None:
    assert rig.mollie.find_payment("tr_unknown") is None


def test_cancelling_ends_a_payment_that_mollie_lets_be_cancelled(rig: Rig) -> None:
    created = rig.mollie.create_payment(new_payment(), key="key-1")
    rig.let_cancel(created.transaction_id)

    assert rig.mollie.cancel_payment(created.transaction_id)

    found = rig.mollie.find_payment(created.transaction_id)
    assert found is not None
    assert found.status is PaymentStatus.CANCELED


def test_cancelling_says_no_where_mollie_does_not_allow_it(rig: Rig) -> None:
    created = rig.mollie.create_payment(new_payment(), key="key-1")

    assert not rig.mollie.cancel_payment(created.transaction_id)
    assert not rig.mollie.cancel_payment("tr_unknown")


def test_a_refund_is_listed_with_its_key(rig: Rig) -> None:
    paid = rig.mollie.create_payment(new_payment(), key="key-1").transaction_id
    rig.pay(paid)

    refund = rig.mollie.create_refund(paid, euros("5.00"), key="refund-1", description="surplus")

    assert refund.money == euros("5.00")
    assert [(each.refund_id, each.key) for each in rig.mollie.refunds_of(paid)] == [(refund.refund_id, "refund-1")]


def test_a_refund_lowers_what_can_still_be_given_back(rig: Rig) -> None:
    paid = rig.mollie.create_payment(new_payment(), key="key-1").transaction_id
    rig.pay(paid)
    rig.mollie.create_refund(paid, euros("5.00"), key="refund-1", description="surplus")

    found = rig.mollie.find_payment(paid)

    assert found is not None
    assert (found.refunded_minor, found.refundable_minor) == (500, 940)


@pytest.mark.req("L8")
def test_the_same_refund_under_the_same_key_is_made_once(rig: Rig) -> None:
    paid = rig.mollie.create_payment(new_payment(), key="key-1").transaction_id
    rig.pay(paid)

    first = rig.mollie.create_refund(paid, euros("5.00"), key="refund-1", description="surplus")
    again = rig.mollie.create_refund(paid, euros("5.00"), key="refund-1", description="surplus")

    assert again.refund_id == first.refund_id
    assert len(rig.mollie.refunds_of(paid)) == 1


def test_the_same_refund_under_another_key_is_a_duplicate(rig: Rig) -> None:
    paid = rig.mollie.create_payment(new_payment(), key="key-1").transaction_id
    rig.pay(paid)
    rig.mollie.create_refund(paid, euros("5.00"), key="refund-1", description="surplus")

    with pytest.raises(MollieDuplicateRefund):
        rig.mollie.create_refund(paid, euros("5.00"), key="refund-2", description="surplus")


def test_more_than_was_paid_is_refused_and_the_field_named(rig: Rig) -> None:
    paid = rig.mollie.create_payment(new_payment(), key="key-1").transaction_id
    rig.pay(paid)

    with pytest.raises(MollieRefused) as refused:
        rig.mollie.create_refund(paid, euros("14.41"), key="refund-1", description="surplus")

    assert (refused.value.status, refused.value.field) == (422, "amount.value")


def test_an_authorised_payment_is_released(rig: Rig) -> None:
    reserved = rig.mollie.create_payment(new_payment(), key="key-1").transaction_id
    rig.authorize(reserved)

    rig.mollie.release_authorization(reserved, key="release-1")

    found = rig.mollie.find_payment(reserved)
    assert found is not None
    assert not found.money_in


def test_nothing_is_released_that_was_not_authorised(rig: Rig) -> None:
    created = rig.mollie.create_payment(new_payment(), key="key-1").transaction_id

    with pytest.raises(MollieRefused) as refused:
        rig.mollie.release_authorization(created, key="release-1")

    assert refused.value.status == 422
