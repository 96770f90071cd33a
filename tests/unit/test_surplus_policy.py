"""The policy for surplus money: what it decides, and what stands when it is changed."""

from __future__ import annotations

import pytest

from bridge.domain.records import RefundKind, RefundState
from bridge.domain.surplus import SurplusPolicy, decide_surplus, first_state, surplus_key
from tests.unit.money_back import (
    notices,
    paid_twice,
    refunds_of,
    restart_with,
    sent,
    states_of,
)
from tests.unit.world import World

P = SurplusPolicy


# --- the policy -------------------------------------------------------------------------------------------------------


@pytest.mark.req("P3")
@pytest.mark.parametrize(
    ("policy", "settled_by", "decided"),
    [
        (P.REPORT, "tr_1", P.REPORT),
        (P.REPORT, "module:ps_wirepayment", P.REPORT),
        (P.PROPOSE, "tr_1", P.PROPOSE),
        (P.PROPOSE, "module:ps_wirepayment", P.PROPOSE),
        (P.REFUND, "tr_1", P.REFUND),
        (P.REFUND, "ord_1", P.REFUND),
        (P.REFUND, "module:ps_wirepayment", P.PROPOSE),
        (P.REFUND, "module:mollie", P.PROPOSE),
    ],
)
def test_the_table_of_policies(policy: SurplusPolicy, settled_by: str, decided: SurplusPolicy) -> None:
    assert decide_surplus(policy, settled_by) is decided


@pytest.mark.parametrize(
    ("policy", "state"), [(P.REPORT, None), (P.PROPOSE, RefundState.PROPOSED), (P.REFUND, RefundState.QUEUED)]
)
def test_how_a_refund_begins(policy: SurplusPolicy, state: RefundState | None) -> None:
    assert first_state(policy) is state


def test_a_key_names_one_payment_and_one_kind_and_fits_its_column() -> None:
    keys = {surplus_key(payment, kind) for payment in ("tr_1", "tr_2") for kind in RefundKind}

    assert len(keys) == 4
    assert all(len(key) <= 64 for key in keys)
    assert surplus_key("tr_1", RefundKind.REFUND) in keys


# --- the policy changes between two deliveries --------------------------------------------------------------------


@pytest.mark.req("P3")
def test_a_proposal_stands_when_the_policy_becomes_stricter(proposing: World) -> None:
    restart_with(proposing, "refund")
    proposing.deliver("tr_2")
    proposing.services.refunds.work_due()

    assert states_of(proposing) == ["proposed"]
    assert sent(proposing) == []


@pytest.mark.req("P3")
def test_a_refund_that_is_queued_stands_when_the_policy_becomes_milder(refunding: World) -> None:
    restart_with(refunding, "report")
    refunding.deliver("tr_2")
    refunding.services.refunds.work_due()

    assert states_of(refunding) == ["refunded"]


@pytest.mark.req("P3")
def test_what_was_only_reported_is_refunded_with_its_next_news() -> None:
    world = paid_twice("report")
    restart_with(world, "refund")
    world.deliver("tr_2")
    world.services.refunds.work_due()

    assert states_of(world) == ["refunded"]
    assert len(notices(world)) == 1
    world.close()


@pytest.mark.req("P3")
def test_a_rejected_proposal_is_not_made_again(proposing: World) -> None:
    proposing.services.refunds.reject(refunds_of(proposing)[0].id)
    restart_with(proposing, "refund")
    proposing.deliver("tr_2")
    proposing.services.refunds.work_due()

    assert states_of(proposing) == ["dropped"]
    assert sent(proposing) == []
