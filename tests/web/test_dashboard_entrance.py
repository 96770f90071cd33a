"""Who may open the merchant's page: signing in, sessions, forms of others, names that are not ours."""

from __future__ import annotations

from dataclasses import replace
from http.cookies import Morsel, SimpleCookie

import pytest
from flask import Flask
from structlog.testing import capture_logs
from werkzeug.test import TestResponse

from bridge.web.app import create_app
from bridge.web.settings import DashboardAccess, WebSettings
from tests.fakes.services import World
from tests.web.browsing import LOGIN, ORIGIN, Browsing, browsing
from tests.web.caller import ADMIN_TOKEN, SETTINGS, SHOP_TOKEN

pytestmark = pytest.mark.req("B13")

COOKIE = "mollie_bridge_dashboard"
PAGES = ["", "/reports", "/reports/duplicate_payments", "/deliveries", "/refunds", "/locks", "/cart", "/nothing"]


def app_with(world: World, settings: WebSettings = SETTINGS, **access: object) -> Flask:
    return create_app(world.services, replace(settings, dashboard=DashboardAccess(**access)))  # type: ignore[arg-type]


@pytest.fixture
def browser(app: Flask) -> Browsing:
    return browsing(app)


def cookie_of(answer: TestResponse) -> Morsel[str]:
    """The session's cookie, as the answer sets it."""
    jar: SimpleCookie = SimpleCookie()
    for header in answer.headers.getlist("Set-Cookie"):
        jar.load(header)
    return jar[COOKIE]


# Without a session


@pytest.mark.parametrize("page", PAGES)
def test_who_is_not_signed_in_is_sent_to_the_form_and_from_there_to_where_he_wanted(
    browser: Browsing, page: str
) -> None:
    answer = browser.get(f"/dashboard{page}")

    assert answer.status_code == 303
    assert answer.headers["Location"] == f"{LOGIN}?next=/dashboard{page}"
    assert answer.text.count("<") == answer.text.count(">") < 10


@pytest.mark.parametrize("token", [ADMIN_TOKEN, SHOP_TOKEN])
def test_a_bearer_token_opens_no_page(browser: Browsing, token: str) -> None:
    assert browser.get(Authorization=f"Bearer {token}").status_code == 303


def test_a_session_opens_no_route_of_the_api(browser: Browsing) -> None:
    browser.sign_in()

    assert browser.get("/v1/status").status_code == 401
    assert browser.get("/v1/reports").status_code == 401


# Signing in


def test_the_admins_token_opens_the_page_that_was_wanted(browser: Browsing) -> None:
    answer = browser.sign_in(next="/dashboard/reports?x=1")

    assert (answer.status_code, answer.headers["Location"]) == (303, "/dashboard/reports?x=1")
    assert browser.get("/dashboard/reports").status_code == 200


@pytest.mark.parametrize("token", ["", "wrong", SHOP_TOKEN, ADMIN_TOKEN[:-1], f"{ADMIN_TOKEN}x", "\x00", "é" * 400])
def test_another_token_opens_nothing_and_is_not_repeated(browser: Browsing, token: str) -> None:
    answer = browser.sign_in(token)

    assert answer.status_code == 401
    assert "Set-Cookie" not in answer.headers
    assert "That is not the admin&#39;s token" in answer.text
    assert len(token) < 4 or token not in answer.text
    assert browser.get().status_code == 303


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://evil.example/dashboard",
        "//evil.example/dashboard",
        "/\\evil.example",
        "/dashboard\\@evil.example",
        "/dashboardx",
        "/v1/status",
        "javascript:alert(1)//dashboard",
        "/dashboard\r\nSet-Cookie: x=1",
        "",
    ],
)
def test_nobody_is_sent_elsewhere_after_signing_in(browser: Browsing, elsewhere: str) -> None:
    answer = browser.sign_in(next=elsewhere)

    assert answer.headers["Location"] == "/dashboard"
    assert [header for header in answer.headers.getlist("Set-Cookie") if not header.startswith(COOKIE)] == []


def test_the_form_says_where_it_leads_and_holds_nothing_hostile(browser: Browsing) -> None:
    answer = browser.get(f'{LOGIN}?next=/dashboard/"><script>')

    assert "<script>" not in answer.text
    assert 'value="/dashboard/&#34;&gt;&lt;script&gt;"' in answer.text


# The cookie


def test_no_script_reads_the_cookie_and_no_foreign_page_sends_it(browser: Browsing) -> None:
    cookie = cookie_of(browser.sign_in())

    assert cookie["httponly"]
    assert (cookie["samesite"], cookie["path"], cookie["domain"]) == ("Strict", "/dashboard", "")
    assert cookie["max-age"] == "43200"
    assert not cookie["secure"], "plain http on the loopback would lose it"


