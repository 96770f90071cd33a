"""Patience with a shop that fails: 1, 2 and 4 seconds, with the same key, and then no more."""

from __future__ import annotations

import threading

import pytest

from tests.browser.ajax import APPLE_PAY, BANCONTACT, CREATED, FAILED, SEND, creating, expect_seen, send
from tests.browser.payment_step import PaymentStep
from tests.browser.shop_server import Answer, BrowserShop

pytestmark = [pytest.mark.browser, pytest.mark.req("L9")]

JSON = {"Content-Type": "application/json"}
"""A type that Chromium does not want to see more of before it says so."""

every_way = pytest.mark.parametrize("way", SEND)


@every_way
@pytest.mark.parametrize("failure", [FAILED, Answer(status=503), Answer(drop=True)], ids=["500", "503", "no answer"])
def test_server_errors_are_tried_again_after_1_2_and_4_seconds(
    stopped: PaymentStep, shop: BrowserShop, way: str, failure: Answer
) -> None:
    shop.answer(BANCONTACT, failure)
    send(stopped, way)
    for tries, wait in enumerate((1000, 2000, 4000), start=1):
        stopped.wait_until_retrying(tries)
        stopped.page.clock.run_for(wait - 50)
        assert len(creating(shop)) == tries
        stopped.page.clock.run_for(50)
        stopped.wait_for(BANCONTACT, tries + 1)
    expect_seen(stopped, ["error"] if failure.drop else [failure.status, failure.body])
    stopped.page.clock.run_for(60_000)
    assert len(creating(shop)) == 4
    assert len(set(creating(shop))) == 1
    stopped.expect_message("The payment could not be started. Please try again.")
    stopped.expect_alive()


@every_way
def test_the_page_sees_only_the_end(stopped: PaymentStep, shop: BrowserShop, way: str) -> None:
    shop.answer(BANCONTACT, FAILED, Answer(drop=True), CREATED)
    send(stopped, way)
    for tries, wait in ((1, 1000), (2, 2000)):
        stopped.wait_until_retrying(tries)
        stopped.page.clock.run_for(wait)
    expect_seen(stopped, [200, '{"qr_code": "qr"}'])


@every_way
def test_retry_after_makes_the_wait_longer(stopped: PaymentStep, shop: BrowserShop, way: str) -> None:
    shop.answer(BANCONTACT, Answer(status=503, headers={"Retry-After": "7"}), CREATED)
    send(stopped, way)
    stopped.wait_until_retrying(1)
    stopped.page.clock.run_for(6_950)
    assert len(creating(shop)) == 1
    stopped.page.clock.run_for(100)
    expect_seen(stopped, [200, '{"qr_code": "qr"}'])


@every_way
def test_a_retry_after_beyond_patience_is_passed_on(stopped: PaymentStep, shop: BrowserShop, way: str) -> None:
    shop.answer(BANCONTACT, Answer(status=503, body="later", headers={"Retry-After": "120"}))
    send(stopped, way)
    expect_seen(stopped, [503, "later"])
    assert len(creating(shop)) == 1


@every_way
def test_other_answers_are_final(stopped: PaymentStep, shop: BrowserShop, way: str) -> None:
    statuses = [400, 404, 422, 429]
    shop.answer(BANCONTACT, *(Answer(status=status, body="no") for status in statuses))
    for status in statuses:
        send(stopped, way)
        expect_seen(stopped, [status, "no"])
    stopped.page.clock.run_for(30_000)
    assert len(creating(shop)) == len(statuses)


def test_a_post_is_known_by_its_body_and_sent_again_with_it(stopped: PaymentStep, shop: BrowserShop) -> None:
    shop.answer(APPLE_PAY, FAILED, Answer(body="ordered"))
    stopped.page.evaluate(
        """() => {
            window.seen = [];
            $.ajax({
                url: '/index.php?fc=module&module=mollie&controller=applePayDirectAjax', method: 'POST',
                headers: { 'X-Theme': 'own' },
                data: { action: 'mollie_apple_pay_create_order', token: { a: 1 } },
                success: (text) => window.seen.push(text),
            });
        }"""
    )
    stopped.wait_until_retrying(1)
    stopped.page.clock.run_for(1000)
    stopped.page.wait_for_function("window.seen.length")
    first, second = shop.to(APPLE_PAY)
    assert first.fields == second.fields == {"action": "mollie_apple_pay_create_order", "token[a]": "1"}
    assert first.headers["x-idempotency-key"] == second.headers["x-idempotency-key"]
    assert (first.headers["x-theme"], second.headers["x-theme"]) == ("own", "own")


def test_an_answer_that_breaks_off_is_asked_for_again(stopped: PaymentStep, shop: BrowserShop) -> None:
    # With fetch the page has the answer's beginning already: there it is the page's own affair.
    begun = threading.Event()
    shop.answer(BANCONTACT, Answer(body="half", headers=JSON, is_cut=True, until=begun), CREATED)
    stopped.page.evaluate(
        """(url) => {
            window.seen = [];
            window.xhr = new XMLHttpRequest();
            xhr.open('GET', url);
            xhr.onload = () => window.seen.push([xhr.status, xhr.responseText]);
            xhr.onerror = () => window.seen.push(['error']);
            xhr.send();
        }""",
        f"{BANCONTACT}?action=createTransaction",
    )
    stopped.page.wait_for_function("window.xhr.readyState >= 2")
    begun.set()
    stopped.wait_until_retrying(1)
    stopped.page.clock.run_for(1000)
    expect_seen(stopped, [200, '{"qr_code": "qr"}'])
