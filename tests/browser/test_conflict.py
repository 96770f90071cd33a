"""409: the cart is paid, or its payment is in progress. The shopper is told, and nothing is sent again."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.payment_step import MESSAGE, PaymentStep
from tests.browser.shop_server import Answer, BrowserShop, html_answer, json_answer

pytestmark = [pytest.mark.browser, pytest.mark.req("L9")]

BANCONTACT = "/module/mollie/bancontactAjax"
DEFAULT = "This order has been paid already, or a payment is in progress."


def ask(step: PaymentStep, way: str = "fetch") -> None:
    url = f"{BANCONTACT}?action=createTransaction"
    call = {
        "fetch": "(url) => fetch(url).then((r) => r.json()).catch(() => null).then((a) => { window.answer = a; })",
        "jQuery": "(url) => { $.ajax({ url }).fail((xhr) => { window.answer = xhr.responseJSON || null; }); }",
    }[way]
    step.page.evaluate(call, url)
    step.page.wait_for_function("window.answer !== undefined")


@pytest.mark.parametrize("way", ["fetch", "jQuery"])
def test_the_shopper_reads_the_message_and_may_follow_its_link(step: PaymentStep, shop: BrowserShop, way: str) -> None:
    body = {"message": "A payment is in progress.", "url": "/hosted"}
    shop.answer(BANCONTACT, json_answer(409, body))
    step.visit_at_a_stopped_clock().choose("bancontact")
    ask(step, way)
    step.expect_message("A payment is in progress. Continue")
    assert step.page.evaluate("window.answer") == body
    step.expect_alive()
    step.page.clock.run_for(30_000)
    assert len(shop.to(BANCONTACT)) == 1
    step.page.click(f"{MESSAGE} a")
    step.page.wait_for_url("**/hosted")


def test_the_sidecars_own_answer_is_understood(step: PaymentStep, shop: BrowserShop) -> None:
    shop.answer(BANCONTACT, json_answer(409, {"message": "Resume", "data": {"checkout_url": f"{shop.base}/hosted"}}))
    step.visit().choose("bancontact")
    ask(step)
    expect(step.page.locator(f"{MESSAGE} a")).to_have_attribute("href", f"{shop.base}/hosted")


def test_without_a_message_there_is_a_default(step: PaymentStep, shop: BrowserShop) -> None:
    answers = [json_answer(409, None), Answer(status=409, body="<html>"), json_answer(409, {})]
    shop.answer(BANCONTACT, *answers)
    step.visit().choose("bancontact")
    for _ in answers:
        ask(step)
        step.expect_message(DEFAULT)
    assert len(shop.to(BANCONTACT)) == len(answers)


def test_an_address_that_is_none_makes_no_link(step: PaymentStep, shop: BrowserShop) -> None:
    addresses = ["javascript:document.title='x'", "data:text/html,x", "", 7, {}, None]
    shop.answer(BANCONTACT, *(json_answer(409, {"message": f"<b>{n}</b>", "url": a}) for n, a in enumerate(addresses)))
    step.visit().choose("bancontact")
    for number, _ in enumerate(addresses):
        ask(step)
        step.expect_message(f"<b>{number}</b>")
        assert step.page.query_selector(f"{MESSAGE} a, {MESSAGE} b") is None


def test_the_message_is_seen_over_the_modules_modal(step: PaymentStep, shop: BrowserShop) -> None:
    shop.answer(BANCONTACT, json_answer(409, {"message": "In progress", "url": None}))
    step.visit().choose("bancontact").pay()
    step.expect_message("In progress")
    assert step.page.evaluate(f"getComputedStyle(document.querySelector('{MESSAGE}')).position") == "fixed"


def test_a_message_goes_when_the_next_try_begins(step: PaymentStep, shop: BrowserShop) -> None:
    shop.answer(BANCONTACT, json_answer(409, {"message": "In progress"}), html_answer(200, {"qr_code": "qr"}))
    step.visit().choose("bancontact")
    ask(step)
    step.expect_message("In progress")
    ask(step)
    expect(step.page.locator(MESSAGE)).to_be_empty()
