"""Other modules' payment options, and the shop without the script, are as they were."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.checkout_page import SHIM_SCRIPTS, Theme
from tests.browser.payment_step import UUID4, PaymentStep
from tests.browser.shop_server import NOTHING, BrowserShop, html_answer, json_answer

pytestmark = [pytest.mark.browser, pytest.mark.req("L9")]

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'"
)

DENY_STORAGE = "Object.defineProperty(window, 'sessionStorage', { get() { throw new DOMException('denied'); } })"
NO_CRYPTO = "Object.defineProperty(window, 'crypto', { value: undefined })"
OLD_CRYPTO = "Crypto.prototype.randomUUID = undefined"
NO_FETCH = "window.fetch = undefined"
NO_NAVIGATION_ENTRIES = "Performance.prototype.getEntriesByType = undefined"


@pytest.mark.parametrize("theme", list(Theme))
def test_another_modules_form_is_untouched(step: PaymentStep, shop: BrowserShop, theme: Theme) -> None:
    shop.checkout.theme = theme
    with_script = step.visit().option_html("wire")
    shop.checkout.scripts = []
    assert with_script == step.visit().option_html("wire")


def test_another_modules_option_is_sent_as_ever(step: PaymentStep, shop: BrowserShop) -> None:
    shop.answer("/module/wire/validation", NOTHING)
    step.visit().choose("wire").pay().wait_for("/module/wire/validation")
    [call] = shop.to("/module/wire/validation")
    assert (call.fields, call.query) == ({}, {})
    step.press()
    step.wait_for("/module/wire/validation", 2)
    assert step.page.get_attribute("#payment-confirmation button", "aria-busy") is None


@pytest.mark.parametrize("theme", list(Theme))
def test_the_shop_sells_without_the_script(step: PaymentStep, shop: BrowserShop, theme: Theme) -> None:
    shop.checkout.theme = theme
    shop.checkout.scripts = []
    step.visit().choose("ideal").pay()
    step.page.wait_for_url("**/hosted")
    assert len(step.paid("ideal")) == 1


@pytest.mark.parametrize("missing", SHIM_SCRIPTS)
def test_the_shop_sells_when_a_part_of_the_script_is_missing(
    step: PaymentStep, shop: BrowserShop, missing: str
) -> None:
    shop.answer("/module/mollie/bancontactAjax", html_answer(200, {"qr_code": "qr"}))
    shop.checkout.scripts.remove(missing)
    step.visit().choose("bancontact").pay()
    expect(step.page.locator("#qr-code")).to_have_text("qr")
    step.choose("ideal").pay()
    step.page.wait_for_url("**/hosted")
    assert len(step.paid("ideal")) == 1


def test_the_script_may_be_there_twice(step: PaymentStep, shop: BrowserShop) -> None:
    shop.checkout.scripts *= 2
    step.visit().choose("ideal").pay()
    step.page.wait_for_url("**/hosted")
    assert len(step.paid("ideal")) == 1


def test_without_settings_nothing_happens(step: PaymentStep, shop: BrowserShop) -> None:
    shop.checkout.extra = {"cart": 0}
    step.visit().choose("ideal").pay()
    step.page.wait_for_url("**/hosted")
    assert step.paid("ideal")[0].fields == {}


@pytest.mark.parametrize("environment", [DENY_STORAGE, OLD_CRYPTO, NO_FETCH, NO_NAVIGATION_ENTRIES])
def test_a_poor_environment_still_has_keys(step: PaymentStep, environment: str) -> None:
    step.page.add_init_script(environment)
    key = step.visit().key("ideal")
    assert UUID4.fullmatch(key or "")
    step.choose("ideal").pay()
    step.page.wait_for_url("**/hosted")
    assert [call.fields["molliebridge_key"] for call in step.paid("ideal")] == [key]


def test_without_randomness_the_server_makes_the_key(step: PaymentStep) -> None:
    step.page.add_init_script(NO_CRYPTO)
    step.visit().choose("ideal").keep_pressing()
    step.page.wait_for_url("**/hosted")
    [call] = step.paid("ideal")
    assert "molliebridge_key" not in call.fields


def test_a_strict_content_security_policy_is_kept(step: PaymentStep, shop: BrowserShop) -> None:
    shop.policy = POLICY
    shop.answer("/module/mollie/bancontactAjax", json_answer(409, {"message": "In progress", "url": "/hosted"}))
    step.visit().choose("bancontact").pay()
    step.expect_message("In progress Continue")
    step.choose("ideal").pay()
    step.page.wait_for_url("**/hosted")


def test_the_script_makes_no_global_of_its_own(step: PaymentStep, shop: BrowserShop) -> None:
    names = "Object.keys(window).sort()"
    with_script = step.visit().page.evaluate(names)
    shop.checkout.scripts = []
    assert with_script == step.visit().page.evaluate(names)
