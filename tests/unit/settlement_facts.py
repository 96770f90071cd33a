"""What a settlement may look at, in the words of the tests, and drawn at random."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from bridge.domain.attempt import AttemptState
from bridge.domain.observed import PaymentStatus
from bridge.domain.settlement import (
    SettlementFacts,
)
from bridge.domain.shop import OrderOwner, OwnedBy, OwnedElsewhere, OwnerUnknown
from tests.unit.builders import OTHER_PRICE, PRICE, an_attempt, observed

S = AttemptState
MONEY = ["paid", "authorized"]
NO_MONEY = ["open", "pending", "canceled", "expired", "failed"]

FREE = SettlementFacts(cart_known=True)
BY_THIS = replace(FREE, settled_transaction_id="tr_own")
BY_OTHER = replace(FREE, settled_transaction_id="tr_other")
ORDER_OF_THIS = replace(FREE, order_owner=OwnedBy("tr_own"))
ORDER_OF_OTHER = replace(FREE, order_owner=OwnedBy("tr_other"))
ORDER_ELSEWHERE = replace(FREE, order_owner=OwnedElsewhere("ps_wirepayment"))
ORDER_OF_NOBODY = replace(FREE, order_owner=OwnerUnknown())
GOING_BACK = replace(FREE, way_back="refund-1")
LIVE_SAME = an_attempt(S.OPEN, "tr_live", attempt_id="live")
LIVE_OTHER = an_attempt(S.OPEN, "tr_live", attempt_id="live", money=OTHER_PRICE)

ids = st.sampled_from(["tr_own", "tr_other"])
moneys = st.sampled_from([PRICE, OTHER_PRICE])
owners: st.SearchStrategy[OrderOwner | None] = st.one_of(
    st.none(), st.builds(OwnedBy, ids), st.just(OwnedElsewhere("ps_wirepayment")), st.just(OwnerUnknown())
)
payments = st.builds(
    lambda status, money, refunded: observed(status, money=money, refunded=refunded),
    st.sampled_from(PaymentStatus),
    moneys,
    st.sampled_from([0, 1, 1440, 5000]),
)
own_attempts = st.builds(lambda state, money: an_attempt(state, money=money), st.sampled_from(S), moneys)
live_attempts = st.builds(
    lambda state, transaction, money: an_attempt(state, transaction, attempt_id="live", money=money),
    st.sampled_from([S.RESERVED, S.OPEN, S.PENDING, S.UNCERTAIN]),
    st.sampled_from([None, "tr_own", "tr_live"]),
    moneys,
)
any_facts = st.builds(
    SettlementFacts,
    cart_known=st.booleans(),
    settled_transaction_id=st.none() | ids,
    attempt=st.none() | own_attempts,
    live=st.none() | live_attempts,
    way_back=st.none() | st.just("refund-1"),
    order_owner=owners,
)
