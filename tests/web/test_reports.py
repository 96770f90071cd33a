"""The routes of reports: who may, what is asked for, what is answered, what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal

import pytest
from werkzeug.test import TestResponse

from bridge.domain.errors import ReportUnavailable
from bridge.domain.report_catalogue import CATALOGUE
from bridge.domain.reports import Report
from bridge.services.reports import Reports
from tests.fakes.services import World
from tests.web.caller import Caller
from tests.web.conftest import ServicesOfTheTest

pytestmark = pytest.mark.req("P6")

PAID_TWICE = (42, 1, 2, 1, "EUR", Decimal("28.80"), Decimal("14.40"), Decimal("14.40"), None, None, "tr_a tr_b")


@dataclass(slots=True)
class GivenRows:
    """A source with these rows, which notes what it was asked."""

    rows: list[tuple[object, ...]] = field(default_factory=list)
    asked: list[tuple[str, date | None]] = field(default_factory=list)
    bridge: bool = True
    fails: str | None = None

    @contextmanager
    def read(
        self, report: Report, since: date | None, most: int | None = None
    ) -> Iterator[Iterator[tuple[object, ...]]]:
        self.asked.append((report.name, since))
        if self.fails:
            raise ReportUnavailable(self.fails)
        yield iter(self.rows[:most])

    def count(self, report: Report, since: date | None) -> int:
        return len(self.rows)

    def has_bridge_tables(self) -> bool:
        return self.bridge

    def close(self) -> None: ...


@pytest.fixture
def source(world: World, running: ServicesOfTheTest, app: object) -> GivenRows:
    given = GivenRows()
    running.world = replace(world, services=replace(world.services, reports=Reports(given)))
    return given


@pytest.mark.parametrize(
    "path", ["/v1/reports", "/v1/reports/duplicate_payments", "/v1/reports/duplicate_payments.csv"]
)
def test_reports_are_for_the_admin(source: GivenRows, shim: Caller, stranger: Caller, path: str) -> None:
    assert (shim.get(path).status_code, stranger.get(path).status_code) == (403, 401)
    assert source.asked == []


def test_the_list_names_every_report_with_its_columns(source: GivenRows, admin: Caller) -> None:
    answer = admin.get("/v1/reports").get_json()

    assert [one["name"] for one in answer["data"]["reports"]] == [report.name for report in CATALOGUE]
    assert answer["message"] == f"{len(CATALOGUE)} reports"
    assert {"name": "at_risk", "title": "at risk", "kind": "money"} in answer["data"]["reports"][0]["columns"]


def test_the_list_leaves_out_what_the_database_can_not_answer(source: GivenRows, admin: Caller) -> None:
    source.bridge = False

    listed = admin.get("/v1/reports").get_json()["data"]["reports"]
    assert listed
    assert not any(one["needs_bridge_tables"] for one in listed)


@pytest.mark.parametrize("suffix", ["", ".json"])
def test_a_report_is_rows_by_column_with_exact_money(source: GivenRows, admin: Caller, suffix: str) -> None:
    source.rows = [PAID_TWICE]

    answer = admin.get(f"/v1/reports/duplicate_payments{suffix}")
    data = answer.get_json()["data"]

    assert answer.status_code == 200
    assert data["rows"][0]["at_risk"] == "14.40"
    assert data["rows"][0]["first_at"] is None
    assert (data["row_count"], data["truncated"], data["needs_a_person"]) == (1, False, True)
    assert {"column": "at_risk", "amount": "14.40", "currency": "EUR", "unknown": 0} in data["totals"]


def test_a_limit_shows_a_part_and_says_so(source: GivenRows, admin: Caller) -> None:
    source.rows = [PAID_TWICE] * 3

    answer = admin.get("/v1/reports/duplicate_payments?limit=2").get_json()

    assert (len(answer["data"]["rows"]), answer["data"]["row_count"], answer["data"]["truncated"]) == (2, 3, True)
    assert answer["message"] == "3 rows, the first 2 shown"
    assert {"column": "at_risk", "amount": "43.20", "currency": "EUR", "unknown": 0} in answer["data"]["totals"]


def test_a_day_is_passed_on(source: GivenRows, admin: Caller) -> None:
    admin.get("/v1/reports/duplicate_orders?since=2026-03-01")

    assert source.asked == [("duplicate_orders", date(2026, 3, 1))]


def test_csv_comes_as_a_file_with_its_counts_in_headers(source: GivenRows, admin: Caller) -> None:
    source.rows = [PAID_TWICE] * 3

    answer = admin.get("/v1/reports/duplicate_payments.csv?limit=2")

    assert answer.content_type.startswith("text/csv; charset=utf-8")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="duplicate_payments.csv"'
    assert (answer.headers["X-Row-Count"], answer.headers["X-Truncated"]) == ("3", "true")
    assert answer.text.splitlines()[1] == "42,1,2,1,EUR,28.80,14.40,14.40,,,tr_a tr_b"


def problem(answer: TestResponse) -> tuple[int, str]:
    assert answer.content_type == "application/problem+json"
    return answer.status_code, answer.get_json()["type"]


@pytest.mark.parametrize("name", ["nothing", "nothing.csv", "locks_held.sql", "..%2Fschema", "duplicate_payments.xml"])
def test_an_unknown_report_is_not_found(source: GivenRows, admin: Caller, name: str) -> None:
    assert problem(admin.get(f"/v1/reports/{name}")) == (404, "/problems/not-found")
    assert source.asked == []


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("since=yesterday", 400),
        ("since=2026-13-01", 400),
        ("since=1969-12-31", 422),
        ("limit=0", 422),
        ("limit=10001", 422),
        ("limit=x", 400),
        ("days=3", 400),
        ("since=2026-03-01'%20OR%201", 400),
    ],
)
def test_a_query_that_can_not_be_meant_is_refused(source: GivenRows, admin: Caller, query: str, status: int) -> None:
    assert problem(admin.get(f"/v1/reports/duplicate_payments?{query}"))[0] == status
    assert source.asked == []


def test_a_report_that_can_not_be_run_says_why(source: GivenRows, admin: Caller) -> None:
    source.fails = "pending_ratio can not be run: 'ps_mollie_payments' is missing in the database."

    answer = admin.get("/v1/reports/pending_ratio")

    assert problem(answer) == (409, "/problems/conflict")
    assert answer.get_json()["detail"] == source.fails
