"""Each report of the bridge's own tables finds the case that is planted for it, and leaves alone what is well."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from bridge.adapters.reports import SqlReports
from bridge.domain.report_catalogue import CATALOGUE
from bridge.domain.reports import Report
from bridge.services.reports import Reports
from tests.integration.report_shop import ROOT, SAMPLE, PlantedShop, load_sample, migrated, run_plain
from tests.services.mariadb import Database

pytestmark = [pytest.mark.mariadb, pytest.mark.req("P6")]

OWN = [report for report in CATALOGUE if report.needs_bridge_tables]
NUMBERS = itertools.count(1)


@pytest.fixture(scope="module")
def schema(module_database: Database) -> Database:
    """The sample shop, and tables of the bridge."""
    load_sample(module_database)
    migrated(module_database)
    return module_database


@pytest.fixture
def shop(schema: Database) -> PlantedShop:
    """The sample shop, and empty tables of the bridge."""
    for table in ("cart", "attempt", "delivery", "refund", "audit"):
        schema.execute(f"DELETE FROM ps_molbridge_{table}")
    return PlantedShop(database=schema)


def now() -> datetime:
    """Asked for by each test, for the reports look at the clock when they run. The columns are UTC without a zone."""
    return datetime.now(UTC).replace(tzinfo=None, microsecond=0)


def an_id() -> str:
    return f"01939f5c-8a31-7c52-b4f7-{next(NUMBERS):012d}"


def attempt(shop: PlantedShop, state: str = "surplus", **more: Any) -> dict[str, Any]:
    number = next(NUMBERS)
    row = {
        "id": an_id(),
        "id_shop": 1,
        "id_cart": 5000 + number,
        "state": state,
        "transaction_id": f"tr_own{number}",
        "amount_minor": 1440,
        "currency": "EUR",
        "id_customer": 7,
        "created_at": now() - timedelta(hours=2),
        "updated_at": now() - timedelta(hours=1),
        "processed_at": now() - timedelta(hours=1),
        "version": 1,
    } | more
    shop.own("attempt", **row)
    return row


def refund(shop: PlantedShop, paid: dict[str, Any], state: str = "refunded", minor: int = 1440, **more: Any) -> str:
    row = {
        "id": an_id(),
        "id_shop": 1,
        "id_cart": paid["id_cart"],
        "attempt_id": paid["id"],
        "transaction_id": paid["transaction_id"],
        "amount_minor": minor,
        "currency": paid["currency"],
        "reason": "asked by Jane Doe",
        "idempotency_key": an_id(),
        "state": state,
        "created_at": now(),
        "updated_at": now(),
    } | more
    shop.own("refund", **row)
    return str(row["id"])


def delivery(shop: PlantedShop, transaction: str, state: str = "done", **more: Any) -> str:
    row = {
        "id": an_id(),
        "transaction_id": transaction,
        "source": "shim",
        "state": state,
        "tries": 0,
        "received_at": now(),
        "updated_at": now(),
    } | more
    shop.own("delivery", **row)
    return str(row["id"])


def cart(shop: PlantedShop, paid: dict[str, Any], phase: str) -> None:
    keys = {"id_shop": 1, "id_cart": paid["id_cart"], "settled_transaction_id": paid["transaction_id"]}
    shop.own("cart", **keys, fence=1, order_phase=phase, version=1)


@pytest.mark.parametrize("report", OWN, ids=[report.name for report in OWN])
def test_empty_tables_give_no_rows_and_the_columns_of_the_catalogue(shop: PlantedShop, report: Report) -> None:
    with shop.database.connect() as db, db.cursor() as cursor:
        cursor.execute((ROOT / "sql" / "reports" / f"{report.name}.sql").read_text())
        assert [one[0] for one in cursor.description] == [column.name for column in report.columns]
        assert cursor.fetchall() == ()
    assert run_plain(shop.database, report.name) == []


# Surplus money


@pytest.mark.parametrize("state", ["surplus", "held"])
def test_surplus_money_is_found_with_what_mollie_charged(shop: PlantedShop, state: str) -> None:
    found = attempt(shop, state, charged_minor=1490, charged_currency="EUR")
    attempt(shop, "paid")
    attempt(shop, "refunded")

    assert shop.column("surplus_payments", "transaction_id") == [found["transaction_id"]]
    assert shop.money("surplus_payments", "at_risk") == {"EUR": Decimal("14.90")}


def test_a_currency_without_cents_is_not_divided(shop: PlantedShop) -> None:
    attempt(shop, currency="JPY", amount_minor=1440)

    assert shop.money("surplus_payments", "at_risk") == {"JPY": Decimal(1440)}


@pytest.mark.parametrize("state", ["queued", "sent", "refunded"])
def test_what_is_on_its_way_back_is_no_longer_at_risk(shop: PlantedShop, state: str) -> None:
    whole, half = attempt(shop), attempt(shop)
    refund(shop, whole, state)
    refund(shop, half, state, minor=700)

    assert shop.column("surplus_payments", "transaction_id") == [half["transaction_id"]]
    assert shop.money("surplus_payments", "at_risk") == {"EUR": Decimal("7.40")}


@pytest.mark.parametrize("state", ["proposed", "failed", "uncertain", "dropped"])
def test_a_refund_that_is_not_on_its_way_returns_nothing(shop: PlantedShop, state: str) -> None:
    refund(shop, attempt(shop), state)

    assert shop.column("surplus_payments", "refund_state") == [state]


# Refunds and deliveries for a person


@pytest.mark.parametrize("state", ["proposed", "failed", "uncertain"])
def test_a_refund_that_waits_for_somebody_is_found_without_its_reason(shop: PlantedShop, state: str) -> None:
    waiting = refund(shop, attempt(shop), state, last_error="Mollie: no such buyer@example.test")
    for other in ("queued", "sent", "refunded", "dropped"):
        refund(shop, attempt(shop), other)

    result = shop.report("refunds_for_a_person")
    assert [row[0] for row in result.rows] == [waiting]
    assert "Jane" not in str(result.rows)
    assert "buyer@" not in str(result.rows)


def test_a_refund_that_could_not_be_sent_for_hours_waits_for_somebody(shop: PlantedShop) -> None:
    paid = attempt(shop)
    stuck = refund(shop, paid, "queued", created_at=now() - timedelta(hours=7))
    refund(shop, paid, "queued", created_at=now() - timedelta(hours=5))
    refund(shop, paid, "refunded", created_at=now() - timedelta(hours=7))

    assert shop.column("refunds_for_a_person", "refund_id") == [stuck]


def test_only_dead_deliveries_need_a_person(shop: PlantedShop) -> None:
    dead = delivery(shop, "tr_x", "dead", tries=30, last_error="the shop did not answer")
    for state in ("received", "working", "done", "failed"):
        delivery(shop, "tr_x", state)

    assert shop.column("deliveries_for_a_person", "delivery_id") == [dead]


# Refunds above what was paid


def test_refunds_that_together_are_above_the_payment_are_found(shop: PlantedShop) -> None:
    above, exact = attempt(shop, "paid"), attempt(shop, "paid")
    for _ in range(2):
        refund(shop, above, minor=1000)
        refund(shop, exact, minor=720)
    refund(shop, exact, "failed", minor=1440)

    assert shop.column("refunds_above_paid", "transaction_id") == [above["transaction_id"]]
    assert shop.money("refunds_above_paid", "too_much") == {"EUR": Decimal("5.60")}


def test_what_mollie_said_of_refunds_counts_once_and_not_on_top(shop: PlantedShop) -> None:
    goodwill, plain = attempt(shop, "refunded"), attempt(shop, "refunded")
    refund(shop, plain)
    for said in (1000, 1440):
        delivery(shop, plain["transaction_id"], seen_id=plain["transaction_id"], seen_refunded=said)
    delivery(shop, goodwill["transaction_id"], seen_id=goodwill["transaction_id"], seen_refunded=2440)

    assert shop.column("refunds_above_paid", "transaction_id") == [goodwill["transaction_id"]]
    assert shop.money("refunds_above_paid", "too_much") == {"EUR": Decimal("10.00")}


# Orders that were not verified


def test_a_cart_that_was_settled_and_not_verified_is_found_with_what_does_not_fit(shop: PlantedShop) -> None:
    lost, fine, young = attempt(shop, "paid"), attempt(shop, "paid"), attempt(shop, "paid", updated_at=now())
    for paid, phase in ((lost, "started"), (fine, "done"), (young, "started")):
        cart(shop, paid, phase)
    for words in (["two references"], ["no order"]):
        keys = {"at": now(), "event": "order.mismatch", "id_shop": 1, "id_cart": lost["id_cart"]}
        shop.own("audit", **keys, detail=json.dumps({"mismatches": words}))
    delivery(shop, lost["transaction_id"], "failed")

    result = shop.report("unverified_orders")
    assert [(row[2], row[5], row[6]) for row in result.rows] == [(lost["transaction_id"], "no order", True)]


# The module's table against Mollie


def test_open_rows_that_are_over_at_mollie_are_no_disagreement_about_money(shop: PlantedShop) -> None:
    payments = json.loads((SAMPLE / "mollie.json").read_text())["payments"].values()
    for payment in payments:
        given = {"transaction_id": payment["id"], "id_cart": payment["metadata"]["cart_id"]}
        live = {"live_cart_id": given["id_cart"]} if payment["status"] == "open" else {}
        attempt(shop, payment["status"], **given, **live)

    assert len(shop.column("stuck_payments", "transaction_id")) == 8
    assert shop.report("mollie_disagreement").rows == ()


def test_money_that_one_of_the_two_does_not_know_of_is_found(shop: PlantedShop) -> None:
    attempt(shop, "expired", transaction_id="tr_1UqSTv11ET")  # open for the module
    attempt(shop, "paid", transaction_id="tr_NcE59lPOHg")  # open for the module
    attempt(shop, "expired", transaction_id="tr_yDyflezVQ3")  # paid for the module
    attempt(shop, "paid", transaction_id="tr_9C9N8WWoXp")  # paid for the module

    result = shop.report("mollie_disagreement")
    assert sorted((row[2], row[3], row[4]) for row in result.rows) == [
        ("tr_NcE59lPOHg", "paid", "open"),
        ("tr_yDyflezVQ3", "expired", "paid"),
    ]


def test_what_only_one_of_the_two_knows_is_no_disagreement(shop: PlantedShop) -> None:
    for state in ("expired", "paid"):
        attempt(shop, state)
    attempt(shop, "released", transaction_id=None)

    assert shop.report("mollie_disagreement").rows == ()


@pytest.mark.parametrize("state", ["superseded", "surplus", "held", "released"])
def test_an_attempt_that_tells_nothing_of_money_is_no_disagreement(shop: PlantedShop, state: str) -> None:
    for transaction in ("tr_1UqSTv11ET", "tr_yDyflezVQ3"):  # open and paid for the module
        attempt(shop, state, transaction_id=transaction)

    assert shop.report("mollie_disagreement").rows == ()


# All of them


@pytest.mark.parametrize("report", CATALOGUE, ids=[report.name for report in CATALOGUE])
def test_the_rights_of_the_bridges_own_user_are_enough(shop: PlantedShop, report: Report) -> None:
    database = shop.database
    grants = (ROOT / "sql" / "grants.sql").read_text().replace("'localhost'", "'127.0.0.1'")
    database.run_script(grants)
    try:
        own = replace(database, user="mollie_bridge", password="choose-a-password")
        source = SqlReports(own.url, "ps_")
        reports = Reports(source)
        assert reports.available() == CATALOGUE
        reports.run(report)
        source.close()
    finally:
        database.execute("DROP USER 'mollie_bridge'@'127.0.0.1', 'mollie_bridge_migrate'@'127.0.0.1'")


@pytest.mark.parametrize("report", OWN, ids=[report.name for report in OWN])
def test_it_runs_where_the_server_insists_on_full_grouping(shop: PlantedShop, report: Report) -> None:
    run_plain(shop.database, report.name, mode="ONLY_FULL_GROUP_BY,STRICT_ALL_TABLES")
