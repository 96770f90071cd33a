"""The simulator's webhook calls, as a shop receives them."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from bridge.demo.simulator import MollieSimulator, RefundStatus
from bridge.demo.simulator.webhooks import SCHEDULE
from tests.contract.mollie_simulator import FAST, Rig, running_rig
from tests.services.waiting import wait_until


@pytest.fixture
def rig() -> Iterator[Rig]:
    with running_rig() as running:
        yield running


@pytest.mark.parametrize("action", ["pay", "authorize", "fail", "cancel", "expire"])
def test_a_final_or_authorized_status_is_announced_once(rig: Rig, action: str) -> None:
    payment_id = rig.new_payment()

    getattr(rig.simulator, action)(payment_id)

    assert rig.simulator.webhooks.wait_until_accepted(payment_id)
    assert rig.simulator.webhooks.wait_until_idle()
    assert rig.shop.calls == [(payment_id, "security_token=abc")]


def test_open_and_pending_are_not_announced(rig: Rig) -> None:
    payment_id = rig.new_payment()

    rig.simulator.start(payment_id)

    assert rig.simulator.webhooks.wait_until_idle()
    assert rig.shop.calls == []


def test_refunds_and_chargebacks_are_announced_under_the_payments_id(rig: Rig) -> None:
    payment_id = rig.new_payment()
    rig.simulator.pay(payment_id)
    refund = rig.simulator.create_refund(payment_id, {"amount": {"currency": "EUR", "value": "1.00"}})
    rig.simulator.move_refund(refund.id, RefundStatus.PENDING)
    rig.simulator.move_refund(refund.id, RefundStatus.REFUNDED)
    rig.simulator.chargeback(payment_id)

    # Paid, refund made, refund done, charged back; a refund on its way is no news.
    assert rig.simulator.webhooks.wait_until_accepted(payment_id, times=4)
    assert rig.simulator.webhooks.wait_until_idle()
    assert [called for called, _ in rig.shop.calls] == [payment_id] * 4


def test_a_refused_call_is_tried_again_until_it_is_taken(rig: Rig) -> None:
    rig.shop.answers = [503, 500, 302, 404]
    payment_id = rig.new_payment()

    rig.simulator.pay(payment_id)

    assert rig.simulator.webhooks.wait_until_accepted(payment_id)
    deliveries = rig.simulator.webhooks.deliveries(payment_id)
    assert [each.status for each in deliveries] == [503, 500, 302, 404, 200]
    assert [each.attempt for each in deliveries] == [1, 2, 3, 4, 5]


@pytest.mark.slow
def test_after_ten_attempts_in_26_hours_mollie_gives_up(rig: Rig) -> None:
    rig.shop.answers = [500] * 20
    payment_id = rig.new_payment()

    announced = rig.simulator.clock.now()
    rig.simulator.pay(payment_id)

    assert rig.simulator.webhooks.wait_until_idle()
    deliveries = rig.simulator.webhooks.deliveries(payment_id)
    assert len(deliveries) == len(SCHEDULE) == 10
    for delivery, planned in zip(deliveries, SCHEDULE, strict=True):
        assert (delivery.at - announced).total_seconds() >= planned * FAST - 0.01


def test_a_shop_that_does_not_answer_is_noted_with_the_reason() -> None:
    with running_rig(MollieSimulator(webhook_time_scale=FAST, webhook_timeout=0.2)) as rig:
        rig.shop.together = threading.Barrier(2)
        payment_id = rig.new_payment()

        rig.simulator.pay(payment_id)

        wait_until(lambda: rig.simulator.webhooks.deliveries(payment_id))
        first = rig.simulator.webhooks.deliveries(payment_id)[0]
        assert first.status is None
        assert "Timeout" in first.error or "timed out" in first.error
        rig.simulator.webhooks.lose(payment_id)
        rig.shop.together.abort()


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/", "http://127.0.0.1:99999/", "http://127.0.0.1:1/é"])
def test_an_impossible_webhook_url_is_noted_and_nothing_breaks(rig: Rig, url: str) -> None:
    payment_id = rig.new_payment(webhookUrl=url)

    rig.simulator.pay(payment_id)

    wait_until(lambda: rig.simulator.webhooks.deliveries(payment_id))
    first = rig.simulator.webhooks.deliveries(payment_id)[0]
    assert (first.status, bool(first.error)) == (None, True)
    rig.simulator.webhooks.lose(payment_id)


def test_held_calls_wait_until_they_are_released(rig: Rig) -> None:
    rig.simulator.webhooks.hold()
    payment_id = rig.new_payment()
    rig.simulator.pay(payment_id)

    assert rig.simulator.webhooks.wait_until_idle()
    assert rig.shop.calls == []
    assert rig.simulator.webhooks.waiting() == [(payment_id, 1)]

    rig.simulator.webhooks.release()
    assert rig.simulator.webhooks.wait_until_accepted(payment_id)


def test_a_held_call_delivered_by_hand_does_not_come_again(rig: Rig) -> None:
    rig.simulator.webhooks.hold()
    payment_id = rig.new_payment()
    rig.simulator.pay(payment_id)

    assert rig.simulator.webhooks.deliver(payment_id).status == 200
    rig.simulator.webhooks.release()

    assert rig.simulator.webhooks.wait_until_idle()
    assert [called for called, _ in rig.shop.calls] == [payment_id]


def test_calls_delivered_together_are_under_way_at_the_same_time(rig: Rig) -> None:
    rig.simulator.webhooks.hold()
    first, second = rig.new_payment(), rig.new_payment()
    rig.simulator.pay(first)
    rig.simulator.pay(second)
    # The shop answers only when both are there: one after the other would never end well.
    rig.shop.together = threading.Barrier(2)

    deliveries = rig.simulator.webhooks.deliver_together([first, second])

    assert [(each.transaction_id, each.status) for each in deliveries] == [(first, 200), (second, 200)]


def test_one_payment_can_be_announced_twice_at_the_same_time(rig: Rig) -> None:
    rig.simulator.webhooks.hold()
    payment_id = rig.new_payment()
    rig.simulator.pay(payment_id)
    rig.shop.together = threading.Barrier(2)

    rig.simulator.webhooks.deliver_together([payment_id, payment_id])

    assert [called for called, _ in rig.shop.calls] == [payment_id, payment_id]


def test_a_lost_call_never_comes_but_later_news_do_once_it_is_found(rig: Rig) -> None:
    payment_id = rig.new_payment()
    rig.simulator.webhooks.lose(payment_id)
    rig.simulator.pay(payment_id)
    assert rig.simulator.webhooks.wait_until_idle()
    assert rig.shop.calls == []

    rig.simulator.webhooks.find(payment_id)
    rig.simulator.chargeback(payment_id)

    assert rig.simulator.webhooks.wait_until_accepted(payment_id)
    assert len(rig.shop.calls) == 1


def test_a_payment_without_a_webhook_url_is_announced_to_nobody(rig: Rig) -> None:
    payment_id = rig.new_payment(webhookUrl=None)

    rig.simulator.pay(payment_id)

    assert rig.simulator.webhooks.wait_until_idle()
    assert rig.simulator.webhooks.deliveries() == []
    with pytest.raises(KeyError):
        rig.simulator.webhooks.deliver(payment_id)
