"""One Chromium for each test process, one fresh profile and one shop for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, sync_playwright

from tests.browser.payment_step import PaymentStep, Watch
from tests.browser.shop_server import JQUERY, BrowserShop, browser_shop
from tests.services.process import program

ARGUMENTS = ["--no-sandbox"]
"""Chromium refuses to run as root with its sandbox, and the pages are our own."""

WITHOUT = ["--disable-back-forward-cache"]
"""Playwright turns the cache off that half of these tests are about."""


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium, without a window."""
    path = program("chromium", "chromium")
    if not JQUERY.exists():
        pytest.fail(f"{JQUERY} is missing: `make test` installs it, or apt-get install libjs-jquery", pytrace=False)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS, ignore_default_args=WITHOUT)
        yield browser
        browser.close()


@pytest.fixture
def shop() -> Iterator[BrowserShop]:
    with browser_shop() as running:
        yield running


@pytest.fixture
def profile(chromium: Browser, shop: BrowserShop) -> Iterator[BrowserContext]:
    """A browser profile of the shopper's own; whatever a page complains about on the console fails the test."""
    context = chromium.new_context(base_url=shop.base)
    context.set_default_timeout(10_000)
    watch = Watch(context)
    yield context
    context.close()
    assert watch.complaints == []


@pytest.fixture
def step(profile: BrowserContext, shop: BrowserShop) -> PaymentStep:
    """A tab that has not gone to the payment step yet; its clock runs until the test stops it."""
    return PaymentStep(profile.new_page(), shop)


@pytest.fixture
def stopped(step: PaymentStep) -> PaymentStep:
    """On the payment step with Bancontact chosen, at a clock that the test moves."""
    return step.visit_at_a_stopped_clock().choose("bancontact")
