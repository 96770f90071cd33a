"""The optional trigger: the database refuses a second order reference of a cart, and nothing else."""

from __future__ import annotations

import threading
from pathlib import Path

import pymysql
import pytest

from tests.integration.report_shop import load_sample
from tests.services.mariadb import Database

pytestmark = [pytest.mark.mariadb, pytest.mark.req("P12")]

OPTIONAL = Path(__file__).parents[2] / "sql" / "optional"
INSTALL = (OPTIONAL / "one_reference_per_cart.sql").read_text()
REMOVE = (OPTIONAL / "remove_one_reference_per_cart.sql").read_text()
ROUNDS = 100
AT_ONCE = 4


@pytest.fixture
def shop(mariadb_database: Database) -> Database:
    """A real shop's tables without rows, the trigger installed."""
    load_sample(mariadb_database, rows=False)
    mariadb_database.run_script(INSTALL)
    return mariadb_database


def order(shop: Database, cart: int, reference: str) -> str | None:
    """Insert an order as PrestaShop does, each statement by itself; the refusal's text, or None."""
    columns = {row[0]: row[1] for row in shop.execute("SHOW COLUMNS FROM ps_orders WHERE `Default` IS NULL")}
    values = {name: ("2026-03-01" if "date" in kind else 0) for name, kind in columns.items() if name != "id_order"}
    values |= {"id_cart": cart, "reference": reference}
    names = ", ".join(values)
    places = ", ".join(["%s"] * len(values))
    try:
        shop.execute("SET SESSION sql_mode = ''")
        shop.execute(f"INSERT INTO ps_orders ({names}) VALUES ({places})", *values.values())
    except pymysql.err.OperationalError as error:
        return str(error.args[1])
    return None


def references(shop: Database, cart: int) -> list[str]:
    return sorted(str(row[0]) for row in shop.execute("SELECT reference FROM ps_orders WHERE id_cart = %s", cart))


def test_a_second_reference_is_refused_in_words(shop: Database) -> None:
    assert order(shop, 42, "AAAAAAAAA") is None

    assert order(shop, 42, "BBBBBBBBB") == "cart 42 has become order AAAAAAAAA already"
    assert references(shop, 42) == ["AAAAAAAAA"]


def test_a_split_order_and_other_carts_are_let_through(shop: Database) -> None:
    assert [order(shop, 42, "AAAAAAAAA") for _ in range(3)] == [None, None, None]
    assert order(shop, 43, "BBBBBBBBB") is None
    assert order(shop, 0, "CCCCCCCCC") is None
    assert order(shop, 0, "DDDDDDDDD") is None


def test_an_order_that_was_deleted_makes_room(shop: Database) -> None:
    order(shop, 42, "AAAAAAAAA")
    shop.execute("DELETE FROM ps_orders WHERE id_cart = 42")

    assert order(shop, 42, "BBBBBBBBB") is None
    assert order(shop, 42, "CCCCCCCCC") == "cart 42 has become order BBBBBBBBB already"


def test_a_cart_that_had_its_order_before_keeps_it(shop: Database) -> None:
    shop.run_script(REMOVE)
    order(shop, 42, "AAAAAAAAA")
    shop.run_script(INSTALL)

    assert order(shop, 42, "BBBBBBBBB") == "cart 42 has become order AAAAAAAAA already"
    assert order(shop, 42, "AAAAAAAAA") is None


def test_it_may_be_installed_again_and_leaves_nothing_behind(mariadb_database: Database) -> None:
    load_sample(mariadb_database, rows=False)
    before = _shape(mariadb_database)
    mariadb_database.run_script(INSTALL)
    mariadb_database.run_script(INSTALL)
    assert _shape(mariadb_database) != before

    mariadb_database.run_script(REMOVE)

    assert _shape(mariadb_database) == before


@pytest.mark.slow
@pytest.mark.parametrize("installed", [True, False])
def test_of_several_scripts_that_make_an_order_at_once_one_reference_stays(shop: Database, installed: bool) -> None:
    """Without the trigger every one of them stays: nothing else would have kept them apart."""
    if not installed:
        shop.run_script(REMOVE)

    for cart in range(1, ROUNDS + 1):
        together = threading.Barrier(AT_ONCE)

        def make(number: int, cart: int = cart, together: threading.Barrier = together) -> None:
            together.wait()
            order(shop, cart, f"REF{number}")

        threads = [threading.Thread(target=make, args=(number,)) for number in range(AT_ONCE)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(references(shop, cart)) == (1 if installed else AT_ONCE)


def _shape(shop: Database) -> list[tuple[object, ...]]:
    tables = shop.execute("SELECT table_name FROM information_schema.tables WHERE table_schema = %s", shop.name)
    triggers = shop.execute("SELECT trigger_name FROM information_schema.triggers WHERE trigger_schema = %s", shop.name)
    return sorted([*tables, *triggers])
