"""Reconciling a real shop's dump with what Mollie said at the same moment: exactly what is known of that shop."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from bridge.adapters.ledger import SqlLedger, create_engine
from bridge.adapters.memory_locks import MemoryCartLocks
from bridge.adapters.migrations import migrate
from bridge.adapters.mollie.reading import read_order, read_payment
from bridge.adapters.prestashop import SqlShop
from bridge.domain.reconciliation import Finding
from bridge.services.container import Services
from bridge.services.reconciliation import Walk
from tests.fakes.clock import FakeClock
from tests.fakes.mollie import FakeMollie, FakeMollieAccounts
from tests.fakes.services import make_services
from tests.fakes.shop_webhook import FakeShopWebhook
from tests.services.mariadb import PrivateMariaDB

pytestmark = pytest.mark.mariadb

SAMPLE = Path(__file__).parents[1] / "data" / "sample-shop"


@pytest.fixture(scope="module")
def services(mariadb: PrivateMariaDB) -> Iterator[Services]:
    """The services on the dump, with a Mollie that knows its payments; the bridge has not seen any of them."""
    database = mariadb.create_database("reconciled_shop")
    for script in ("schema.sql", "rows.sql"):
        database.run_script("SET SESSION sql_mode = '';\n" + (SAMPLE / script).read_text())
    engine = create_engine(database.url)
    migrate(engine, "ps_")
    clock = FakeClock()
    made = make_services(
        ledger=SqlLedger(engine, "ps_", lambda connection: SqlShop(connection, "ps_")),
        locks=MemoryCartLocks(clock),
        accounts=FakeMollieAccounts(the_mollie()),
        shop_webhook=FakeShopWebhook(),
        clock=clock,
    )
    yield made
    made.close()
    mariadb.drop_database("reconciled_shop")


def the_mollie() -> FakeMollie:
    mollie, said = FakeMollie(), json.loads((SAMPLE / "mollie.json").read_text())
    for body in sorted(said["payments"].values(), key=lambda body: str(body["createdAt"])):
        mollie.payments[body["id"]] = read_payment(body)
    for body in said["orders"].values():
        mollie.payments[body["id"]] = read_order(body)
    return mollie


@pytest.fixture(scope="module")
def findings(services: Services) -> list[Finding]:
    pages = services.reconciliation.pages(Walk(shop_id=1, page_size=20, rate=1e9))
    return [finding for page in pages for finding in page.findings]


@pytest.mark.req("B7")
def test_what_is_known_of_the_shop_is_found_and_nothing_else(findings: list[Finding]) -> None:
    assert Counter(finding.kind.value for finding in findings) == {
        "surplus_not_refunded": 23,
        "amount_mismatch": 10,
        "status_disagreement": 7,
    }


@pytest.mark.req("B7")
def test_19_carts_were_paid_more_than_once_and_331_20_are_at_risk(findings: list[Finding]) -> None:
    surplus = [finding for finding in findings if finding.kind == "surplus_not_refunded"]

    assert len({finding.cart for finding in surplus}) == 19
    assert sum(finding.money.minor for finding in findings if finding.at_risk) == 33120


@pytest.mark.req("B7")
def test_ten_carts_have_two_references(findings: list[Finding]) -> None:
    doubled = [finding for finding in findings if "several order references" in finding.seen]

    assert len({finding.cart for finding in doubled}) == 10


@pytest.mark.req("B2", "B7")
def test_the_seven_payments_that_ended_are_the_rows_that_disagree(findings: list[Finding]) -> None:
    ended = Counter(finding.seen.split(",")[0] for finding in findings if finding.kind == "status_disagreement")

    assert ended == {"Mollie says expired": 4, "Mollie says canceled": 2, "Mollie says failed": 1}
