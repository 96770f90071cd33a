"""Under which names the merchant's page answers, and what every answer of it forbids the browser."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.fakes.services import World
from tests.web.browsing import LOGIN, Browsing, browsing
from tests.web.caller import ADMIN_TOKEN
from tests.web.test_dashboard_entrance import app_with

pytestmark = pytest.mark.req("B13")


@pytest.fixture
def browser(app: Flask) -> Browsing:
    return browsing(app)


# Names


@pytest.mark.parametrize(
    "host", ["localhost", "localhost:8787", "127.0.0.1:8787", "127.1.2.3", "[::1]:8787", "LOCALHOST"]
)
def test_the_page_answers_under_the_names_of_the_loopback(browser: Browsing, host: str) -> None:
    assert browser.get(LOGIN, Host=host).status_code == 200


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:8787", "localhost.evil.example", "192.0.2.1", "127.0.0.1.evil.example", "[::2]"],
)
@pytest.mark.parametrize("path", [LOGIN, "/dashboard/assets/dashboard.css"])
def test_it_does_not_answer_under_another(browser: Browsing, host: str, path: str) -> None:
    answer = browser.get(path, Host=host)

    assert answer.status_code == 421
    assert "token" not in answer.text


def test_a_name_that_is_configured_is_one_of_ours(world: World) -> None:
    browser = browsing(app_with(world, hosts=("Bridge.example.com",)))

    assert browser.get(LOGIN, Host="bridge.example.com").status_code == 200
    assert browser.get(LOGIN, Host="other.example.com").status_code == 421


def test_behind_a_proxy_with_tls_one_signs_in_under_its_name(world: World) -> None:
    client = app_with(world, hosts=("bridge.example.com",)).test_client()
    headers = {"Host": "bridge.example.com", "X-Forwarded-Proto": "https"}
    form = {"token": ADMIN_TOKEN}

    answer = client.post(LOGIN, data=form, headers={**headers, "Origin": "https://bridge.example.com"})

    assert (answer.status_code, answer.headers["Location"]) == (303, "/dashboard")
    elsewhere = client.post(LOGIN, data=form, headers={**headers, "Origin": "https://evil.example"})
    assert elsewhere.status_code == 403


def test_the_api_answers_under_any_name_as_before(world: World) -> None:
    assert browsing(app_with(world)).get("/healthz", Host="evil.example").status_code == 200


def test_the_page_can_be_taken_away(world: World) -> None:
    answer = browsing(app_with(world, enabled=False)).get()

    assert (answer.status_code, answer.mimetype) == (404, "application/problem+json")


# Headers


@pytest.mark.parametrize("path", ["", "/login", "/reports", "/nothing", "/refunds?state=nonsense", "/assets/none.js"])
def test_every_page_runs_no_script_loads_nothing_foreign_and_is_framed_by_nobody(browser: Browsing, path: str) -> None:
    browser.sign_in()
    headers = browser.get(f"/dashboard{path}").headers

    policy = dict(part.strip().split(" ", 1) for part in headers["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert "script-src" not in policy
    assert {policy[name] for name in ("style-src", "img-src", "form-action")} == {"'self'"}
    assert {policy[name] for name in ("frame-ancestors", "base-uri")} == {"'none'"}
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"
    assert headers["Referrer-Policy"] == "same-origin"


@pytest.mark.parametrize(("name", "kind"), [("dashboard.css", "text/css"), ("icon.svg", "image/svg+xml")])
def test_style_and_icon_need_no_session(browser: Browsing, name: str, kind: str) -> None:
    answer = browser.get(f"/dashboard/assets/{name}")

    assert (answer.status_code, answer.mimetype) == (200, kind)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["..%2Fdoor.py", "%2e%2e/door.py", "door.py", "icon.svg%00"])
def test_no_other_file_is_to_be_had(browser: Browsing, name: str) -> None:
    assert browser.get(f"/dashboard/assets/{name}").status_code in {303, 404}
