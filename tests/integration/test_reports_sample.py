"""A real shop's data: what is known of it comes out of the plain SQL, of the command line and of the API alike."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import requests

from bridge.domain.report_catalogue import BY_NAME, CATALOGUE
from tests.integration.report_shop import ROOT, SAMPLE, load_sample, migrated, run_plain
from tests.integration.sidecar import ADMIN_TOKEN, SHOP_TOKEN, Sidecar
from tests.services.mariadb import Database, PrivateMariaDB
from tests.services.program import run_program

pytestmark = [pytest.mark.mariadb, pytest.mark.req("P6")]

SHOP_ONLY = [report.name for report in CATALOGUE if not report.needs_bridge_tables]
PAID_TWICE = {9, 13, 16, 18, 27, 31, 34, 35, 36, 38, 39, 44, 49, 51, 53, 58, 59, 60, 64}
ORDERED_TWICE = {13, 16, 27, 31, 36, 38, 39, 49, 51, 53}
FIRST_LINE = "Duplicates have cost 331.20 EUR: 19 carts were paid more than once."
STILL_OPEN = {6, 8, 22, 23, 28, 40, 47, 55}
CLEAN = {
    *("paid_without_order", "order_without_payment", "status_disagreement", "amount_mismatch"),
    "cross_cart_duplicates",
}


@pytest.fixture(scope="module")
def shop(mariadb: PrivateMariaDB) -> Iterator[Database]:
    """The sample shop, with nothing of ours."""
    mariadb.start()
    database = mariadb.create_database("reports_sample")
    load_sample(database)
    yield database
    mariadb.start()
    mariadb.drop_database("reports_sample")


@pytest.fixture(scope="module")
def folder(shop: Database, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shop's folder whose parameters lead to it."""
    home = tmp_path_factory.mktemp("shop")
    (home / "app" / "config").mkdir(parents=True)
    values = {
        "database_host": f"localhost:{shop.socket}",
        "database_port": "",
        "database_name": shop.name,
        "database_user": shop.user,
        "database_password": shop.password,
        "database_prefix": "ps_",
    }
    lines = "".join(f"    '{name}' => '{value}',\n" for name, value in values.items())
    text = f"<?php return array (\n  'parameters' => \n  array (\n{lines}  ),\n);\n"
    (home / "app" / "config" / "parameters.php").write_text(text)
    return home


def command(*arguments: str, expected: int = 1) -> str:
    """What `mollie-bridge report` prints."""
    done = run_program("report", *arguments)
    assert done.returncode == expected, (done.returncode, done.stderr)
    return done.stdout


def told(output: str) -> dict[str, Any]:
    return {report["name"]: report for report in json.loads(output)["reports"]}


def test_mollies_own_list_says_what_the_reports_must_find() -> None:
    payments = json.loads((SAMPLE / "mollie.json").read_text())["payments"].values()
    paid: dict[int, list[Decimal]] = {}
    for payment in payments:
        if payment["status"] == "paid":
            paid.setdefault(payment["metadata"]["cart_id"], []).append(Decimal(payment["amount"]["value"]))
    twice = {cart: amounts for cart, amounts in paid.items() if len(amounts) > 1}

    assert set(twice) == PAID_TWICE
    assert sum(sum(amounts) - max(amounts) for amounts in twice.values()) == Decimal("331.20")


@pytest.mark.req("B12")
def test_the_plain_file_finds_the_carts_that_were_paid_twice_and_the_money(shop: Database) -> None:
    rows = run_plain(shop, "duplicate_payments")

    assert {int(row["cart_id"]) for row in rows} == PAID_TWICE
    assert len(rows) == 19
    assert sum(Decimal(row["at_risk"]) for row in rows) == Decimal("331.20")
    assert sum(Decimal(row["taken"]) for row in rows) == Decimal("604.80")
    assert {row["currency"] for row in rows} == {"EUR"}
    assert all(len(row["transactions"].split()) == int(row["payments"]) for row in rows)


def test_the_plain_file_finds_the_carts_with_two_references(shop: Database) -> None:
    rows = run_plain(shop, "duplicate_orders")

    assert {int(row["id_cart"]) for row in rows} == ORDERED_TWICE
    assert len(rows) == 10
    assert {row["order_references"] for row in rows} == {"2"}


