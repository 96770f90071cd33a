"""How the server goes about each report: no table is read again and again, and none is joined without a key."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pymysql.cursors
import pytest
from sqlalchemy import create_engine

from bridge.adapters.reports import SqlReports
from bridge.adapters.reports_sql import read_sql, written_for
from bridge.domain.report_catalogue import CATALOGUE
from bridge.domain.reports import Report
from bridge.services.reports import Reports
from tests.contract.big_reports import strew, strew_own
from tests.contract.big_shop import fill_big_shop
from tests.services.mariadb import Database, PrivateMariaDB

pytestmark = [pytest.mark.mariadb, pytest.mark.slow, pytest.mark.req("P6")]

ROWS = 20_000
MANY = 500
"""More rows than a table that a step may read whole each time has: states, currencies, settings."""

WHOLE = {"ALL", "index"}


@pytest.fixture(scope="module")
def big(mariadb: PrivateMariaDB) -> Iterator[Database]:
    mariadb.start()
    database = mariadb.create_database("reports_plans")
    engine = create_engine(database.url)
    fill_big_shop(engine, rows=ROWS, free=ROWS // 10)
    engine.dispose()
    strew(database, rows=ROWS)
    strew_own(database)
    yield database
    mariadb.start()
    mariadb.drop_database("reports_plans")


def plan(database: Database, statement: str) -> list[dict[str, Any]]:
    with database.connect(cursorclass=pymysql.cursors.DictCursor) as db, db.cursor() as cursor:
        cursor.execute(f"EXPLAIN {statement}")
        return [dict(row) for row in cursor.fetchall()]


def rows_of(step: dict[str, Any]) -> int:
    return int(str(step["rows"] or 0).split()[0])


def is_whole(step: dict[str, Any]) -> bool:
    return step["type"] in WHOLE and rows_of(step) > MANY


def is_hashed(step: dict[str, Any]) -> bool:
    """MySQL: what a part of the report has found is read once, into memory, and looked up there."""
    return str(step["table"]).startswith("<derived") and "hash join" in str(step["Extra"])


def faults(steps: list[dict[str, Any]]) -> list[str]:
    """What must not be: a large table read whole for each row of something else."""
    found = []
    firsts: set[Any] = set()
    for step in steps:
        select = step["id"]
        if is_whole(step) and select in firsts and not is_hashed(step):
            found.append(f"{step['table']} is read whole for each row before it")
        if is_whole(step) and "DEPENDENT" in step["select_type"]:
            found.append(f"{step['table']} is read whole for each row outside")
        if step["select_type"] == "MATERIALIZED" and rows_of(step) > MANY:
            found.append(f"{step['table']} is copied to a temporary table")
        if step["select_type"] == "LATERAL DERIVED":
            found.append(f"{step['table']} is grouped again for each row")
        firsts.add(select)
    return found


@pytest.mark.parametrize("report", CATALOGUE, ids=[report.name for report in CATALOGUE])
def test_a_part_of_the_rows_knows_how_many_there_are(big: Database, report: Report) -> None:
    source = SqlReports(big.url, "ps_")
    try:
        with source.read(report, None) as rows:
            whole = list(rows)
        part = Reports(source).run(report, limit=2)
    finally:
        source.close()

    assert (len(part.rows), part.row_count) == (min(2, len(whole)), len(whole))


@pytest.mark.parametrize("report", CATALOGUE, ids=[report.name for report in CATALOGUE])
def test_no_large_table_is_read_whole_more_than_once_a_step(big: Database, report: Report) -> None:
    steps = plan(big, written_for(read_sql(report.name), "ps_"))

    assert faults(steps) == []


@pytest.mark.parametrize("report", CATALOGUE, ids=[report.name for report in CATALOGUE])
def test_it_reads_a_large_table_whole_twice_at_most(big: Database, report: Report) -> None:
    """Once for its rows, once for an index of it that leads there."""
    steps = [step for step in plan(big, written_for(read_sql(report.name), "ps_")) if is_whole(step)]
    tables = [step["table"] for step in steps if not str(step["table"]).startswith("<")]

    assert all(tables.count(table) <= 2 for table in tables), tables


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT (SELECT COUNT(*) FROM ps_mollie_payments AS p WHERE p.order_id = o.id_order) FROM ps_orders AS o",
        "SELECT 1 FROM ps_orders WHERE NOT EXISTS (SELECT 1 FROM ps_mollie_payments WHERE cart_id = id_cart)",
        "SELECT 1 FROM ps_orders AS o STRAIGHT_JOIN ps_mollie_payments AS p ON p.order_id = o.id_order",
    ],
)
def test_a_plan_that_does_would_be_noticed(big: Database, statement: str) -> None:
    assert faults(plan(big, statement))
