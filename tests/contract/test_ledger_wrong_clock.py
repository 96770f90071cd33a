"""The contract of times that a wrong clock wrote: nothing waits for a day that nobody meant, on every ledger alike."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bridge.domain.records import DeliveryState, RefundState
from bridge.ports.ledger import Ledger
from bridge.ports.queues import FARTHEST
from tests.contract.ledger_builders import (
    LATER,
    NOW,
    SECOND,
    a_delivery,
    a_notice,
    a_refund,
    save_deliveries,
    save_refunds,
    stored,
)

BEYOND = NOW + FARTHEST + SECOND
"""A machine came up in another year, wrote its plans, and was then told the time."""


@pytest.mark.req("B6", "B8")
@pytest.mark.parametrize("state", list(DeliveryState))
def test_a_delivery_planned_for_another_year_is_made_due(ledger: Ledger, state: DeliveryState) -> None:
    meant, stray = a_delivery(state=state, next_try_at=NOW + FARTHEST), a_delivery(state=state, next_try_at=BEYOND)
    save_deliveries(ledger, meant, stray)
    waits = state not in (DeliveryState.DONE, DeliveryState.DEAD)

    assert ledger.queues.hasten_strays(NOW) == (1 if waits else 0)
    assert stored(ledger, stray).next_try_at == (NOW if waits else BEYOND)
    assert stored(ledger, meant) == meant
    assert ledger.queues.hasten_strays(NOW) == 0


@pytest.mark.slow
@pytest.mark.req("L8", "B8")
@pytest.mark.parametrize("state", list(RefundState))
def test_a_refund_planned_for_another_year_is_made_due(ledger: Ledger, state: RefundState) -> None:
    meant, stray = a_refund(state=state, next_try_at=NOW + FARTHEST), a_refund(state=state, next_try_at=BEYOND)
    save_refunds(ledger, meant, stray, a_refund(state=state, next_try_at=None))
    waits = state not in (RefundState.PROPOSED, RefundState.FAILED, RefundState.DROPPED)

    assert ledger.queues.hasten_strays(NOW) == (1 if waits else 0)
    assert ledger.queues.find_refund(stray.id) == (replace(stray, next_try_at=NOW) if waits else stray)
    assert ledger.queues.find_refund(meant.id) == meant


@pytest.mark.req("P10", "B8")
def test_a_notice_planned_for_another_year_is_made_due(ledger: Ledger) -> None:
    ledger.queues.add_notice(a_notice(next_try_at=BEYOND))
    ledger.queues.add_notice(a_notice(channel="webhook", next_try_at=NOW + FARTHEST))
    assert ledger.queues.due_notices(NOW, 9) == ()

    assert ledger.queues.hasten_strays(NOW) == 1
    assert [notice.channel for notice in ledger.queues.due_notices(NOW, 9)] == ["mail"]


@pytest.mark.req("B6", "B8")
def test_a_task_that_is_held_until_another_year_is_anybodys(ledger: Ledger) -> None:
    year = timedelta(days=365)
    assert ledger.queues.take_task("janitor", "ahead", NOW + year, LATER + year)

    assert ledger.queues.take_task("janitor", "right", NOW, LATER)
    assert not ledger.queues.take_task("janitor", "another", NOW, LATER)
