"""The page sees one request with one end, and may end it itself."""

from __future__ import annotations

import threading

import pytest

from tests.browser.ajax import BANCONTACT, CREATED, FAILED, creating
from tests.browser.payment_step import PaymentStep
from tests.browser.shop_server import Answer, BrowserShop

pytestmark = [pytest.mark.browser, pytest.mark.req("L9")]


def test_the_events_of_a_request_come_once(stopped: PaymentStep, shop: BrowserShop) -> None:
    shop.answer(BANCONTACT, FAILED, CREATED)
    stopped.page.evaluate(
        """(url) => {
            window.seen = []; window.states = [];
            const xhr = new XMLHttpRequest();
            xhr.onreadystatechange = () => window.states.push(xhr.readyState);
            for (const type of ['loadstart', 'load', 'error', 'abort', 'timeout', 'loadend']) {
                xhr.addEventListener(type, () => window.seen.push(type));
            }
            xhr.open('GET', url);
            xhr.send();
        }""",
        f"{BANCONTACT}?action=createTransaction",
    )
    stopped.wait_until_retrying(1)
    stopped.page.clock.run_for(1000)
    stopped.page.wait_for_function("window.seen.includes('loadend')")
    assert stopped.page.evaluate("[window.seen, window.states]") == [["loadstart", "load", "loadend"], [1, 2, 3, 4]]


def test_a_request_that_waits_for_its_next_try_can_be_aborted(stopped: PaymentStep, shop: BrowserShop) -> None:
    shop.answer(BANCONTACT, FAILED)
    stopped.page.evaluate(
        """(url) => {
            window.seen = [];
            window.xhr = new XMLHttpRequest();
            xhr.open('GET', url);
            for (const type of ['load', 'error', 'abort', 'loadend']) {
                xhr.addEventListener(type, () => window.seen.push(type));
            }
            xhr.send();
        }""",
        f"{BANCONTACT}?action=createTransaction",
    )
    stopped.wait_until_retrying(1)
    stopped.page.evaluate("window.xhr.abort()")
    stopped.page.clock.run_for(10_000)
    assert stopped.page.evaluate("window.seen") == ["abort", "loadend"]
    assert len(creating(shop)) == 1
    stopped.expect_alive()


def test_a_time_out_of_the_pages_own_is_the_pages_own(step: PaymentStep, shop: BrowserShop) -> None:
    held = threading.Event()
    shop.answer(BANCONTACT, Answer(until=held))
    step.visit().choose("bancontact").page.evaluate(
        """(url) => {
            window.seen = [];
            const xhr = new XMLHttpRequest();
            xhr.open('GET', url);
            xhr.timeout = 100;
            xhr.onreadystatechange = () => window.seen.push(xhr.readyState);
            for (const type of ['load', 'error', 'timeout', 'loadend']) {
                xhr.addEventListener(type, () => window.seen.push(type));
            }
            xhr.send();
        }""",
        f"{BANCONTACT}?action=createTransaction",
    )
    step.page.wait_for_function("window.seen.includes('loadend')")
    held.set()
    assert step.page.evaluate("window.seen") == [4, "timeout", "loadend"]
    step.expect_alive()
    assert len(creating(shop)) == 1


def test_an_aborted_fetch_is_not_tried_again(stopped: PaymentStep, shop: BrowserShop) -> None:
    held = threading.Event()
    shop.answer(BANCONTACT, Answer(until=held))
    stopped.page.evaluate(
        """(url) => {
            window.seen = [];
            window.controller = new AbortController();
            fetch(url, { signal: controller.signal }).catch((error) => window.seen.push(error.name));
        }""",
        f"{BANCONTACT}?action=createTransaction",
    )
    stopped.wait_for(BANCONTACT)
    stopped.page.evaluate("window.controller.abort()")
    stopped.page.wait_for_function("window.seen.length")
    held.set()
    stopped.page.clock.run_for(10_000)
    assert stopped.page.evaluate("window.seen") == ["AbortError"]
    assert len(creating(shop)) == 1
    stopped.expect_alive()