def test_behind_a_proxy_that_speaks_tls_it_is_sent_over_tls_alone(browser: Browsing) -> None:
    answer = browser.client.post(
        LOGIN, data={"token": ADMIN_TOKEN}, headers={"Origin": ORIGIN, "X-Forwarded-Proto": "https"}
    )

    assert cookie_of(answer)["secure"]


def test_it_tells_nothing_of_the_token(browser: Browsing) -> None:
    answer = browser.sign_in()

    assert ADMIN_TOKEN not in str(answer.headers)
    assert ADMIN_TOKEN not in browser.get().text
    assert SHOP_TOKEN not in browser.get().text


def test_a_session_ends_after_its_time(browser: Browsing, world: World) -> None:
    browser.sign_in()
    world.clock.advance(hours=11, minutes=59)
    assert browser.get().status_code == 200

    world.clock.advance(minutes=2)
    assert browser.get().status_code == 303


@pytest.mark.slow
def test_its_time_is_a_setting(world: World) -> None:
    browser = browsing(app_with(world, session_lifetime=60.0))
    assert cookie_of(browser.sign_in())["max-age"] == "60"

    world.clock.advance(seconds=60)
    assert browser.get().status_code == 303


@pytest.mark.slow
def test_another_token_ends_all_sessions(browser: Browsing, world: World) -> None:
    cookie = cookie_of(browser.sign_in()).value
    other = browsing(app_with(world, replace(SETTINGS, admin_token="another-token-of-the-admin-0123456789")))

    other.client.set_cookie(COOKIE, cookie, path="/dashboard")
    assert other.get().status_code == 303

    same = browsing(app_with(world))
    same.client.set_cookie(COOKIE, cookie, path="/dashboard")
    assert same.get().status_code == 200


@pytest.mark.parametrize("change", ["", "x", "é", "WzE3ODAwMDAwMDAsIngiXQ.x", "W10.x", "a.b.c", "." * 3000])
def test_a_made_up_cookie_is_none(browser: Browsing, change: str) -> None:
    browser.client.set_cookie(COOKIE, change, path="/dashboard")

    assert browser.get().status_code == 303


def test_a_changed_cookie_is_none(browser: Browsing) -> None:
    payload, _, signature = cookie_of(browser.sign_in()).value.partition(".")
    browser.client.set_cookie(COOKIE, f"{payload[:-2]}AA.{signature}", path="/dashboard")

    assert browser.get().status_code == 303


def test_signing_out_takes_the_cookie_back(browser: Browsing) -> None:
    browser.sign_in()

    answer = browser.send("/dashboard/logout", {"form_token": browser.form_token()})

    assert (answer.status_code, answer.headers["Location"]) == (303, LOGIN)
    assert browser.get().status_code == 303


# Tries


def test_more_tries_than_ten_a_minute_are_not_looked_at_not_even_the_right_one(world: World) -> None:
    browser = browsing(app_with(world))
    assert [browser.sign_in("wrong").status_code for _ in range(11)] == [401] * 10 + [429]

    answer = browser.sign_in()
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) >= 6
    assert "Set-Cookie" not in answer.headers

    world.clock.advance(seconds=60)
    assert browser.sign_in().status_code == 303


def test_what_is_tried_is_logged_without_the_token(browser: Browsing) -> None:
    with capture_logs() as lines:
        browser.sign_in("wrong-but-secret")
        browser.sign_in()

    events = [line["event"] for line in lines if line["event"].startswith("dashboard.")]
    assert events == ["dashboard.wrong_token", "dashboard.signed_in"]
    assert "wrong-but-secret" not in str(lines)
    assert ADMIN_TOKEN not in str(lines)


# Forms of others


@pytest.mark.parametrize(
    "origin", [None, "null", "http://evil.example", "http://localhost:9999", "http://localhost.evil.example", ""]
)
def test_a_form_from_elsewhere_is_not_taken(browser: Browsing, origin: str | None) -> None:
    assert browser.send(LOGIN, {"token": ADMIN_TOKEN}, origin=origin).status_code == 403

    browser.sign_in()
    token = browser.form_token()
    assert browser.send("/dashboard/logout", {"form_token": token}, origin=origin).status_code == 403
    assert browser.get().status_code == 200


@pytest.mark.parametrize("sent", [{}, {"form_token": ""}, {"form_token": "x" * 32}, {"form_token": "é"}])
def test_a_form_without_the_sessions_token_is_not_taken(browser: Browsing, sent: dict[str, str]) -> None:
    browser.sign_in()

    assert browser.send("/dashboard/logout", sent).status_code == 403


@pytest.mark.slow
def test_a_form_of_another_session_is_not_taken(browser: Browsing, world: World) -> None:
    browser.sign_in()
    other = browsing(app_with(world))
    other.sign_in()

    assert browser.send("/dashboard/logout", {"form_token": other.form_token()}).status_code == 403