def test_the_plain_file_finds_the_eight_rows_of_which_only_mollie_knows_more(shop: Database) -> None:
    rows = run_plain(shop, "stuck_payments")

    assert sorted(int(row["cart_id"]) for row in rows) == sorted(STILL_OPEN)
    assert {int(row["cart_id"]) for row in rows if row["paid_otherwise"] == "1"} == {8, 40}
    assert {int(row["cart_id"]) for row in rows if row["order_id"] != "0"} == {6}


@pytest.mark.parametrize("name", sorted(CLEAN))
def test_what_is_well_in_that_shop_gives_no_alarm(shop: Database, name: str) -> None:
    assert run_plain(shop, name) == []


def test_the_figures_add_up(shop: Database) -> None:
    ratio = run_plain(shop, "pending_ratio")
    times = run_plain(shop, "time_to_order")

    assert (sum(int(r["begun"]) for r in ratio), sum(int(r["paid"]) for r in ratio)) == (85, 77)
    assert sum(int(row["unfinished"]) for row in ratio) == 8
    assert [row["orders"] for row in times] == ["75"]


@pytest.mark.parametrize("name", SHOP_ONLY)
def test_it_runs_where_the_server_insists_on_full_grouping(shop: Database, name: str) -> None:
    assert len(run_plain(shop, name, mode="ONLY_FULL_GROUP_BY,STRICT_ALL_TABLES")) == len(run_plain(shop, name))


@pytest.mark.parametrize("name", SHOP_ONLY)
def test_the_columns_are_those_of_the_catalogue(shop: Database, name: str) -> None:
    with shop.connect() as db, db.cursor() as cursor:
        cursor.execute((ROOT / "sql" / "reports" / f"{name}.sql").read_text())

        assert [one[0] for one in cursor.description] == [column.name for column in BY_NAME[name].columns]


@pytest.mark.req("B12")
@pytest.mark.slow
def test_a_shop_with_nothing_installed_is_told_the_cost_first(folder: Path) -> None:
    printed = command("--shop", str(folder))

    assert printed.splitlines()[0] == FIRST_LINE
    assert "surplus_payments: needs the bridge's tables" in printed
    assert "Only the shop's database was read." in printed
    assert "refunds that were made" in printed


@pytest.mark.slow
def test_the_command_line_finds_the_same(folder: Path) -> None:
    output = command("--shop", str(folder), "--format", "json")
    found = told(output)

    assert json.loads(output)["summary"] == FIRST_LINE
    assert {row["cart_id"] for row in found["duplicate_payments"]["rows"]} == PAID_TWICE
    assert {"column": "at_risk", "amount": "331.20", "currency": "EUR", "unknown": 0} in found["duplicate_payments"][
        "totals"
    ]
    assert {row["id_cart"] for row in found["duplicate_orders"]["rows"]} == ORDERED_TWICE
    assert {row["cart_id"] for row in found["stuck_payments"]["rows"]} == STILL_OPEN
    assert {name for name in CLEAN if found[name]["row_count"] == 0} == CLEAN
    assert set(found) == set(SHOP_ONLY)


@pytest.mark.slow
def test_no_customer_is_named_in_any_format(shop: Database, folder: Path) -> None:
    people = shop.execute("SELECT firstname, lastname, email FROM ps_customer")
    emails = {str(email) for _, _, email in people}
    for form in ("table", "json", "csv", "markdown", "html"):
        printed = command("--shop", str(folder), "--format", form)
        assert not any(email in printed for email in emails), form
        assert not any(name in printed for name in ("Buyer", "DOE", "Anonymous", "@")), form


@pytest.mark.slow
def test_a_named_report_a_later_day_and_the_exit_code(folder: Path) -> None:
    here = ("--shop", str(folder))

    assert told(command(*here, "--format", "json", "stuck_payments", expected=0)).keys() == {"stuck_payments"}
    later = command(*here, "--since", "2026-11-22", expected=0)
    assert later.startswith(
        "Duplicates have cost nothing as far as the shop's tables tell: no cart has two paid payments there."
    )
    assert command(*here, "--since", "2026-11-21", "duplicate_payments").splitlines()[0] == FIRST_LINE


@pytest.mark.parametrize(
    "arguments", [("no_such_report",), ("--format", "xml"), ("--since", "yesterday"), ("--shop", "x", "--config", "y")]
)
def test_wrong_usage_is_exit_code_2(arguments: tuple[str, ...]) -> None:
    assert command(*arguments, expected=2) == ""


