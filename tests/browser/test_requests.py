"""AJAX requests that create payments: the key, one at a time, patience. All others are left alone."""

from __future__ import annotations

import threading

import pytest
from playwright.sync_api import expect

from tests.browser.payment_step import UUID4, PaymentStep
from tests.browser.shop_server import Answer, BrowserShop, html_answer

pytestmark = [pytest.mark.browser, pytest.mark.req("L9")]

BANCONTACT = "/module/mollie/bancontactAjax"
APPLE_PAY = "/index.php"
CREATED = html_answer(200, {"qr_code": "qr"})
FAILED = Answer(status=500, body="broken")

SEND = {
    "fetch": """(url) => {
        window.seen = [];
        window.result = fetch(url).then(
            (r) => r.text().then((text) => window.seen.push([r.status, text])), () => window.seen.push(['error']));
    }""",
    "XMLHttpRequest": """(url) => {
        window.seen = [];
        const xhr = new XMLHttpRequest();
        xhr.open('GET', url);
        xhr.onload = () => window.seen.push([xhr.status, xhr.responseText]);
        xhr.onerror = () => window.seen.push(['error']);
        xhr.send();
    }""",
    "jQuery.ajax": """(url) => {
        window.seen = [];
        $.ajax({
            url: url,
            dataType: 'text',
            success: (text, _, xhr) => window.seen.push([xhr.status, text]),
            error: (xhr) => window.seen.push(xhr.status ? [xhr.status, xhr.responseText] : ['error']),
        });
    }""",
}
"""Ways of asking for the QR code; `seen` is what the page is told."""

every_way = pytest.mark.parametrize("way", SEND)


@pytest.fixture
def stopped(step: PaymentStep) -> PaymentStep:
    """On the payment step, with a clock that the test moves."""
    return step.visit_at_a_stopped_clock().choose("bancontact")


def send(step: PaymentStep, way: str, url: str = f"{BANCONTACT}?ajax=1&action=createTransaction") -> None:
    step.page.evaluate(SEND[way], url)


def creating(shop: BrowserShop) -> list[str | None]:
    """The keys of the creating requests so far."""
    calls = [call for call in shop.to(BANCONTACT) if call.query.get("action") == "createTransaction"]
    return [call.headers.get("x-idempotency-key") for call in calls]


def expect_seen(step: PaymentStep, *seen: list[object]) -> None:
    step.page.wait_for_function("window.seen.length > 0")
    assert step.page.evaluate("window.seen") == list(seen)


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
        stopped.page.clock.run_for(100)
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


def test_the_events_of_a_request_come_once(stopped: PaymentStep, shop: BrowserShop) -> None:
    shop.answer(BANCONTACT, FAILED, CREATED)
    stopped.page.evaluate(
        """(url) => {
            window.seen = []; window.states = [];
            const xhr = new XMLHttpRequest();
            xhr.open('GET', url);
            xhr.onreadystatechange = () => window.states.push(xhr.readyState);
            for (const type of ['loadstart', 'load', 'error', 'abort', 'timeout', 'loadend']) {
                xhr.addEventListener(type, () => window.seen.push(type));
            }
            xhr.send();
        }""",
        f"{BANCONTACT}?action=createTransaction",
    )
    stopped.wait_until_retrying(1)
    stopped.page.clock.run_for(1000)
    stopped.page.wait_for_function("window.seen.includes('loadend')")
    assert stopped.page.evaluate("[window.seen, window.states]") == [["loadstart", "load", "loadend"], [2, 3, 4]]


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
