"""Ways in which a page asks for Bancontact's QR code, and what the page and the shop see of it."""

from __future__ import annotations

from tests.browser.payment_step import PaymentStep
from tests.browser.shop_server import Answer, BrowserShop, html_answer

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


def send(step: PaymentStep, way: str, url: str = f"{BANCONTACT}?ajax=1&action=createTransaction") -> None:
    step.page.evaluate(SEND[way], url)


def creating(shop: BrowserShop) -> list[str | None]:
    """The keys of the creating requests so far."""
    calls = [call for call in shop.to(BANCONTACT) if call.query.get("action") == "createTransaction"]
    return [call.headers.get("x-idempotency-key") for call in calls]


def expect_seen(step: PaymentStep, *seen: list[object]) -> None:
    step.page.wait_for_function("window.seen.length > 0")
    assert step.page.evaluate("window.seen") == list(seen)