def test_a_folder_that_is_no_shop_is_exit_code_2(tmp_path: Path) -> None:
    assert command("--shop", str(tmp_path), expected=2) == ""


@pytest.mark.slow
def test_nothing_of_the_shop_is_touched(shop: Database, folder: Path) -> None:
    def state() -> object:
        names = [row[0] for row in shop.execute("SHOW TABLES")]
        return names, shop.execute("CHECKSUM TABLE " + ", ".join(f"`{name}`" for name in names))

    before = state()
    command("--shop", str(folder))

    assert state() == before


@pytest.fixture(scope="module")
def sidecar(mariadb: PrivateMariaDB) -> Iterator[Sidecar]:
    """A real sidecar beside the sample shop."""
    database = mariadb.create_database("reports_sidecar")
    load_sample(database)
    migrated(database)
    with Sidecar(database={"url": database.url}) as running:
        yield running
    mariadb.start()
    mariadb.drop_database("reports_sidecar")


@pytest.mark.slow
def test_the_api_finds_the_same(sidecar: Sidecar) -> None:
    paid = sidecar.get("/v1/reports/duplicate_payments", token=ADMIN_TOKEN)
    ordered = sidecar.get("/v1/reports/duplicate_orders.json", token=ADMIN_TOKEN)
    stuck = sidecar.get("/v1/reports/stuck_payments", token=ADMIN_TOKEN)

    assert paid.status == ordered.status == stuck.status == 200
    assert {row["cart_id"] for row in paid.data["rows"]} == PAID_TWICE
    assert [one["amount"] for one in paid.data["totals"] if one["column"] == "at_risk"] == ["331.20"]
    assert {row["id_cart"] for row in ordered.data["rows"]} == ORDERED_TWICE
    assert {row["cart_id"] for row in stuck.data["rows"]} == STILL_OPEN
    for name in CLEAN:
        assert sidecar.get(f"/v1/reports/{name}", token=ADMIN_TOKEN).data["row_count"] == 0, name


@pytest.mark.slow
def test_the_api_answers_every_report_that_it_lists(sidecar: Sidecar) -> None:
    listed = sidecar.get("/v1/reports", token=ADMIN_TOKEN).data["reports"]

    assert [one["name"] for one in listed] == [report.name for report in CATALOGUE]
    for one in listed:
        answer = sidecar.get(f"/v1/reports/{one['name']}", token=ADMIN_TOKEN)
        assert answer.status == 200, answer


@pytest.mark.slow
def test_the_api_shows_a_part_with_the_whole_total_and_says_so(sidecar: Sidecar) -> None:
    part = sidecar.get("/v1/reports/duplicate_payments?limit=5", token=ADMIN_TOKEN).data
    later = sidecar.get("/v1/reports/duplicate_payments?since=2026-11-22", token=ADMIN_TOKEN).data

    assert (len(part["rows"]), part["row_count"], part["truncated"]) == (5, 19, True)
    assert [one["amount"] for one in part["totals"] if one["column"] == "at_risk"] == ["331.20"]
    assert (later["row_count"], later["needs_a_person"]) == (0, False)


@pytest.mark.slow
def test_the_api_gives_csv(sidecar: Sidecar) -> None:
    headers = {"Authorization": f"Bearer {ADMIN_TOKEN}"}
    answer = requests.get(f"{sidecar.url}/v1/reports/duplicate_payments.csv", headers=headers, timeout=30)
    rows = list(csv.DictReader(io.StringIO(answer.text)))

    assert answer.headers["Content-Type"].startswith("text/csv")
    assert (answer.headers["X-Row-Count"], answer.headers["X-Truncated"]) == ("19", "false")
    assert sum(Decimal(row["at_risk"]) for row in rows) == Decimal("331.20")


@pytest.mark.slow
def test_the_shops_token_may_not_read_reports(sidecar: Sidecar) -> None:
    assert sidecar.get("/v1/reports/duplicate_payments", token=SHOP_TOKEN).status == 403


@pytest.mark.slow
def test_the_command_line_reads_a_configured_shop_with_all_reports(sidecar: Sidecar) -> None:
    found = told(command("--config", str(sidecar.config), "--format", "json"))

    assert set(found) == {report.name for report in CATALOGUE}
    assert found["duplicate_payments"]["row_count"] == 19
