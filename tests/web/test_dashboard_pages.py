"""What stands on the merchant's pages, and that words from outside stand there as words."""

from __future__ import annotations

import re
from html import escape
from xml.etree import ElementTree as ET

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from bridge.domain.errors import LockBackendDown
from bridge.ports.locks import HeldLock
from bridge.web.dashboard.plots import BOTTOM, HEIGHT, LEFT, RIGHT, WIDTH
from tests.contract.ledger_builders import a_delivery
from tests.fakes.busy_month import HOSTILE
from tests.fakes.services import World
from tests.web.browsing import Browsing, text_of
from tests.web.caller import ADMIN_TOKEN, caller, json_of

pytestmark = pytest.mark.req("B13")

SVG = "{http://www.w3.org/2000/svg}"
FIGURES = ("prevented", "resumed", "superseded", "surplus", "refunded", "awaiting_approval")


def out_of_order() -> tuple[HeldLock, ...]:
    raise LockBackendDown("redis://:secret@localhost is away")


def figure(page: TestResponse, name: str) -> int:
    found = re.search(rf'<dd id="{name}">([\d,]+)</dd>', page.text)
    assert found, name
    return int(found[1].replace(",", ""))


def plots(page: TestResponse) -> dict[str, str]:
    """The page's plots by their id."""
    return dict(re.findall(r'<figure class="card plot" id="([a-z-]+)">(.*?)</figure>', page.text, re.DOTALL))


# The first page


def test_its_figures_are_those_of_the_back_office(busy: Browsing, app: Flask) -> None:
    page = busy.get()
    told = json_of(caller(app, ADMIN_TOKEN).get("/v1/status"))["data"]["figures"]

    assert {name: figure(page, name) for name in FIGURES} == {name: told[name] for name in FIGURES}
    assert told["prevented"] > 0
    assert told["surplus"] > told["refunded"] > 0


def test_the_tables_below_the_plots_add_up_to_the_figures(busy: Browsing) -> None:
    page = busy.get()
    rows = re.findall(r'<tr><th scope="row">[\d-]+</th>(.*?)</tr>', plots(page)["decided"])
    columns = list(zip(*(re.findall(r'<td class="number">([\d,]*)</td>', row) for row in rows), strict=True))

    assert len(rows) == 30
    assert [sum(int(cell or 0) for cell in column) for column in columns] == [
        figure(page, name) for name in ("prevented", "resumed", "surplus")
    ]


@pytest.mark.req("B4")
def test_currencies_are_shown_apart_and_never_added(busy: Browsing) -> None:
    page = busy.get()

    assert {"money-eur", "money-usd"} <= plots(page).keys()
    assert "taken too much" in plots(page)["money-usd"]
    assert "105.90 USD" in plots(page)["money-usd"]
    assert "EUR" not in plots(page)["money-usd"]


def test_every_plot_is_an_image_with_a_title_a_description_real_axes_and_a_table(busy: Browsing) -> None:
    found = plots(busy.get())

    assert {"decided", "payments", "times"} <= found.keys()
    for name, html in found.items():
        svg = re.search(r"<svg .*?</svg>", html, re.DOTALL)
        assert svg, name
        drawn = ET.fromstring(svg[0].replace("<svg ", f'<svg xmlns="{SVG[1:-1]}" ', 1))
        assert drawn.get("role") == "img"
        ids = {one.get("id") for one in drawn if one.tag in {f"{SVG}title", f"{SVG}desc"}}
        assert ids == set((drawn.get("aria-labelledby") or "").split())
        assert len([one for one in drawn if one.tag == f"{SVG}text"]) >= 7
        for bar in drawn.iter(f"{SVG}rect"):
            x, y = float(bar.get("x") or "nan"), float(bar.get("y") or "nan")
            assert x >= LEFT
            assert x + float(bar.get("width") or "nan") <= WIDTH - RIGHT
            assert y >= 0
            assert y + float(bar.get("height") or "nan") <= HEIGHT - BOTTOM + 0.2
            assert bar[0].text
        assert html.count("<tr>") == 31


