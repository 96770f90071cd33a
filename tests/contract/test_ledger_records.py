"""The contract of refunds, the audit trail, leases and the ledger's own health, on every ledger alike."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bridge.adapters.ledger import SqlLedger
from bridge.adapters.ledger.engine import WRITES
from bridge.adapters.migrations import HEAD
from bridge.domain.errors import Conflict, TablesDiffer
from bridge.domain.money import Money
from bridge.domain.records import RefundState
from bridge.ports.ledger import Ledger
from tests.contract.ledger_backends import PREFIX, engine_for
from tests.contract.ledger_builders import (
    CART,
    NOW,
    OTHER_CART,
    SECOND,
    a_key,
    a_lease,
    a_refund,
    an_entry,
    auditing,
    find_key,
    save_key,
    save_refunds,
)
from tests.fakes.shop import FakeShop


@pytest.mark.req("L8")
def test_refunds_are_found_by_transaction_and_by_state_oldest_first(ledger: Ledger) -> None:
    young = a_refund(created_at=NOW + SECOND)
    old = a_refund(reason="für den Kunden", money=Money(currency="EUR", minor=0))
    other = a_refund(transaction_id="tr_second", state=RefundState.SENT, created_at=NOW - SECOND)
    for refund in (young, old, other):
        save_refunds(ledger, refund)
    assert ledger.in_cart(CART, lambda tx: tx.refunds("tr_first")) == (old, young)
    assert ledger.queues.refunds_in(frozenset({RefundState.QUEUED, RefundState.SENT}), 2) == (other, old)
    assert ledger.queues.refunds_in(frozenset(), 9) == ()


@pytest.mark.req("L8")
def test_a_refunds_new_state_takes_the_place_of_the_old_one(ledger: Ledger) -> None:
    refund = a_refund()
    save_refunds(ledger, refund)
    sent = replace(refund, state=RefundState.SENT, mollie_refund_id="re_1", last_error="503", updated_at=NOW + SECOND)
    save_refunds(ledger, sent)
    assert ledger.in_cart(CART, lambda tx: tx.refunds("tr_first")) == (sent,)


@pytest.mark.req("L8")
def test_a_refunds_idempotency_key_is_its_own(ledger: Ledger) -> None:
    refund = a_refund()
    save_refunds(ledger, refund)
    with pytest.raises(Conflict):
        ledger.in_cart(OTHER_CART, lambda tx: tx.save_refund(a_refund(key=refund.key)))


@pytest.mark.req("L15")
def test_the_newest_audit_entries_of_a_cart_are_listed_oldest_first(ledger: Ledger) -> None:
    first, second = an_entry("first"), an_entry("second", attempt_id="a" * 36, transaction_id="tr_1")
    third = an_entry("third", detail={"guess": True, "amount": "14.40", "age": 3, "method": None, "name": "Zoë"})
    ledger.audit(first)
    ledger.audit(an_entry("elsewhere", OTHER_CART))
    ledger.audit(an_entry("nowhere", cart=None))
    ledger.in_cart(CART, auditing(second, third))
    assert ledger.audit_of(CART, 9) == (first, second, third)
    assert ledger.audit_of(CART, 2) == (second, third)


def test_pruning_takes_what_is_expired_and_nothing_else(ledger: Ledger) -> None:
    save_key(ledger, a_key("expired", expires_at=NOW))
    save_key(ledger, a_key("valid", expires_at=NOW + SECOND))
    entry = an_entry(at=NOW)
    ledger.in_cart(CART, auditing(*[an_entry(at=NOW - SECOND)] * 1200, entry))
    assert ledger.queues.prune(NOW, audit_before=NOW, deliveries_before=NOW) == 1201
    assert ledger.queues.prune(NOW, audit_before=NOW, deliveries_before=NOW) == 0
    assert ledger.audit_of(CART, 9) == (entry,)
    assert find_key(ledger, "valid") is not None


@pytest.mark.req("P6")
def test_leases_are_found_by_token_and_listed_oldest_first(ledger: Ledger) -> None:
    old, young = a_lease("old"), a_lease("young", taken_at=NOW + SECOND)
    for cart, lease in ((CART, young), (OTHER_CART, old)):
        ledger.in_cart(cart, lambda tx, lease=lease: tx.save_state(replace(tx.state, lease=lease)))  # type: ignore[misc]
    found = ledger.find_leased("young")
    assert found is not None
    assert (found.cart, found.lease) == (CART, young)
    assert [state.cart for state in ledger.leased()] == [OTHER_CART, CART]
    ledger.in_cart(CART, lambda tx: tx.save_state(replace(tx.state, lease=None)))
    assert ledger.find_leased("young") is None


def test_a_lease_token_names_one_cart(ledger: Ledger) -> None:
    ledger.in_cart(CART, lambda tx: tx.save_state(replace(tx.state, lease=a_lease("same"))))
    with pytest.raises(Conflict):
        ledger.in_cart(OTHER_CART, lambda tx: tx.save_state(replace(tx.state, lease=a_lease("same"))))


def test_a_ledger_that_is_there_answers(ledger: Ledger) -> None:
    ledger.ping()


def test_a_ledger_of_another_version_says_so(tmp_path: Path) -> None:
    with engine_for(f"sqlite:///{tmp_path / 'bridge.db'}") as engine:
        ledger = SqlLedger(engine, PREFIX, lambda _: FakeShop())
        ledger.ping()
        with engine.execution_options(**{WRITES: True}).begin() as connection:
            connection.exec_driver_sql("UPDATE ps_molbridge_version SET version_num = '0001'")
        with pytest.raises(TablesDiffer, match=f"are of version 0001, and this program needs version {HEAD}"):
            ledger.ping()
        with engine.execution_options(**{WRITES: True}).begin() as connection:
            connection.exec_driver_sql("DROP TABLE ps_molbridge_version")
        with pytest.raises(TablesDiffer, match="are not there"):
            ledger.ping()


def test_the_shop_is_read_inside_a_transaction_and_outside(ledger: Ledger) -> None:
    assert ledger.shop.find_cart(42) is None
    assert ledger.in_cart(CART, lambda tx: tx.shop.find_cart(42)) is None
