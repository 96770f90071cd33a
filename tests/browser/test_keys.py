"""One key per payment try: what it looks like, where it goes, and when it stays the same."""

from __future__ import annotations

import pytest
from playwright.sync_api import BrowserContext

from tests.browser.checkout_page import Theme
from tests.browser.payment_step import UUID4, PaymentStep
from tests.browser.shop_server import BrowserShop, html_answer

pytestmark = [pytest.mark.browser, pytest.mark.req("L9")]

KEEP_OUT_OF_THE_CACHE = "navigator.locks.request('held', () => new Promise(() => {}))"
"""A page that holds a web lock is loaded again when the shopper comes back."""

MOLLIE = ["ideal", "creditcard", "bancontact", "paypal"]


@pytest.mark.req("L10")
@pytest.mark.parametrize("theme", list(Theme))
def test_each_of_the_modules_options_has_a_key_of_its_own(step: PaymentStep, shop: BrowserShop, theme: Theme) -> None:
    shop.checkout.theme = theme
    step.visit()
    keys = [step.key(method) or "" for method in MOLLIE]
    assert all(UUID4.fullmatch(key) for key in keys)
    assert len(set(keys)) == len(MOLLIE)


def test_the_key_goes_with_the_form_and_its_address(step: PaymentStep, shop: BrowserShop) -> None:
    key = step.visit().key("ideal")
    step.choose("ideal").pay()
    step.page.wait_for_url("**/hosted")
    [call] = shop.to("/module/mollie/payment", "POST")
    assert (call.fields["molliebridge_key"], call.query["molliebridge_key"]) == (key, key)
    assert (call.query["method"], call.query["rand"]) == ("ideal", "1700000000")


def test_an_option_that_is_a_plain_get_bears_the_key_in_its_query(step: PaymentStep, shop: BrowserShop) -> None:
    key = step.visit().key("paypal")
    step.choose("paypal").pay()
    step.page.wait_for_url("**/hosted")
    [call] = shop.to("/module/mollie/payment", "GET")
    assert call.query == {"molliebridge_key": key}


def test_bancontact_without_the_qr_code_bears_the_key(step: PaymentStep, shop: BrowserShop) -> None:
    shop.answer("/module/mollie/bancontactAjax", html_answer(200, {"qr_code": "qr"}))
    key = step.visit().key("bancontact")
    step.choose("bancontact").pay()
    step.page.click("#bancontact-modal button")
    step.page.wait_for_url("**/hosted")
    assert [call.query["molliebridge_key"] for call in step.paid("bancontact")] == [key]


def test_a_reload_keeps_the_keys(step: PaymentStep) -> None:
    before = [step.visit().key("ideal"), step.key("paypal")]
    step.page.reload()
    assert [step.key("ideal"), step.key("paypal")] == before


@pytest.mark.parametrize("is_kept_alive", [True, False], ids=["from the cache", "loaded again"])
def test_the_back_button_from_mollie_keeps_the_key(step: PaymentStep, is_kept_alive: bool) -> None:
    if not is_kept_alive:
        step.page.add_init_script(KEEP_OUT_OF_THE_CACHE)
    step.visit().choose("ideal").pay()
    step.page.wait_for_url("**/hosted")
    step.go_back()
    assert step.came_from_cache() is is_kept_alive
    step.choose("ideal").pay()
    step.page.wait_for_url("**/hosted")
    first, second = step.paid("ideal")
    assert first.fields["molliebridge_key"] == second.fields["molliebridge_key"]


def test_a_try_after_mollie_has_sent_the_shopper_back_is_a_new_one(step: PaymentStep) -> None:
    step.visit().choose("ideal").pay()
    step.page.wait_for_url("**/hosted")
    step.page.click("text=Cancel")
    step.page.wait_for_url("**/order")
    step.choose("ideal").pay()
    step.page.wait_for_url("**/hosted")
    first, second = step.paid("ideal")
    assert first.fields["molliebridge_key"] != second.fields["molliebridge_key"]


@pytest.mark.parametrize("change", [{"cart": 43}, {"basket": "28.80 EUR"}])
def test_another_cart_or_basket_has_another_key(
    step: PaymentStep, shop: BrowserShop, change: dict[str, object]
) -> None:
    before = step.visit().key("ideal")
    for name, value in change.items():
        setattr(shop.checkout, name, value)
    step.page.reload()
    assert step.key("ideal") not in {before, None}


def test_a_page_from_the_cache_uses_the_keys_of_now(step: PaymentStep, shop: BrowserShop) -> None:
    old = step.visit().key("ideal")
    shop.checkout.basket = "28.80 EUR"
    step.page.goto("/order?again")
    step.go_back()
    assert step.came_from_cache()
    assert step.key("ideal") not in {old, None}


def test_two_tabs_have_keys_of_their_own(profile: BrowserContext, shop: BrowserShop) -> None:
    # The sidecar joins them: it looks at the cart. A key only says "this is the same press of the button".
    one, two = (PaymentStep(profile.new_page(), shop).visit() for _ in range(2))
    assert one.key("ideal") != two.key("ideal")
