"""Deliveries, refunds and carts on the merchant's pages, and the word about a refund that waits."""

from __future__ import annotations

import pytest
from flask import Flask

from bridge.domain.records import RefundState
from tests.fakes.memory_ledger import MemoryLedger
from tests.fakes.services import World
from tests.web.browsing import Browsing, browsing, text_of
from tests.web.caller import Caller

pytestmark = pytest.mark.req("B13")


@pytest.mark.req("B6")
@pytest.mark.parametrize(("state", "shown"), [("waiting", "failed"), ("dead", "dead"), ("done", "None.")])
def test_deliveries_are_listed_by_state(busy: Browsing, state: str, shown: str) -> None:
    text = text_of(busy.get(f"/dashboard/deliveries?state={state}"))

    assert shown in text
    assert ("mollie-bridge replay" in text) == (state != "done")


@pytest.mark.req("L15")
def test_a_carts_trail_is_found_by_its_number(busy: Browsing) -> None:
    text = text_of(busy.get("/dashboard/cart?cart_id=42"))

    assert "settlement.decided" in text
    assert "decision: Surplus" in text
    assert "surplus 14.40 EUR" in text


@pytest.mark.parametrize("asked", ["43", "0", "-1", "abc", "4294967296", "9" * 400, "٤٢", "42 OR 1", ""])
def test_a_number_that_no_cart_has_is_told_so(busy: Browsing, asked: str) -> None:
    page = busy.get(f"/dashboard/cart?cart_id={asked}")

    assert page.status_code == 200
    assert "settlement.decided" not in page.text
    assert ("The shop has no cart with the number" in page.text) == bool(asked)


@pytest.mark.parametrize("path", ["/deliveries?state=x", "/refunds?state=x"])
def test_a_state_that_there_is_not_is_refused(browser: Browsing, path: str) -> None:
    assert browser.get(f"/dashboard{path}").status_code == 422


# The word about a refund


def proposed(ledger: MemoryLedger) -> str:
    (found,) = ledger.queues.refunds_in(frozenset({RefundState.PROPOSED}), 10)
    return found.id


def state_of(ledger: MemoryLedger, refund_id: str) -> RefundState:
    found = ledger.queues.find_refund(refund_id)
    assert found is not None
    return found.state


@pytest.mark.req("B4")
def test_a_proposed_refund_can_be_rejected_with_a_button(busy: Browsing, world: World) -> None:
    refund_id = proposed(world.ledger)
    assert f'action="/dashboard/refunds/{refund_id}/reject"' in busy.get("/dashboard/refunds").text

    answer = busy.send(f"/dashboard/refunds/{refund_id}/reject", {"form_token": busy.form_token()})

    assert (answer.status_code, answer.headers["Location"]) == (303, "/dashboard/refunds?state=dropped")
    assert state_of(world.ledger, refund_id) is RefundState.DROPPED


@pytest.mark.req("B4")
def test_a_word_that_comes_too_late_is_told_so(busy: Browsing, world: World) -> None:
    refund_id, form = proposed(world.ledger), {"form_token": busy.form_token()}
    busy.send(f"/dashboard/refunds/{refund_id}/reject", form)

    answer = busy.send(f"/dashboard/refunds/{refund_id}/approve", form)

    assert answer.status_code == 409
    assert "Not done:" in text_of(answer)
    assert state_of(world.ledger, refund_id) is RefundState.DROPPED


@pytest.mark.parametrize("word", ["approve", "reject"])
@pytest.mark.parametrize(("sent", "origin"), [({}, "http://localhost"), ({"form_token": ""}, "http://evil.example")])
def test_no_refund_is_decided_by_a_form_of_somebody_else(
    busy: Browsing, world: World, word: str, sent: dict[str, str], origin: str
) -> None:
    refund_id = proposed(world.ledger)
    form = {"form_token": busy.form_token()} if sent else sent

    assert busy.send(f"/dashboard/refunds/{refund_id}/{word}", form, origin=origin).status_code == 403
    assert busy.get(f"/dashboard/refunds/{refund_id}/{word}").status_code in {303, 404, 405}
    assert state_of(world.ledger, refund_id) is RefundState.PROPOSED


def test_no_refund_is_decided_without_a_session(busy: Browsing, world: World, app: Flask, admin: Caller) -> None:
    refund_id = proposed(world.ledger)

    assert browsing(app).send(f"/dashboard/refunds/{refund_id}/approve").status_code == 303
    assert admin.post(f"/dashboard/refunds/{refund_id}/approve").status_code == 303
    assert state_of(world.ledger, refund_id) is RefundState.PROPOSED


def test_another_word_is_none(busy: Browsing, world: World) -> None:
    form = {"form_token": busy.form_token()}

    assert busy.send(f"/dashboard/refunds/{proposed(world.ledger)}/burn", form).status_code == 404
    assert busy.send("/dashboard/refunds/not-an-id/approve", form).status_code in {404, 405}
