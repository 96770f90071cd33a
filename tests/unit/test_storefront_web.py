"""The toy shop's pages and the module's addresses, without a script in the browser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
import requests
from flask.testing import FlaskClient

from bridge.demo.serving import serve_in_thread
from bridge.demo.storefront import BridgeShim, Failure, create_app
from tests.unit.fake_sidecar import TOKEN, FakeSidecar, open_sidecar
from tests.unit.storefront_scene import Scene

PAYMENT = "/index.php?fc=module&module=mollie&controller=payment&method=ideal&cart_id="


@pytest.fixture
def browser(scene: Scene) -> FlaskClient:
    return create_app(scene.shop).test_client()


def local(url: str) -> str:
    """The path and query of an address of the shop, for the test client."""
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}"


def paid(scene: Scene, cart: int, *, announced: bool = True) -> str:
    transaction_id = scene.paid(cart)
    if announced:
        assert scene.announce(transaction_id, cart) == 200
    return transaction_id


@pytest.mark.slow
def test_a_new_cart_can_be_filled_paid_in_three_tabs_and_changed(scene: Scene, browser: FlaskClient) -> None:
    where = browser.post("/carts", data={"amount": "14.40"}).location
    cart = int(where.rpartition("/")[2])

    page = browser.get(f"/cart/{cart}").text
    tabs = [browser.get(PAYMENT + str(cart)) for _ in range(3)]
    browser.post(f"/cart/{cart}/change", data={"amount": "28.80"})

    assert page.count('target="_blank"') == 3
    assert [tab.status_code for tab in tabs] == [302, 302, 302]
    assert len({tab.location for tab in tabs}) == 3
    assert str(scene.shop.get_cart(cart).total) == "28.80"


@pytest.mark.slow
def test_the_page_says_what_was_taken_and_what_was_owed(scene: Scene, browser: FlaskClient) -> None:
    cart = scene.shop.add_cart("14.40")
    paid(scene, cart)
    paid(scene, cart)

    page = browser.get(f"/cart/{cart}").text

    assert "Taken 28.80 EUR, owed 14.40 EUR" in page
    assert "14.40 EUR too much" in page
    assert "answered 200" in page
    assert f'href="/cart/{cart}"' in browser.get("/").text


@pytest.mark.slow
def test_a_cart_paid_once_is_shown_as_clean(scene: Scene, browser: FlaskClient) -> None:
    cart = scene.shop.add_cart()
    paid(scene, cart)

    page = browser.get(f"/cart/{cart}").text

    assert "paid once" in page
    assert "too much" not in page


@pytest.mark.parametrize(
    "path", ["/index.php?fc=module&module=mollie&controller=webhook&id_lang=1&", "/module/mollie/webhook?"]
)
def test_mollie_reaches_the_webhook_at_both_addresses(scene: Scene, browser: FlaskClient, path: str) -> None:
    cart = scene.shop.add_cart()
    transaction_id = paid(scene, cart, announced=False)

    answer = browser.post(f"{path}security_token={scene.shop.token_of(cart)}", data={"id": transaction_id})

    assert (answer.status_code, answer.json) == (200, {"success": True})
    assert len(scene.references(cart)) == 1


@pytest.mark.slow
def test_the_shopper_comes_back_and_waits_until_the_order_is_there(scene: Scene, browser: FlaskClient) -> None:
    cart = scene.shop.add_cart()
    transaction_id = paid(scene, cart, announced=False)
    back = local(scene.mollie.payment(transaction_id).redirect_url or "")

    waiting = browser.get(back)
    scene.shop.webhook(transaction_id, scene.shop.token_of(cart))
    looked = browser.get(next_look(waiting.text))

    assert "Look 1 of 10" in waiting.text
    assert "order-confirmation" in looked.location
    assert next(iter(scene.references(cart))) in browser.get(local(looked.location)).text


@pytest.mark.slow
def test_a_shopper_who_paid_is_told_after_ten_looks_that_he_did_not(scene: Scene, browser: FlaskClient) -> None:
    cart = scene.shop.add_cart()
    transaction_id = paid(scene, cart, announced=False)
    answer = browser.get(local(scene.mollie.payment(transaction_id).redirect_url or ""))

    for _ in range(10):
        answer = browser.get(next_look(answer.text))

    assert f"/cart/{cart}?notice=Your+payment+was+not+successful" in answer.location
    assert "Your payment was not successful" in browser.get(local(answer.location)).text


@pytest.mark.parametrize(
    ("end", "notice"), [("cancel", "not+successful"), ("expire", "not+successful"), (None, "not+completed")]
)
def test_a_shopper_who_did_not_pay_is_led_back_to_his_cart(
    scene: Scene, browser: FlaskClient, end: str | None, notice: str
) -> None:
    cart = scene.shop.add_cart()
    transaction_id = scene.shop.pay(cart).transaction_id
    if end:
        getattr(scene.mollie, end)(transaction_id)

    answer = browser.get(local(scene.mollie.payment(transaction_id).redirect_url or ""))

    assert notice in answer.location


def test_a_pending_payment_gets_its_order_on_the_return_page(scene: Scene, browser: FlaskClient) -> None:
    cart = scene.shop.add_cart()
    transaction_id = scene.shop.pay(cart).transaction_id
    scene.mollie.start(transaction_id)

    answer = browser.get(local(scene.mollie.payment(transaction_id).redirect_url or ""))

    assert "order-confirmation" in answer.location
    (row,) = scene.shop.payments_of(cart)
    assert (row["bank_status"], len(scene.references(cart))) == ("pending", 1)


def test_a_foreign_key_leads_home(scene: Scene, browser: FlaskClient) -> None:
    cart = scene.shop.add_cart()
    paid(scene, cart)

    returning = browser.get(f"/index.php?fc=module&module=mollie&controller=return&cart_id={cart}&key=x")
    confirming = browser.get(f"/index.php?controller=order-confirmation&id_cart={cart}&key=x")

    assert returning.location == confirming.location == f"{scene.shop.base_url}/"


def test_the_waiting_page_can_be_asked_by_a_script(scene: Scene, browser: FlaskClient) -> None:
    cart = scene.shop.add_cart()
    transaction_id = paid(scene, cart, announced=False)
    back = local(scene.mollie.payment(transaction_id).redirect_url or "") + "&ajax=1&action=getStatus"

    before = browser.get(back).json
    scene.shop.webhook(transaction_id, scene.shop.token_of(cart))
    after = browser.get(back).json

    assert before == {"success": False}
    assert (after or {})["success"] is True
    assert "order-confirmation" in (after or {})["href"]


def test_what_is_not_there_is_not_found(browser: FlaskClient) -> None:
    assert browser.get("/cart/999999").status_code == 404
    assert browser.get(PAYMENT + "999999").status_code == 404
    assert browser.get("/module/mollie/nothing").status_code == 404
    assert browser.post("/carts", data={"amount": "much"}).status_code == 400
    assert browser.post("/carts", data={"amount": "NaN"}).status_code == 400


def test_names_from_outside_are_escaped(scene: Scene, browser: FlaskClient) -> None:
    cart = scene.shop.add_cart()

    page = browser.get(f"/cart/{cart}", query_string={"notice": "<script>x</script>"}).text

    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_a_broken_connection_leaves_mollie_without_an_answer(scene: Scene) -> None:
    cart = scene.shop.add_cart()
    transaction_id = paid(scene, cart, announced=False)
    scene.shop.failures.next(Failure.CLOSE)

    with serve_in_thread(create_app(scene.shop)) as server, pytest.raises(requests.ConnectionError):
        requests.post(f"{server.url}/module/mollie/webhook?security_token=t", {"id": transaction_id}, timeout=10)

    assert scene.references(cart) == set()


# With the bridge


@pytest.fixture
def sidecar() -> Iterator[tuple[FakeSidecar, str]]:
    with open_sidecar() as opened:
        yield opened


@pytest.mark.slow
def test_the_bridge_can_be_switched_off_and_on_at_run_time(scene: Scene, sidecar: tuple[FakeSidecar, str]) -> None:
    fake, url = sidecar
    fake.says("payments", 409, {"action": "deny"})
    browser = create_app(scene.shop, BridgeShim(base_url=url, token=TOKEN)).test_client()
    cart = scene.shop.add_cart()

    guarded = browser.get(PAYMENT + str(cart))
    switched = browser.post("/bridge", data={"on": "0", "back": f"/cart/{cart}"})
    unguarded = browser.get(PAYMENT + str(cart))
    browser.post("/bridge", data={"on": "1", "back": "//elsewhere.test"})

    assert guarded.status_code == 409
    assert "A payment is already in progress" in guarded.text
    assert switched.location == f"/cart/{cart}"
    assert unguarded.location.startswith(scene.mollie_url)
    assert "with the bridge" in browser.get("/").text


def test_a_shopper_asked_to_wait_gets_a_page_that_tries_again(scene: Scene, sidecar: tuple[FakeSidecar, str]) -> None:
    fake, url = sidecar
    fake.says("payments", 409, {"action": "retry_later"}, Retry_After="2")
    browser = create_app(scene.shop, BridgeShim(base_url=url, token=TOKEN)).test_client()

    answer = browser.get(PAYMENT + str(scene.shop.add_cart()))

    assert answer.headers["Retry-After"] == "2"
    assert 'http-equiv="refresh" content="2;' in answer.text


@pytest.mark.slow
def test_with_the_bridge_the_return_page_settles_first(scene: Scene, sidecar: tuple[FakeSidecar, str]) -> None:
    fake, url = sidecar
    fake.says("settle", 200)
    browser = create_app(scene.shop, BridgeShim(base_url=url, token=TOKEN)).test_client()
    cart = scene.shop.add_cart()
    transaction_id = paid(scene, cart, announced=False)

    browser.get(local(scene.mollie.payment(transaction_id).redirect_url or ""))

    assert [call.path for call in fake.calls] == [f"v1/carts/{cart}/settle"]


def next_look(page: str) -> str:
    """Where the waiting page refreshes itself to."""
    found = re.search(r'http-equiv="refresh" content="[\d.]+;url=([^"]+)"', page)
    assert found is not None
    return found[1].replace("&amp;", "&")
