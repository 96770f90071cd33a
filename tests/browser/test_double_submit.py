"""One request however often the shopper presses."""

from __future__ import annotations

import threading

import pytest
from playwright.sync_api import expect

from tests.browser.checkout_page import Theme
from tests.browser.payment_step import BUTTON, PaymentStep
from tests.browser.shop_server import NOTHING, Answer, BrowserShop

pytestmark = [pytest.mark.browser, pytest.mark.req("L9")]

PAYMENT = "/module/mollie/payment"


@pytest.fixture
def held(shop: BrowserShop) -> threading.Event:
    """The shop's payment controller takes its time, until this is set."""
    event = threading.Event()
    shop.answer(PAYMENT, Answer(status=303, headers={"Location": "/hosted"}, until=event))
    return event


@pytest.mark.req("L10")
@pytest.mark.parametrize("theme", list(Theme))
def test_a_double_click_pays_once(step: PaymentStep, shop: BrowserShop, theme: Theme) -> None:
    shop.checkout.theme = theme
    step.visit().choose("ideal")
    step.page.locator(BUTTON).dblclick(no_wait_after=True)
    step.page.wait_for_url("**/hosted")
    assert len(step.paid("ideal")) == 1


@pytest.mark.parametrize("theme", list(Theme))
def test_without_the_script_a_double_click_pays_twice(step: PaymentStep, shop: BrowserShop, theme: Theme) -> None:
    shop.checkout.theme = theme
    shop.checkout.scripts = []
    held = threading.Event()
    shop.answer(PAYMENT, Answer(status=303, headers={"Location": "/hosted"}, until=held))
    step.visit().choose("ideal")
    step.keep_pressing(times=3)
    step.wait_for(PAYMENT, 2)
    held.set()


def test_pressing_again_while_the_shop_works_does_nothing(step: PaymentStep, held: threading.Event) -> None:
    step.visit().choose("ideal")
    step.keep_pressing()
    step.wait_for("/pressed")
    held.set()
    step.page.wait_for_url("**/hosted")
    assert len(step.paid("ideal")) == 1


def test_the_enter_key_pays_once(step: PaymentStep, held: threading.Event) -> None:
    step.visit().choose("ideal")
    step.page.focus(BUTTON)
    step.page.keyboard.press("Enter")
    step.page.keyboard.press("Enter")
    step.wait_for(PAYMENT)
    step.page.keyboard.press("Enter")
    held.set()
    step.page.wait_for_url("**/hosted")
    assert len(step.paid("ideal")) == 1


def test_a_theme_that_clicks_the_forms_own_button_pays_once(step: PaymentStep, held: threading.Event) -> None:
    step.visit().choose("ideal")
    step.keep_pressing("#pay-with-payment-option-2")
    step.wait_for("/pressed")
    held.set()
    step.page.wait_for_url("**/hosted")
    assert len(step.paid("ideal")) == 1


def test_the_button_shows_that_the_shop_works(step: PaymentStep, shop: BrowserShop) -> None:
    shop.answer(PAYMENT, NOTHING)
    step.visit().choose("ideal").pay().wait_for(PAYMENT)
    step.expect_busy()
    step.expect_message("Your payment is being prepared.")
    spinner = f"getComputedStyle(document.querySelector('{BUTTON}'), '::after').animationName"
    assert step.page.evaluate(spinner) == "molliebridge-turn"


def test_the_message_stands_in_a_live_region_that_was_there_before(step: PaymentStep) -> None:
    region = step.visit().page.locator(".molliebridge-message")
    expect(region).to_have_attribute("role", "status")
    expect(region).to_have_attribute("aria-live", "polite")
    expect(region).to_be_empty()


def test_terms_not_agreed_to_leave_the_button_as_it_is(step: PaymentStep) -> None:
    step.visit().page.check("#payment-option-2")
    step.press()
    assert step.page.get_attribute(BUTTON, "aria-busy") is None
    assert step.paid("ideal") == []


def test_a_shop_that_leads_nowhere_gives_the_button_back(step: PaymentStep, shop: BrowserShop) -> None:
    shop.answer(PAYMENT, NOTHING)
    step.visit_at_a_stopped_clock().choose("ideal").pay().wait_for(PAYMENT)
    step.page.clock.run_for(19_900)
    step.expect_busy()
    step.page.clock.run_for(200)
    step.expect_alive()
    step.expect_message("This takes longer than usual. You can try again.")
    step.pay().wait_for(PAYMENT, 2)
    assert len({call.fields["molliebridge_key"] for call in step.paid("ideal")}) == 1


def test_the_limit_and_the_texts_are_the_merchants(step: PaymentStep, shop: BrowserShop) -> None:
    shop.checkout.extra = {"limit": 5000, "texts": {"working": "Een moment.", "slow": "Probeer het opnieuw."}}
    shop.answer(PAYMENT, NOTHING)
    step.visit_at_a_stopped_clock().choose("ideal").pay().wait_for(PAYMENT)
    step.expect_message("Een moment.")
    step.page.clock.run_for(5_100)
    step.expect_message("Probeer het opnieuw.")


def test_cards_wait_for_their_token_and_are_sent_once(step: PaymentStep, shop: BrowserShop) -> None:
    first, second, sent = threading.Event(), threading.Event(), threading.Event()
    shop.answer("/card-token", Answer(body="tkn_1", until=first), Answer(body="tkn_2", until=second))
    shop.answer("/module/mollie/payScreen", Answer(status=303, headers={"Location": "/hosted"}, until=sent))
    step.visit().choose("creditcard").pay().wait_for("/card-token")
    step.press()
    step.wait_for("/card-token", 2)
    first.set()
    step.wait_for("/module/mollie/payScreen")
    second.set()
    step.wait_for("/token-used", 2)
    sent.set()
    step.page.wait_for_url("**/hosted")
    assert [call.fields["mollieCardToken"] for call in shop.to("/module/mollie/payScreen")] == ["tkn_1"]


def test_a_refused_card_can_be_corrected_at_once(step: PaymentStep, shop: BrowserShop) -> None:
    shop.answer("/card-token", Answer(status=422), Answer(body="tkn_2"))
    step.visit().choose("creditcard").pay()
    expect(step.page.locator("#card-error")).to_have_text("The card number is not valid")
    step.press()
    step.page.wait_for_url("**/hosted")
    assert [call.fields["mollieCardToken"] for call in shop.to("/module/mollie/payScreen")] == ["tkn_2"]
