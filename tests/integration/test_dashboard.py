"""The merchant's page of a real sidecar on MariaDB: its figures are the back office's, and plain SQL's."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import requests

from tests.contract.ledger_backends import sql_ledger
from tests.fakes.busy_month import BusyMonth
from tests.integration.sidecar import ADMIN_TOKEN
from tests.integration.world import World

pytestmark = [pytest.mark.mariadb, pytest.mark.req("B13")]

WORDS = '<b onload="x">'

_ASKED = "FROM {p}audit WHERE at >= %s AND event IN ('initiation.decided', 'initiation.observed') AND "
_SETTLED = "FROM {p}audit WHERE at >= %s AND event IN ('settlement.decided', 'settlement.observed') AND "
_IS = "JSON_VALUE(detail, '$.decision')"
SQL = {
    "prevented": f"SELECT COUNT(*) {_ASKED} {_IS} IN ('AlreadyOrdered', 'AlreadyPaid', 'Deny')",
    "resumed": f"SELECT COUNT(*) {_ASKED} {_IS} = 'Resume'",
    "superseded": f"SELECT COUNT(*) {_ASKED} {_IS} = 'Supersede'",
    "surplus": f"SELECT COUNT(DISTINCT transaction_id) {_SETTLED} {_IS} = 'Surplus'",
    "refunded": "SELECT COUNT(*) FROM {p}refund WHERE updated_at >= %s AND state = 'refunded' "
    "AND idempotency_key LIKE 'surplus-%%'",
}
"""The figures as anybody would count them by hand."""


@pytest.fixture(scope="module")
def since(world: World) -> datetime:
    """A month as `BusyMonth` writes it, in the database of a sidecar; the first day that counts.

    While it runs nothing is written into days that are over, which it reads once: it stands still meanwhile.
    """
    now = datetime.now(UTC)
    world.sidecar.stop()
    with sql_ledger(world.database.url) as ledger:
        BusyMonth(ledger, now, words=WORDS).write()
    world.sidecar.start()
    return now.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=29)


@pytest.fixture
def browser(world: World) -> Iterator[requests.Session]:
    """Signed in."""
    with requests.Session() as session:
        url = world.sidecar.url
        answer = session.post(
            f"{url}/dashboard/login", data={"token": ADMIN_TOKEN}, headers={"Origin": url}, timeout=30
        )
        assert (answer.status_code, answer.url) == (200, f"{url}/dashboard")
        yield session


def figures_on(page: str) -> dict[str, int]:
    return {name: int(count.replace(",", "")) for name, count in re.findall(r'<dd id="([a-z_]+)">([\d,]+)</dd>', page)}


def test_page_back_office_and_plain_sql_count_the_same(
    world: World, since: datetime, browser: requests.Session
) -> None:
    on_page = figures_on(browser.get(f"{world.sidecar.url}/dashboard", timeout=30).text)
    told = world.sidecar.get("/v1/status").data["figures"]
    counted = {name: int(world.rows(sql, since.replace(tzinfo=None))[0][0]) for name, sql in SQL.items()}

    assert counted["prevented"] > 10
    assert counted["surplus"] > counted["refunded"] > 1
    assert {name: on_page[name] for name in counted} == counted
    assert {name: told[name] for name in counted} == counted
    assert on_page["awaiting_approval"] == told["awaiting_approval"] == 1


@pytest.mark.req("P6")
def test_a_report_is_read_from_the_shops_database(world: World, since: datetime, browser: requests.Session) -> None:
    page = browser.get(f"{world.sidecar.url}/dashboard/reports/surplus_payments", timeout=60)

    assert page.status_code == 200
    rows = world.rows("SELECT COUNT(*) FROM {p}attempt WHERE state IN ('surplus', 'held')")[0][0]
    assert f"<strong>{rows} rows</strong>" in page.text
    assert "Refund it through the bridge" in page.text


def test_words_from_the_database_are_words_on_the_page(
    world: World, since: datetime, browser: requests.Session
) -> None:
    text = browser.get(f"{world.sidecar.url}/dashboard/refunds", timeout=30).text

    assert "&lt;b onload=&#34;x&#34;&gt;" in text
    assert "<b onload" not in text


@pytest.mark.req("B4")
def test_a_refund_is_rejected_with_a_button(world: World, since: datetime, browser: requests.Session) -> None:
    url = world.sidecar.url
    page = browser.get(f"{url}/dashboard/refunds?state=proposed", timeout=30).text
    action, token = re.findall(r'action="([^"]+/reject)"><input type="hidden" name="form_token" value="([^"]+)"', page)[
        0
    ]

    answer = browser.post(f"{url}{action}", data={"form_token": token}, headers={"Origin": url}, timeout=30)

    assert (answer.status_code, answer.url) == (200, f"{url}/dashboard/refunds?state=dropped")
    assert world.rows("SELECT COUNT(*) FROM {p}refund WHERE state = 'dropped'") == ((1,),)
