"""The simulator's payments, seen through the real Mollie client."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from mollie.api.error import BadRequestError, NotFoundError, UnauthorizedError, UnprocessableEntityError

from bridge.demo.simulator import ApiError, MollieSimulator, ShiftableClock
from tests.contract.mollie_simulator import Rig, running_rig


@pytest.fixture
def rig() -> Iterator[Rig]:
    with running_rig() as running:
        yield running


def test_a_new_payment_is_open_and_has_a_checkout_page(rig: Rig) -> None:
    payment = rig.client.payments.create(rig.body())

    assert payment.status == "open"
    assert payment.checkout_url == f"{rig.url}/checkout/{payment.id}"
    assert payment.metadata == {"cart_id": 1}
    assert payment.expires_at > payment.created_at
    assert payment.mode == "test"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"amount": ...}, "amount"),
        ({"amount": {"currency": "XXX", "value": "1.00"}}, "amount.currency"),
        ({"amount": {"currency": "EUR", "value": "14.4"}}, "amount.value"),
        ({"amount": {"currency": "EUR", "value": "-1.00"}}, "amount.value"),
        ({"amount": {"currency": "EUR", "value": "0.00"}}, "amount.value"),
        ({"amount": {"currency": "EUR", "value": "50000.01"}}, "amount.value"),
        ({"amount": {"currency": "JPY", "value": "10.00"}}, "amount.value"),
        ({"description": ...}, "description"),
        ({"redirectUrl": ...}, "redirectUrl"),
        ({"redirectUrl": "shop"}, "redirectUrl"),
        ({"webhookUrl": "ftp://shop.test"}, "webhookUrl"),
        ({"method": "barter"}, "method"),
        ({"metadata": "x" * 2000}, "metadata"),
    ],
)
def test_a_wrong_request_is_refused_with_the_field_it_is_about(rig: Rig, changes: dict[str, Any], field: str) -> None:
    with pytest.raises(UnprocessableEntityError) as refusal:
        rig.client.payments.create(rig.body(**changes))

    assert refusal.value.field == field
    assert rig.simulator.counters().payments == 0


def test_an_unknown_payment_is_not_found(rig: Rig) -> None:
    with pytest.raises(NotFoundError):
        rig.client.payments.get("tr_nothing")


def test_a_wrong_key_is_unauthorized(rig: Rig) -> None:
    rig.client.set_api_key("live_key")

    with pytest.raises(UnauthorizedError):
        rig.client.payments.create(rig.body())


def test_only_the_configured_keys_are_accepted() -> None:
    with running_rig(MollieSimulator(api_keys=frozenset({"live_shop"}))) as rig:
        with pytest.raises(UnauthorizedError):
            rig.client.payments.create(rig.body())
        rig.client.set_api_key("live_shop")

        assert rig.client.payments.create(rig.body()).mode == "live"


@pytest.mark.parametrize(
    ("action", "status", "moment"),
    [
        ("pay", "paid", "paidAt"),
        ("authorize", "authorized", "authorizedAt"),
        ("fail", "failed", "failedAt"),
        ("cancel", "canceled", "canceledAt"),
        ("expire", "expired", "expiredAt"),
    ],
)
def test_an_ended_payment_says_when_and_has_no_checkout_page(rig: Rig, action: str, status: str, moment: str) -> None:
    payment_id = rig.new_payment()

    getattr(rig.simulator, action)(payment_id)

    payment = rig.client.payments.get(payment_id)
    assert payment.status == status
    assert payment[moment]
    assert payment.checkout_url is None


def test_a_payment_is_expired_once_its_time_is_up() -> None:
    clock = ShiftableClock()
    with running_rig(MollieSimulator(clock=clock)) as rig:
        ideal, transfer = rig.new_payment(method="ideal"), rig.new_payment(method="banktransfer")

        clock.advance(timedelta(hours=1))

        assert rig.client.payments.get(ideal).status == "expired"
        assert rig.client.payments.get(transfer).status == "open"


def test_a_prolonged_payment_is_still_payable_after_its_first_expiry() -> None:
    clock = ShiftableClock()
    with running_rig(MollieSimulator(clock=clock)) as rig:
        payment_id = rig.new_payment(method="ideal")
        rig.simulator.set_expiry(payment_id, clock.now() + timedelta(hours=3))

        clock.advance(timedelta(hours=1))
        assert rig.client.payments.get(payment_id).status == "open"
        clock.advance(timedelta(hours=3))
        assert rig.client.payments.get(payment_id).status == "expired"


def test_an_expired_payment_takes_no_money_unless_it_comes_late_on_purpose(rig: Rig) -> None:
    payment_id = rig.new_payment()
    rig.simulator.expire(payment_id)

    with pytest.raises(ApiError, match="takes no money"):
        rig.simulator.pay(payment_id)

    assert rig.simulator.pay(payment_id, late=True).status == "paid"


def test_the_api_cancels_only_what_mollie_lets_it_cancel(rig: Rig) -> None:
    ideal, transfer = rig.new_payment(method="ideal"), rig.new_payment(method="banktransfer")

    with pytest.raises(UnprocessableEntityError):
        rig.client.payments.delete(ideal)

    assert rig.client.payments.delete(transfer).status == "canceled"
    assert rig.client.payments.get(ideal).is_cancelable is False


def test_a_description_and_metadata_can_be_changed(rig: Rig) -> None:
    payment_id = rig.new_payment()

    rig.client.payments.update(payment_id, {"description": "Order 2", "metadata": {"cart_id": 2}})

    payment = rig.client.payments.get(payment_id)
    assert (payment.description, payment.metadata) == ("Order 2", {"cart_id": 2})


def test_an_authorization_is_released_once(rig: Rig) -> None:
    payment_id = rig.new_payment(method="klarna")
    rig.simulator.authorize(payment_id)

    rig.client.payments.release_authorization(payment_id)

    assert rig.client.payments.get(payment_id).status == "canceled"
    with pytest.raises(UnprocessableEntityError):
        rig.client.payments.release_authorization(payment_id)


def test_the_list_is_walked_page_by_page_newest_first(rig: Rig) -> None:
    made = [rig.new_payment() for _ in range(5)]

    page, seen = rig.client.payments.list(limit=2), []
    while True:
        seen += [payment.id for payment in page]
        if not page.has_next():
            break
        page = page.get_next()

    assert seen == made[::-1]
    assert [payment.id for payment in page.get_previous()] == [made[2], made[1]]


def test_the_list_takes_no_page_above_250(rig: Rig) -> None:
    with pytest.raises(BadRequestError):
        rig.client.payments.list(limit=251)


def test_a_chargeback_leaves_the_payment_paid(rig: Rig) -> None:
    payment_id = rig.new_payment()
    rig.simulator.pay(payment_id)

    rig.simulator.chargeback(payment_id)

    payment = rig.client.payments.get(payment_id)
    assert payment.status == "paid"
    assert payment.amount_chargedback == {"currency": "EUR", "value": "14.40"}
    assert [each.amount["value"] for each in payment.chargebacks.list()] == ["14.40"]