@pytest.mark.parametrize(
    ("says", "link"),
    [
        ("14.40 EUR and 105.90 USD taken too much", "/dashboard/reports/surplus_payments"),
        ("1 refund waiting for your word", "/dashboard/refunds?state=proposed"),
        ("1 refund refused by Mollie", "/dashboard/refunds?state=failed"),
        ("1 refund of unknown outcome", "/dashboard/refunds?state=uncertain"),
        ("1 paid cart without an order that fits", "/dashboard/reports/unverified_orders"),
        ("1 webhook given up", "/dashboard/deliveries?state=dead"),
        ("A webhook has waited since", "/dashboard/deliveries?state=waiting"),
    ],
)
def test_what_needs_a_person_stands_there_with_what_to_do_and_where_its_rows_are(
    busy: Browsing, says: str, link: str
) -> None:
    page = busy.get()
    (need,) = [one for one in re.findall(r'<li class="card need">(.*?)</li>', page.text, re.DOTALL) if says in one]

    assert f'href="{escape(link)}"' in need
    assert len(re.findall(r"<p>[A-Z0-9].{20,}?</p>", need, re.DOTALL)) == 1
    assert busy.get(link).status_code in {200, 409}  # 409: the stand-in has no database for reports


def test_the_commands_for_it_are_ones_that_there_are(busy: Browsing) -> None:
    said = set(re.findall(r"<code>(mollie-bridge [^<]+)</code>", busy.get().text))

    assert "mollie-bridge replay --dead" in said
    assert "mollie-bridge refunds approve REFUND_ID" in said


def test_where_nothing_has_happened_it_says_so_kindly(browser: Browsing) -> None:
    page = browser.get()

    assert page.status_code == 200
    assert "Nothing. Every payment is settled" in text_of(page)
    assert "Not much has happened yet" in text_of(page)
    assert "<svg" not in page.text
    assert "Nothing of this in the last 30 days" in plots(page)["times"]


def test_locks_that_can_not_be_seen_are_a_worry_and_no_error(
    busy: Browsing, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "can not be seen" not in busy.get().text
    monkeypatch.setattr(world.locks, "held", out_of_order)

    page = busy.get()
    assert page.status_code == 200
    assert "The locks can not be seen" in page.text
    assert "secret" not in page.text
    assert "does not answer" in text_of(busy.get("/dashboard/locks"))


def test_what_waits_for_mollie_says_so(browser: Browsing, world: World) -> None:
    assert "Mollie no trouble known" in text_of(browser.get())
    world.ledger.save_delivery(a_delivery(received_at=world.clock.now(), last_error="MollieUnavailable: 503 <b>"))

    assert "Mollie MollieUnavailable: 503 <b>" in text_of(browser.get())


def test_with_a_slash_behind_it_the_page_is_found(browser: Browsing) -> None:
    answer = browser.get("/dashboard/")

    assert (answer.status_code, answer.headers["Location"]) == (303, "/dashboard")


def test_a_database_that_is_down_is_a_page_with_a_reason_and_no_detail(busy: Browsing, world: World) -> None:
    world.ledger.down = True

    answer = busy.get()

    assert (answer.status_code, answer.mimetype) == (503, "text/html")
    assert answer.headers["Retry-After"]
    assert answer.headers["X-Request-Id"] in answer.text
    assert "for this test" not in answer.text


# Words from outside


@pytest.mark.parametrize(
    ("path", "times"),
    [
        ("", 0),
        ("/deliveries", 3),
        ("/deliveries?state=dead", 3),
        ("/refunds", 4),
        ("/refunds?state=failed", 2),
        ("/cart?cart_id=42", 2),
        ("/locks", 4),
    ],
)
def test_hostile_words_are_shown_to_the_letter_and_nothing_else(
    busy: Browsing, world: World, path: str, times: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = HeldLock(key=HOSTILE, holder=HOSTILE, purpose=None, since=None, expires_at=None)
    monkeypatch.setattr(world.locks, "held", lambda: (held,))

    page = busy.get(f"/dashboard{path}")

    assert page.status_code == 200
    assert page.text.count(escape(HOSTILE, quote=True).replace("&quot;", "&#34;").replace("&#x27;", "&#39;")) == times
    assert "<script" not in page.text
    assert "<img" not in page.text
    assert " onerror=" not in re.sub(r"&lt;img.*?&gt;", "", page.text)


def test_no_page_holds_a_token_of_ours_or_a_leases(busy: Browsing) -> None:
    for path in ("", "/deliveries", "/refunds", "/locks", "/cart?cart_id=42", "/reports"):
        text = busy.get(f"/dashboard{path}").text
        assert ADMIN_TOKEN not in text
        assert "t" * 36 not in text
