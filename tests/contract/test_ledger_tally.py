"""What was decided since a time, counted the same on every ledger."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bridge.domain.records import AuditEntry, RefundState
from bridge.domain.surplus import SURPLUS_KEY
from bridge.ports.ledger import Ledger
from bridge.ports.queues import Tally
from tests.contract.ledger_builders import CART, NOW, a_refund
from tests.contract.test_ledger_records import SECOND, save_refund


def decided(event: str, decision: str, *, transaction_id: str | None = None, ago: timedelta = SECOND) -> AuditEntry:
    return AuditEntry(
        at=NOW - ago,
        event=event,
        cart=CART,
        transaction_id=transaction_id,
        detail={"decision": decision, "amount": "1"},
    )


@pytest.mark.req("L15")
def test_decisions_are_counted_since_a_time_and_surplus_payments_once_each(ledger: Ledger) -> None:
    for entry in (
        decided("initiation.decided", "Resume"),
        decided("initiation.observed", "Resume"),
        decided("initiation.decided", "AlreadyOrdered"),
        decided("initiation.decided", "Resume", ago=timedelta(days=31)),
        decided("settlement.decided", "Surplus", transaction_id="tr_2"),
        decided("settlement.decided", "Surplus", transaction_id="tr_2"),
        decided("settlement.observed", "Surplus", transaction_id="tr_3"),
        decided("settlement.decided", "Settle", transaction_id="tr_1"),
    ):
        ledger.audit(entry)

    tally = ledger.queues.tally(NOW - timedelta(days=30))

    assert tally == Tally(initiations={"Resume": 2, "AlreadyOrdered": 1}, surplus=2)


@pytest.mark.req("B4")
def test_refunds_of_surplus_payments_are_told_from_others(ledger: Ledger) -> None:
    save_refund(ledger, a_refund(key=f"{SURPLUS_KEY}1", state=RefundState.REFUNDED))
    save_refund(ledger, a_refund(key=f"{SURPLUS_KEY}2", state=RefundState.QUEUED))
    save_refund(ledger, a_refund(key="refund-3", state=RefundState.REFUNDED))

    assert ledger.queues.tally(NOW - timedelta(days=30)).surplus_refunded == 1
    assert ledger.queues.tally(NOW + timedelta(days=30)).surplus_refunded == 0
