"""No shopper is locked out: the page comes back to life however he returns to it."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.checkout_page import Theme
from tests.browser.payment_step import BUTTON, MESSAGE, PaymentStep
from tests.browser.shop_server import NOTHING, Answer, BrowserShop

pytestmark = [pytest.mark.browser, pytest.mark.req("L9")]

PAYMENT = "/module/mollie/payment"


@pytest.mark.parametrize("theme", list(Theme))
def test_a_page_from_the_cache_is_alive(step: PaymentStep, shop: BrowserShop, theme: Theme) -> None:
    shop.checkout.theme = theme
    step.visit().choose("ideal").pay()
    step.page.wait_for_url("**/hosted")
    step.go_back()
    assert step.came_from_cache()
    step.expect_alive()
    expect(step.page.locator(MESSAGE)).to_be_empty()
    step.pay()
    step.page.wait_for_url("**/hosted")


def test_a_page_that_is_being_left_is_alive_already(step: PaymentStep, shop: BrowserShop) -> None:
    # Browsers differ in when they freeze a page for their cache: it goes in without the spinner.
    shop.answer(PAYMENT, NOTHING)
    step.visit().choose("ideal").pay().wait_for(PAYMENT)
    step.expect_busy()
    step.page.evaluate("window.dispatchEvent(new PageTransitionEvent('pagehide', {persisted: true}))")
    step.expect_alive()


def test_terms_withdrawn_meanwhile_keep_the_button_disabled(step: PaymentStep, shop: BrowserShop) -> None:
    shop.answer(PAYMENT, NOTHING)
    step.visit().choose("ideal").pay().wait_for(PAYMENT)
    step.page.uncheck("#conditions-to-approve input")
    step.page.evaluate("window.dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}))")
    expect(step.page.locator(BUTTON)).to_be_disabled()


def test_another_modules_option_can_be_chosen_while_mollies_is_under_way(step: PaymentStep, shop: BrowserShop) -> None:
    shop.answer(PAYMENT, NOTHING)
    step.visit().choose("ideal").pay().wait_for(PAYMENT)
    step.expect_busy()
    step.choose("wire")
    step.expect_alive()
    step.pay().wait_for("/module/wire/validation")


def test_another_of_mollies_options_waits_for_the_first(step: PaymentStep, shop: BrowserShop) -> None:
    shop.answer(PAYMENT, NOTHING)
    step.visit().choose("ideal").pay().wait_for(PAYMENT)
    step.choose("paypal")
    step.expect_busy()
    step.press()
    assert step.paid("paypal") == []


def test_an_answer_of_the_shop_itself_leads_to_a_fresh_page(step: PaymentStep, shop: BrowserShop) -> None:
    # "A payment is already in progress": the module sends the shopper back to the payment step.
    shop.answer(PAYMENT, Answer(status=303, headers={"Location": "/order?notice"}))
    step.visit().choose("ideal").pay()
    step.page.wait_for_url("**/order?notice")
    step.choose("ideal")
    step.expect_alive()


def test_a_shop_that_ends_the_connection_leaves_a_page_to_come_back_from(step: PaymentStep, shop: BrowserShop) -> None:
    shop.answer(PAYMENT, Answer(drop=True))
    step.visit().choose("ideal")
    step.pay()
    step.page.wait_for_function("location.protocol === 'chrome-error:'")
    step.page.go_back(wait_until="commit")
    step.choose("ideal")
    step.expect_alive()
