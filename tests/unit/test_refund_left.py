"""How much of a payment can still be given back, and whether all of it may be on its way back."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bridge.domain.records import Refund, RefundKind, RefundState
from bridge.domain.refunding import find_way_back, left_of
from bridge.domain.surplus import SURPLUS_KEY
from tests.fakes.clock import START
from tests.unit.builders import CART, eur, observed

S = RefundState


# --- what is left -----------------------------------------------------------------------------------------------------


def a_refund(amount: str, state: RefundState, kind: RefundKind = RefundKind.REFUND) -> Refund:
    at = START
    return Refund(
        id=f"{amount}-{state}",
        cart=CART,
        attempt_id="a",
        transaction_id="tr_own",
        money=eur(amount),
        reason="x",
        key=f"{amount}-{state}",
        state=state,
        created_at=at,
        updated_at=at,
        kind=kind,
    )


@pytest.mark.req("L8")
@pytest.mark.parametrize(
    ("refunds", "left"),
    [
        ((), "14.40"),
        ((a_refund("5.00", S.QUEUED),), "9.40"),
        ((a_refund("5.00", S.SENT),), "9.40"),
        ((a_refund("5.00", S.UNCERTAIN),), "9.40"),
        ((a_refund("5.00", S.REFUNDED),), "9.40"),
        ((a_refund("5.00", S.PROPOSED),), "14.40"),
        ((a_refund("5.00", S.FAILED),), "14.40"),
        ((a_refund("5.00", S.DROPPED),), "14.40"),
        ((a_refund("5.00", S.QUEUED, RefundKind.RELEASE),), "14.40"),
        ((a_refund("5.00", S.QUEUED), a_refund("4.00", S.REFUNDED)), "5.40"),
        ((a_refund("10.00", S.SENT), a_refund("9.00", S.UNCERTAIN)), "0.00"),
    ],
)
def test_what_is_on_its_way_is_not_left(refunds: tuple[Refund, ...], left: str) -> None:
    assert left_of(observed("paid"), refunds) == eur(left)


@pytest.mark.req("L8")
@pytest.mark.parametrize(
    ("status", "refunded", "charged_back", "left"),
    [
        ("paid", 500, 0, "9.40"),
        ("paid", 0, 500, "9.40"),
        ("paid", 1000, 440, "0.00"),
        ("paid", 1440, 1440, "0.00"),
        ("open", 0, 0, "0.00"),
        ("failed", 0, 0, "0.00"),
    ],
)
def test_what_mollie_says_is_back_is_not_left(status: str, refunded: int, charged_back: int, left: str) -> None:
    assert left_of(observed(status, refunded=refunded, charged_back=charged_back), ()) == eur(left)


@pytest.mark.req("L8")
def test_what_is_made_is_counted_once_whether_mollie_tells_of_it_or_not() -> None:
    made = (a_refund("5.00", S.REFUNDED),)

    assert left_of(observed("paid", refunded=500), made) == eur("9.40")
    assert left_of(observed("paid"), made) == eur("9.40")
    assert left_of(observed("paid", refunded=700), made) == eur("7.40")


def test_one_refund_may_be_left_out() -> None:
    refunds = (a_refund("5.00", S.QUEUED), a_refund("4.00", S.QUEUED))

    assert left_of(observed("paid"), refunds, but="5.00-queued") == eur("10.40")


# --- on its way back --------------------------------------------------------------------------------------------------


def by_policy(refund: Refund) -> Refund:
    return replace(refund, key=f"{SURPLUS_KEY}{refund.id}")


RELEASE = RefundKind.RELEASE
ALL = "14.40"


@pytest.mark.req("P3")
@pytest.mark.parametrize(
    ("refunds", "refunded", "found"),
    [
        ((), 0, False),
        ((a_refund(ALL, S.SENT),), 0, True),
        ((a_refund(ALL, S.UNCERTAIN),), 0, True),
        ((by_policy(a_refund(ALL, S.UNCERTAIN)),), 0, True),
        ((a_refund(ALL, S.QUEUED),), 0, True),
        ((by_policy(a_refund(ALL, S.QUEUED)),), 0, False),
        ((a_refund(ALL, S.PROPOSED),), 0, False),
        ((a_refund(ALL, S.FAILED),), 0, False),
        ((a_refund(ALL, S.DROPPED),), 0, False),
        # Mollie counts less than it took from us: it failed there, or the answer is old
        ((a_refund(ALL, S.REFUNDED),), 0, True),
        # a part
        ((a_refund("5.00", S.UNCERTAIN),), 0, False),
        ((a_refund("5.00", S.REFUNDED),), 500, False),
        ((a_refund("5.00", S.REFUNDED), a_refund("9.40", S.SENT)), 500, True),
        ((a_refund("5.00", S.SENT), a_refund("9.40", S.SENT)), 0, True),
        ((a_refund("9.40", S.UNCERTAIN),), 500, True),
        # all of it is back
        ((a_refund(ALL, S.REFUNDED),), 1440, False),
    ],
)
def test_the_way_back_of_what_was_paid(refunds: tuple[Refund, ...], refunded: int, *, found: bool) -> None:
    assert (find_way_back(observed("paid", refunded=refunded), refunds) is not None) is found


@pytest.mark.req("P3")
@pytest.mark.parametrize(
    ("refund", "found"),
    [
        (a_refund(ALL, S.UNCERTAIN, RELEASE), True),
        (a_refund(ALL, S.REFUNDED, RELEASE), True),
        (by_policy(a_refund(ALL, S.QUEUED, RELEASE)), False),
        (a_refund(ALL, S.FAILED, RELEASE), False),
    ],
)
def test_the_way_back_of_what_is_only_reserved(refund: Refund, *, found: bool) -> None:
    assert (find_way_back(observed("authorized"), (refund,)) is not None) is found


@pytest.mark.parametrize("status", ["open", "pending", "canceled", "expired", "failed"])
def test_where_no_money_is_in_none_is_on_its_way_back(status: str) -> None:
    assert find_way_back(observed(status), (a_refund(ALL, S.UNCERTAIN),)) is None
