"""Approving a proposed refund with the page's button: made at once, made once, and told when it could not be."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bridge.domain.errors import MollieUnavailable
from bridge.domain.records import Refund, RefundState
from bridge.domain.surplus import SurplusPolicy
from bridge.services.settings import RefundLimits
from tests.fakes.services import Limits, World, make_world
from tests.web.browsing import Browsing, text_of
from tests.web.test_queues import pay

pytestmark = pytest.mark.req("B13", "B4")


@pytest.fixture
def world() -> Iterator[World]:
    """The policy proposes refunds, and cart 42 was paid twice."""
    with make_world(Limits(refunds=RefundLimits(policy=SurplusPolicy.PROPOSE))) as made:
        pay(made, "tr_1")
        pay(made, "tr_2")
        yield made


@pytest.fixture
def proposed(world: World) -> Refund:
    (refund,) = world.services.refunds.for_a_person()
    return refund


def approve(browser: Browsing, refund: Refund, form_token: str) -> str:
    """Where the browser is sent to."""
    answer = browser.send(f"/dashboard/refunds/{refund.id}/approve", {"form_token": form_token})
    assert answer.status_code == 303, text_of(answer)
    return answer.headers["Location"]


def test_it_is_made_at_once_and_pressed_twice_once(browser: Browsing, world: World, proposed: Refund) -> None:
    assert "Give 14.40 EUR back" in text_of(browser.get("/dashboard/refunds"))
    token = browser.form_token()

    assert approve(browser, proposed, token) == "/dashboard/refunds?state=refunded"
    assert approve(browser, proposed, token) == "/dashboard/refunds?state=refunded"

    assert len(world.mollie.refunds_of("tr_2")) == 1
    assert world.mollie.refunds_of("tr_1") == ()
    assert "None." in text_of(browser.get("/dashboard/refunds"))


def test_what_mollie_did_not_answer_to_is_told_and_goes_on(browser: Browsing, world: World, proposed: Refund) -> None:
    token = browser.form_token()
    world.mollie.fail("create_refund", MollieUnavailable("connect to 10.0.0.1 refused"))

    answer = browser.send(f"/dashboard/refunds/{proposed.id}/approve", {"form_token": token})

    assert answer.status_code == 503
    assert "Not done:" in text_of(answer)
    assert "10.0.0.1" not in answer.text
    stored = world.ledger.queues.find_refund(proposed.id)
    assert stored is not None
    assert stored.state in {RefundState.QUEUED, RefundState.SENT, RefundState.UNCERTAIN}
