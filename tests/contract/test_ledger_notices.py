"""The contract of notices and tasks: once for each case and channel, one holder at a time, on every ledger alike."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bridge.domain.cart import CartRef
from bridge.domain.money import Money
from bridge.domain.notices import NoticeState
from bridge.ports.ledger import Ledger
from tests.contract.ledger_backends import at_once
from tests.contract.ledger_builders import CART, HOUR, LATER, NOW, SECOND, a_notice, a_refund

N = NoticeState


# --- notices ----------------------------------------------------------------------------------------------------------


@pytest.mark.req("P3", "P10")
def test_a_case_has_one_notice_on_each_channel(ledger: Ledger) -> None:
    assert ledger.queues.add_notice(a_notice())
    assert not ledger.queues.add_notice(a_notice())
    assert ledger.queues.add_notice(a_notice(channel="webhook"))
    assert ledger.queues.add_notice(a_notice("surplus:TR_1"))
    assert not ledger.in_cart(CART, lambda tx: tx.add_notice(a_notice()))
    assert ledger.in_cart(CART, lambda tx: tx.add_notice(a_notice("surplus:tr_2")))
    assert len(ledger.queues.due_notices(NOW, 9)) == 4


@pytest.mark.req("P3", "B4")
def test_one_of_many_tells_a_case(ledger: Ledger) -> None:
    def tell(number: int) -> bool:
        if number % 2:
            cart = CartRef(shop_id=1, cart_id=60 + number)
            return ledger.in_cart(cart, lambda tx: tx.add_notice(a_notice()))
        return ledger.queues.add_notice(a_notice())

    assert at_once(8, tell).count(True) == 1
    assert len(ledger.queues.due_notices(NOW, 9)) == 1


@pytest.mark.req("P3")
def test_a_notice_that_was_there_does_not_spoil_what_else_is_written(ledger: Ledger) -> None:
    ledger.queues.add_notice(a_notice())
    refund = a_refund()

    def work(tx: Any) -> None:
        assert not tx.add_notice(a_notice())
        tx.save_refund(refund)

    ledger.in_cart(CART, work)
    assert ledger.queues.find_refund(refund.id) == refund


@pytest.mark.req("P3")
def test_a_notice_is_stored_with_its_transaction_or_not_at_all(ledger: Ledger) -> None:
    def work(tx: Any) -> None:
        tx.add_notice(a_notice())
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        ledger.in_cart(CART, work)
    assert ledger.queues.due_notices(NOW, 9) == ()


@pytest.mark.req("P3")
def test_a_notice_comes_back_with_all_that_it_had(ledger: Ledger) -> None:
    bare = a_notice("bare", cart=None, at=NOW - SECOND)
    full = a_notice(
        transaction_id="tr_1",
        money=Money(currency="EUR", minor=1440),
        detail={"action": "propose", "authorized": False, "tries": 3, "error": "größer", "refund_id": None},
        tries=3,
        last_error="x" * 600,
    )
    for notice in (full, bare):
        ledger.queues.add_notice(notice)

    assert ledger.queues.due_notices(NOW, 9) == (bare, full)
    assert ledger.queues.due_notices(NOW, 1) == (bare,)


@pytest.mark.req("P3", "B4")
def test_one_of_many_sends_a_notice_until_it_is_sent(ledger: Ledger) -> None:
    notice = a_notice()
    ledger.queues.add_notice(notice)

    claims = at_once(8, lambda _: ledger.queues.claim_notice(notice.id, NOW, LATER))
    (mine,) = (claim for claim in claims if claim is not None)
    assert mine == replace(notice, tries=1, next_try_at=LATER)
    assert ledger.queues.due_notices(NOW, 9) == ()
    assert ledger.queues.due_notices(LATER, 9) == (mine,)
    ledger.queues.save_notice(replace(mine, state=N.SENT, next_try_at=None))
    assert ledger.queues.due_notices(LATER, 9) == ()
    assert ledger.queues.claim_notice(notice.id, LATER, LATER) is None


@pytest.mark.req("P3")
def test_a_dead_notice_is_not_due(ledger: Ledger) -> None:
    notice = a_notice()
    ledger.queues.add_notice(notice)
    ledger.queues.save_notice(replace(notice, state=N.DEAD, next_try_at=None, last_error="550"))

    assert ledger.queues.due_notices(LATER, 9) == ()
    assert not ledger.queues.add_notice(a_notice())


# --- tasks ------------------------------------------------------------------------------------------------------------


@pytest.mark.req("B6")
def test_a_task_is_one_holders_until_it_ends_or_his_time_is_up(ledger: Ledger) -> None:
    queues = ledger.queues

    assert queues.take_task("janitor", "a", NOW, LATER)
    assert not queues.take_task("janitor", "b", NOW + SECOND, LATER)
    assert queues.take_task("janitor", "a", NOW + SECOND, LATER)
    assert queues.take_task("another", "b", NOW, LATER)
    queues.end_task("janitor", "b", NOW + SECOND)
    assert not queues.take_task("janitor", "b", NOW + SECOND, LATER)
    queues.end_task("janitor", "a", NOW + SECOND)
    assert queues.take_task("janitor", "b", NOW + SECOND, LATER)
    assert not queues.take_task("janitor", "a", LATER - SECOND, LATER)
    assert queues.take_task("janitor", "a", LATER, LATER + HOUR)


@pytest.mark.req("B6", "B4")
@pytest.mark.parametrize("known", [True, False])
def test_one_of_many_gets_a_task(ledger: Ledger, *, known: bool) -> None:
    if known:
        ledger.queues.take_task("janitor", "dead", NOW - HOUR, NOW)
    taken = at_once(8, lambda number: ledger.queues.take_task("janitor", f"sidecar {number}", NOW, LATER))

    assert taken.count(True) == 1
