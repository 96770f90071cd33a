"""The reports on the merchant's pages."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from bridge.domain.report_catalogue import CATALOGUE
from bridge.services.reports import Reports
from tests.fakes.busy_month import HOSTILE
from tests.fakes.services import World
from tests.web.browsing import Browsing, text_of
from tests.web.conftest import ServicesOfTheTest
from tests.web.test_reports import PAID_TWICE, GivenRows

pytestmark = pytest.mark.req("B13", "P6")


@pytest.fixture
def source(world: World, running: ServicesOfTheTest, browser: Browsing) -> GivenRows:
    given = GivenRows()
    running.world = replace(world, services=replace(world.services, reports=Reports(given)))
    return given


def test_the_list_names_every_report_and_runs_none(source: GivenRows, browser: Browsing) -> None:
    page = browser.get("/dashboard/reports")

    assert [name for name in (r.name for r in CATALOGUE) if f'href="/dashboard/reports/{name}"' not in page.text] == []
    assert source.asked == []


def test_a_report_shows_its_question_its_rows_and_its_sums(source: GivenRows, browser: Browsing) -> None:
    source.rows = [PAID_TWICE]

    page = browser.get("/dashboard/reports/duplicate_payments?since=2026-02-01")
    text = text_of(page)

    assert "Which carts were paid more than once, and how much money is at risk?" in text
    assert "1 row" in text
    assert "at risk 14.40 EUR" in text
    assert 'href="/dashboard/cart?cart_id=42"' in page.text
    assert [str(since) for _, since in source.asked] == ["2026-02-01"]
    assert 'href="/dashboard/reports/duplicate_payments.csv?since=2026-02-01"' in page.text


def test_many_rows_are_shown_a_hundred_at_a_time_and_the_sums_are_of_all(source: GivenRows, browser: Browsing) -> None:
    source.rows = [(number, *PAID_TWICE[1:]) for number in range(1, 252)]

    first, last = (browser.get(f"/dashboard/reports/duplicate_payments?page={page}") for page in (1, 3))

    assert "251 rows , here 1 to 100" in text_of(first)
    assert "here 201 to 251" in text_of(last)
    assert "cart_id=251" in last.text
    assert "cart_id=101" not in first.text + last.text
    assert f"at risk {Decimal('14.40') * 251} EUR" in text_of(last)
    assert 'rel="next"' in first.text
    assert 'rel="next"' not in last.text
    assert 'rel="prev"' in last.text


def test_more_rows_than_can_be_shown_are_said_to_be_missing(source: GivenRows, browser: Browsing) -> None:
    source.rows = [PAID_TWICE] * 10_001

    page = browser.get("/dashboard/reports/duplicate_payments?page=100")

    assert "Only the first 10,000 rows can be shown or downloaded" in text_of(page)
    assert 'rel="next"' not in page.text


def test_a_report_can_be_taken_away_as_a_file(source: GivenRows, browser: Browsing) -> None:
    source.rows = [PAID_TWICE]

    as_csv = browser.get("/dashboard/reports/duplicate_payments.csv")
    as_json = browser.get("/dashboard/reports/duplicate_payments.json")

    assert as_csv.headers["Content-Disposition"] == 'attachment; filename="duplicate_payments.csv"'
    assert as_csv.text.splitlines()[1].startswith("42,1,2,1,EUR,28.80")
    assert as_json.get_json()["rows"][0]["at_risk"] == "14.40"
    assert as_json.headers["X-Row-Count"] == "1"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("nothing", 404),
        ("nothing.csv", 404),
        ("..%2Fetc", 404),
        ("duplicate_payments?since=yesterday", 422),
        ("duplicate_payments?since=1969-12-31", 422),
        ("duplicate_payments?since=2026-03-01'%20OR%201", 422),
        ("duplicate_payments?page=0", 422),
        ("duplicate_payments?page=101", 422),
        ("duplicate_payments?page=-1", 422),
        ("duplicate_payments?page=%D9%A1", 422),
    ],
)
def test_what_can_not_be_meant_is_a_page_that_says_so(
    source: GivenRows, browser: Browsing, path: str, status: int
) -> None:
    answer = browser.get(f"/dashboard/reports/{path}")

    assert (answer.status_code, answer.mimetype) == (status, "text/html")
    assert source.asked == []


def test_a_report_that_can_not_be_run_says_why_and_keeps_its_advice(source: GivenRows, browser: Browsing) -> None:
    source.fails = "pending_ratio can not be run: 'ps_mollie_payments' is missing in the database."

    answer = browser.get("/dashboard/reports/pending_ratio")

    assert answer.status_code == 409
    assert source.fails in text_of(answer)
    assert "Payments begun and paid" in text_of(answer)


def test_cells_of_a_report_are_shown_to_the_letter(source: GivenRows, browser: Browsing) -> None:
    source.rows = [(*PAID_TWICE[:-1], HOSTILE)]

    page = browser.get("/dashboard/reports/duplicate_payments")

    assert page.text.count("<script") == 0
    assert page.text.count("&lt;script&gt;") == 1
