"""The contract of what was left lying, of the figures, and of what is removed, on every ledger alike."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import pytest

from bridge.domain.attempt import Attempt, AttemptState
from bridge.domain.cart import CartRef, OrderPhase
from bridge.domain.notices import NoticeState
from bridge.domain.records import DeliveryState, RefundState
from bridge.ports.ledger import Ledger
from bridge.ports.queues import Figures
from tests.contract.ledger_builders import (
    CART,
    HOUR,
    NOW,
    OTHER_CART,
    SECOND,
    a_delivery,
    a_notice,
    a_refund,
    add,
    an_attempt,
    save_deliveries,
    save_refunds,
)

_CARTS = itertools.count(1000)
D, R, N, S = DeliveryState, RefundState, NoticeState, AttemptState


# --- what was left lying ----------------------------------------------------------------------------------------------


def unchecked(ledger: Ledger, *, limit: int = 9) -> list[str | None]:
    """What nobody has asked about, now."""
    found = ledger.queues.unchecked_attempts(
        quiet_since=NOW - 5 * SECOND,
        silent_since=NOW - 30 * SECOND,
        made_after=NOW - HOUR,
        now=NOW,
        limit=limit,
    )
    return [attempt.transaction_id for attempt in found]


def silent(state: AttemptState, transaction_id: str | None, *, since: int = 30, **changes: Any) -> Attempt:
    """An attempt of a cart of its own that was changed so many seconds ago."""
    at = NOW - since * SECOND
    cart = CartRef(shop_id=1, cart_id=next(_CARTS))
    values: dict[str, Any] = {"transaction_id": transaction_id, "created_at": at, "updated_at": at, **changes}
    return an_attempt(cart, state, **values)


@pytest.mark.req("B15")
@pytest.mark.parametrize("state", [S.OPEN, S.PENDING, S.UNCERTAIN, S.SUPERSEDED])
def test_what_may_still_be_paid_and_is_silent_is_asked_about(ledger: Ledger, state: AttemptState) -> None:
    add(ledger, silent(state, "tr_1"), silent(state, "tr_2", since=29))

    assert unchecked(ledger) == ["tr_1"]


@pytest.mark.req("B15")
@pytest.mark.parametrize("state", sorted(set(S) - {S.RESERVED, S.OPEN, S.PENDING, S.UNCERTAIN, S.SUPERSEDED}))
def test_what_is_over_is_not_asked_about(ledger: Ledger, state: AttemptState) -> None:
    add(ledger, silent(state, "tr_1", since=60))

    assert unchecked(ledger) == []


@pytest.mark.req("B15")
def test_an_expiry_and_a_missing_transaction_are_asked_about_sooner_and_not_at_once(ledger: Ledger) -> None:
    add(
        ledger,
        silent(S.OPEN, "tr_expired", since=5, expires_at=NOW),
        silent(S.OPEN, "tr_expired_now", since=4, expires_at=NOW),
        silent(S.OPEN, "tr_not_yet", since=5, expires_at=NOW + SECOND),
        silent(S.RESERVED, None, since=6),
        silent(S.RESERVED, None, since=4),
        silent(S.SUPERSEDED, None, since=60),
    )

    assert unchecked(ledger) == [None, "tr_expired"]


@pytest.mark.req("B15")
def test_the_longest_silent_come_first_and_the_old_not_at_all(ledger: Ledger) -> None:
    add(
        ledger,
        silent(S.OPEN, "tr_b", since=40),
        silent(S.OPEN, "tr_a", since=50),
        silent(S.OPEN, "tr_old", since=60, created_at=NOW - HOUR - SECOND),
        silent(S.OPEN, "tr_as_old", since=30, created_at=NOW - HOUR),
    )

    assert unchecked(ledger) == ["tr_a", "tr_b", "tr_as_old"]
    assert unchecked(ledger, limit=1) == ["tr_a"]


@pytest.mark.req("B6")
@pytest.mark.parametrize(
    ("state", "left"), [(None, True), (D.DONE, True), (D.DEAD, False), (D.FAILED, False), (D.WORKING, False)]
)
def test_an_order_begun_is_left_lying_when_nothing_looks_after_it(
    ledger: Ledger, state: DeliveryState | None, *, left: bool
) -> None:
    for cart, phase, settler in (
        (CART, OrderPhase.STARTED, "tr_first"),
        (OTHER_CART, OrderPhase.DONE, "tr_other"),
        (CartRef(shop_id=1, cart_id=44), OrderPhase.NONE, None),
    ):
        ledger.in_cart(
            cart,
            lambda tx, p=phase, s=settler: tx.save_state(  # type: ignore[misc]
                replace(tx.state, order_phase=p, settled_transaction_id=s)
            ),
        )
    save_deliveries(ledger, a_delivery(transaction_id="tr_another", state=D.FAILED))
    if state is not None:
        save_deliveries(ledger, a_delivery(state=state))

    assert [each.cart for each in ledger.queues.unfinished_carts(9)] == ([CART] if left else [])
    assert ledger.queues.unfinished_carts(0) == ()


# --- figures, and what is removed -------------------------------------------------------------------------------------


@pytest.mark.req("P10")
def test_the_figures_count_what_is_still_to_be_done(ledger: Ledger) -> None:
    assert ledger.queues.figures(NOW) == Figures()
    add(ledger, silent(S.OPEN, "tr_1"), silent(S.RESERVED, None), silent(S.SUPERSEDED, "tr_2"))
    add(ledger, silent(S.PAID, "tr_3", processed_at=NOW - 40 * SECOND), silent(S.AUTHORIZED, "tr_4"))
    save_deliveries(ledger, *(a_delivery(state=state) for state in (*D, D.DEAD)))
    save_refunds(ledger, *(a_refund(state=state) for state in R))
    for number, state in enumerate(N):
        ledger.queues.add_notice(a_notice(f"case {number}", state=state))

    figures = ledger.queues.figures(NOW - HOUR)

    assert (figures.live, figures.completed) == (2, 1)
    assert dict(figures.deliveries) == {"received": 1, "working": 1, "failed": 1, "dead": 2}
    assert dict(figures.refunds) == {"proposed": 1, "queued": 1, "sent": 1, "uncertain": 1, "failed": 1}
    assert dict(figures.notices) == {"waiting": 1, "dead": 1}
    assert ledger.queues.figures(NOW - 35 * SECOND).completed == 0


@pytest.mark.req("B6", "P10")
def test_only_what_is_done_and_old_is_removed(ledger: Ledger) -> None:
    old = {"received_at": NOW - SECOND}
    kept = [a_delivery(state=state, **old) for state in D if state is not D.DONE]
    kept.append(a_delivery(state=D.DONE, received_at=NOW))
    gone = a_delivery(state=D.DONE, **old)
    save_deliveries(ledger, *kept, gone)
    for number, state in enumerate(N):
        ledger.queues.add_notice(a_notice(f"old {number}", state=state, at=NOW - SECOND))
        ledger.queues.add_notice(a_notice(f"new {number}", state=state))

    assert ledger.queues.prune(NOW, audit_before=NOW, deliveries_before=NOW) == 2
    assert ledger.find_delivery(gone.id) is None
    assert all(ledger.find_delivery(delivery.id) == delivery for delivery in kept)
    assert not ledger.queues.add_notice(a_notice("new 1", state=N.SENT))
    assert ledger.queues.add_notice(a_notice(f"old {list(N).index(N.SENT)}"))


@pytest.mark.slow
def test_more_is_removed_than_one_step_takes(ledger: Ledger) -> None:
    for _ in range(501):
        ledger.save_delivery(a_delivery(state=D.DONE, received_at=NOW - SECOND))

    assert ledger.queues.prune(NOW, audit_before=NOW, deliveries_before=NOW) == 501
