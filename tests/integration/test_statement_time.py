"""What reads whole tables is stopped by the server itself, also when nobody waits for it any more."""

from __future__ import annotations

import time

import pytest
from sqlalchemy import text

from bridge.adapters import figures, reports
from bridge.domain.errors import BridgeError, ReportUnavailable
from bridge.domain.report_catalogue import BY_NAME
from tests.services.mariadb import Database
from tests.services.numbers import numbers

pytestmark = pytest.mark.mariadb

REPORT = BY_NAME["duplicate_orders"]

MANY = numbers(1, 100_000)
ENDLESS = f"SELECT COUNT(*) FROM {MANY} JOIN (SELECT * FROM {MANY}) AS others ON others.seq <> numbers.seq"
"""Hours of work. (A SLEEP that is stopped is no error on MySQL.)"""


@pytest.mark.req("P6")
def test_a_report_that_takes_too_long_is_stopped_and_says_so(
    mariadb_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reports, "LONGEST", 1)
    monkeypatch.setattr(reports, "read_sql", lambda _: ENDLESS)
    source = reports.SqlReports(mariadb_database.url, "ps_")
    begun = time.monotonic()
    try:
        with (
            pytest.raises(ReportUnavailable, match="took longer than 1 s and was stopped"),
            source.read(REPORT, None) as rows,
        ):
            list(rows)
        with pytest.raises(ReportUnavailable, match="took longer than 1 s and was stopped"):
            source.count(REPORT, None)
    finally:
        source.close()
    assert time.monotonic() - begun < 15


@pytest.mark.req("B13")
def test_a_figure_that_takes_too_long_is_stopped(mariadb_database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(figures, "LONGEST", 1)
    source = figures.SqlFigures(mariadb_database.url, "ps_")
    try:
        with pytest.raises(BridgeError, match=r"1969|3024"):
            source._rows(text(ENDLESS), {})
    finally:
        source.close()
