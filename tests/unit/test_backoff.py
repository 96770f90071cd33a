"""When a delivery that failed is tried again, and when it is given up."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bridge.domain.records import Delivery, DeliveryState
from bridge.services.backoff import LONGEST_ERROR, next_try
from bridge.services.deliveries import new_delivery
from bridge.services.settings import WebhookLimits
from tests.fakes.clock import START

LIMITS = WebhookLimits()


def failed(tries: int) -> Delivery:
    delivery = new_delivery("tr_1", source="mollie", now=START)
    for _ in range(tries):
        delivery = next_try(delivery, RuntimeError("down"), START, LIMITS)
    return delivery


@pytest.mark.req("B6")
@pytest.mark.parametrize(("tries", "longest"), [(1, 5), (2, 10), (3, 20), (10, 2560), (11, 3600), (29, 3600)])
def test_the_pause_doubles_up_to_an_hour_and_is_jittered(tries: int, longest: float) -> None:
    pauses = [(failed(tries).next_try_at or START) - START for _ in range(20)]

    assert all(timedelta(seconds=longest / 2) <= pause <= timedelta(seconds=longest) for pause in pauses)
    assert len(set(pauses)) > 1


@pytest.mark.req("B6")
def test_after_its_last_try_a_delivery_is_dead_and_keeps_its_reason() -> None:
    dead = failed(30)

    assert (dead.state, dead.next_try_at, dead.tries) == (DeliveryState.DEAD, None, 30)
    assert dead.last_error == "RuntimeError: down"


def test_no_payload_is_kept_with_an_error() -> None:
    delivery = next_try(failed(0), RuntimeError("x" * 10_000), START, LIMITS)

    assert len(delivery.last_error or "") == LONGEST_ERROR
