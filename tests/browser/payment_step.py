"""What a shopper does on the payment step, in a tab of a real browser."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from playwright.sync_api import BrowserContext, ConsoleMessage, Page, WebError, expect

from tests.browser.shop_server import BrowserShop, Call
from tests.services.waiting import wait_until

UUID4 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
BUTTON = "#payment-confirmation button"
MESSAGE = ".molliebridge-message"
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
OPTION_OF = {"wire": 1, "ideal": 2, "creditcard": 3, "bancontact": 4, "paypal": 5}

PRESS = """
([selector, times]) => {
  const button = document.querySelector(selector);
  for (let i = 0; i < times; i += 1) {
    button.disabled = false;
    button.click();
  }
}
"""
KEEP_PRESSING = """
([selector, times]) => {
  const timer = setInterval(() => {
    const button = document.querySelector(selector);
    button.disabled = false;
    button.click();
    times -= 1;
    if (times === 0) {
      clearInterval(timer);
      navigator.sendBeacon('/pressed');
    }
  }, 50);
}
"""

NOTE_WHAT_HAPPENS = """
addEventListener('pageshow', (event) => { window.cameFromCache = event.persisted; });
addEventListener('DOMContentLoaded', () => {
  const step = window.molliebridge && window.molliebridge.step;
  window.retries = 0;
  if (step) {
    const watch = step.watch;
    step.watch = (text, extra) => { if (text === step.texts.retrying) { window.retries += 1; } watch(text, extra); };
  }
});
"""


class Watch:
    """Collects console errors and uncaught exceptions; that a request failed is the shop's doing, and left out."""

    def __init__(self, context: BrowserContext) -> None:
        self.complaints: list[str] = []
        context.on("console", self._hear)
        context.on("weberror", self._catch)

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and not message.text.startswith("Failed to load resource"):
            self.complaints.append(message.text)

    def _catch(self, error: WebError) -> None:
        self.complaints.append(str(error.error))


class PaymentStep:
    """The tab. `page` is Playwright's, for whatever has no name here."""

    def __init__(self, page: Page, shop: BrowserShop) -> None:
        self.page = page
        self.shop = shop
        page.add_init_script(NOTE_WHAT_HAPPENS)

    def visit(self) -> PaymentStep:
        self.page.goto("/order")
        return self

    def go_back(self) -> PaymentStep:
        """The back button, until the page is there, from the browser's cache or loaded again."""
        self.page.evaluate("history.back()")
        self.page.wait_for_url("**/order", wait_until="commit")
        self.page.wait_for_selector(BUTTON)
        return self

    def came_from_cache(self) -> bool:
        """Whether the page lived on in the browser's back/forward cache."""
        return bool(self.page.evaluate("window.cameFromCache === true"))

    def visit_at_a_stopped_clock(self) -> PaymentStep:
        """Visit the page, whose timers then wait for `page.clock.run_for`."""
        self.page.clock.install(time=NOON)
        self.visit()
        self.page.clock.pause_at(NOON + timedelta(hours=1))
        return self

    def choose(self, method: str) -> PaymentStep:
        """Choose a payment option and agree to the terms."""
        self.page.check(f"#payment-option-{OPTION_OF[method]}")
        self.page.check("#conditions-to-approve input")
        return self

    def pay(self) -> PaymentStep:
        """Press the button, and do not wait for what comes of it."""
        self.page.locator(BUTTON).click(no_wait_after=True)
        return self

    def press(self, times: int = 1) -> None:
        """Press the button with the browser's own events, at once and even when it is disabled or covered."""
        self.page.evaluate(PRESS, [BUTTON, times])

    def keep_pressing(self, selector: str = BUTTON, times: int = 5) -> None:
        """Press every 50 ms, from now on and by itself, enabled or not; a call of /pressed follows the last.

        Chromium runs no script for its driver while a navigation is under way, so the page has to press by itself.
        """
        self.page.evaluate(KEEP_PRESSING, [selector, times])

    def paid(self, method: str) -> list[Call]:
        """The payment requests of a method that have reached the shop."""
        return [call for call in self.shop.to("/module/mollie/payment") if call.query.get("method") == method]

    def wait_for(self, path: str, calls: int = 1) -> list[Call]:
        """Wait until so many calls of a path have reached the shop."""
        wait_until(lambda: len(self.shop.to(path)) >= calls, what=f"{calls} calls of {path}")
        return self.shop.to(path)

    def wait_until_retrying(self, tries: int) -> None:
        """Wait until so many tries have failed and the next one waits for its time; for a clock that stands still."""
        self.page.wait_for_function("(tries) => window.retries === tries", arg=tries)

    def key(self, method: str) -> str | None:
        """The key in an option's form, or None."""
        selector = f"#pay-with-payment-option-{OPTION_OF[method]}-form input[name=molliebridge_key]"
        field = self.page.query_selector(selector)
        return field.get_attribute("value") if field else None

    def option_html(self, method: str) -> str:
        return self.page.inner_html(f"#pay-with-payment-option-{OPTION_OF[method]}-form")

    def expect_busy(self) -> None:
        expect(self.page.locator(BUTTON)).to_have_attribute("aria-busy", "true")
        expect(self.page.locator(BUTTON)).to_be_disabled()

    def expect_alive(self) -> None:
        expect(self.page.locator(BUTTON)).to_be_enabled()
        expect(self.page.locator(BUTTON)).not_to_have_class(re.compile(r"disabled|molliebridge-busy"))

    def expect_message(self, text: str) -> None:
        expect(self.page.locator(MESSAGE)).to_have_text(text)
