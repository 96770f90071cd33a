"""AJAX requests that create payments bear the key and take turns. All others are left alone."""

from __future__ import annotations

import threading

import pytest
from playwright.sync_api import expect

from tests.browser.ajax import BANCONTACT, CREATED, FAILED, SEND, creating, expect_seen, send
from tests.browser.payment_step import UUID4, PaymentStep
from tests.browser.shop_server import Answer, BrowserShop

pytestmark = [pytest.mark.browser, pytest.mark.req("L9")]

every_way = pytest.mark.parametrize("way", SEND)


def test_the_modules_qr_code_bears_the_key_and_its_polling_does_not(step: PaymentStep, shop: BrowserShop) -> None:
    shop.answer(BANCONTACT, CREATED)
    key = step.visit().key("bancontact")
    step.choose("bancontact").pay()
    expect(step.page.locator("#qr-code")).to_have_text("qr")
    step.wait_for(BANCONTACT, 2)
    keys = {call.query["action"]: call.headers.get("x-idempotency-key") for call in shop.to(BANCONTACT)}
    assert keys == {"createTransaction": key, "checkForPaidTransaction": None}
    step.expect_alive()


def test_the_button_is_busy_until_the_qr_code_is_there(step: PaymentStep, shop: BrowserShop) -> None:
    held = threading.Event()
    shop.answer(BANCONTACT, Answer(body='{"qr_code": "qr"}', until=held))
    step.visit().choose("bancontact").pay().wait_for(BANCONTACT, 2)
    step.expect_busy()
    step.press(times=3)
    held.set()
    step.expect_alive()
    assert len(creating(shop)) == 1


@every_way
def test_an_answer_comes_through_as_it_is(stopped: PaymentStep, shop: BrowserShop, way: str) -> None:
    shop.answer(BANCONTACT, CREATED)
    send(stopped, way)
    expect_seen(stopped, [200, '{"qr_code": "qr"}'])
    assert [UUID4.fullmatch(key or "") is not None for key in creating(shop)] == [True]


@every_way
def test_the_same_key_is_never_under_way_twice(stopped: PaymentStep, shop: BrowserShop, way: str) -> None:
    held = threading.Event()
    shop.answer(BANCONTACT, Answer(body="first", until=held), Answer(body="second"))
    send(stopped, way)
    stopped.wait_for(BANCONTACT)
    send(stopped, "fetch")
    stopped.page.evaluate("fetch('/elsewhere')")
    stopped.wait_for("/elsewhere")  # it was sent after the second, which has not been
    assert len(creating(shop)) == 1
    held.set()
    stopped.wait_for(BANCONTACT, 2)
    assert len(set(creating(shop))) == 1


OTHERS = [
    "/module/mollie/ajax?action=createTransaction",
    f"{BANCONTACT}?action=checkForPaidTransaction",
    "/index.php?fc=module&module=other&controller=applePayDirectAjax&action=mollie_apple_pay_create_order",
    "/elsewhere",
]


@every_way
def test_other_requests_are_left_alone(stopped: PaymentStep, shop: BrowserShop, way: str) -> None:
    for url in OTHERS:
        shop.answer(url.partition("?")[0], FAILED)
        send(stopped, way, url)
        expect_seen(stopped, [500, "broken"])
    stopped.page.clock.run_for(30_000)
    assert len(shop.calls) == len(OTHERS)
    assert [call for call in shop.calls if "x-idempotency-key" in call.headers] == []
    assert stopped.page.inner_text(".molliebridge-message") == ""


def test_other_requests_reach_the_browser_with_their_own_this_and_arguments(step: PaymentStep) -> None:
    step.page.add_init_script(
        """
        window.seen = [];
        window.fetch = function () { window.seen.push([this === window || this === undefined, ...arguments]); };
        for (const name of ['open', 'send', 'setRequestHeader', 'abort']) {
            const native = XMLHttpRequest.prototype[name];
            XMLHttpRequest.prototype[name] = function () {
                window.seen.push([this.mark, ...arguments]);
                return native.apply(this, arguments);
            };
        }
        """
    )
    step.visit()
    seen = step.page.evaluate(
        """() => {
            window.seen = [];
            fetch('/elsewhere', { method: 'PUT', body: 'a' }, 'third');
            const xhr = new XMLHttpRequest();
            xhr.mark = 'mine';
            xhr.open('POST', '/elsewhere', true, 'user');
            xhr.setRequestHeader('X-A', 'b');
            xhr.send('body');
            xhr.abort();
            return window.seen;
        }"""
    )
    assert seen == [
        [True, "/elsewhere", {"method": "PUT", "body": "a"}, "third"],
        ["mine", "POST", "/elsewhere", True, "user"],
        ["mine", "X-A", "b"],
        ["mine", "body"],
        ["mine"],
    ]
