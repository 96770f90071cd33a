"""Every statement of the reader finds its rows by a key: what it costs does not grow with the shop."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, event

from bridge.adapters.prestashop import SqlShop
from bridge.domain.cart import CartRef
from bridge.ports.shop import Shop
from tests.contract.big_shop import BigShop, fill_big_shop
from tests.services.mariadb import PrivateMariaDB

pytestmark = pytest.mark.mariadb

SOLD = 10_000

CALLS: dict[str, Callable[[Shop], object]] = {
    "find_view": lambda shop: shop.find_view(CartRef(shop_id=1, cart_id=5000)),
    "find_cart": lambda shop: shop.find_cart(5000),
    "find_cart_of": lambda shop: shop.find_cart_of(BigShop.transaction_of(5000)),
    "find_payment": lambda shop: shop.find_payment(BigShop.transaction_of(5000)),
    "find_record": lambda shop: shop.find_record(CartRef(shop_id=1, cart_id=5000)),
    "find_mollie_access": lambda shop: shop.find_mollie_access(1),
    "correct_payment": lambda shop: shop.correct_payment(
        BigShop.transaction_of(5000), bank_status="paid", reason="checked"
    ),
}

BY_KEY = {"const", "system", "ref", "eq_ref", "range", "unique_subquery"}
MOST_ROWS = 15
"""The most rows that any step may look at: a shop's settings by a handful of names are the most of all."""


@pytest.fixture(scope="module")
def engine(mariadb: PrivateMariaDB) -> Iterator[Engine]:
    engine = create_engine(mariadb.create_database("big_shop").url)
    yield engine
    engine.dispose()
    mariadb.drop_database("big_shop")


@pytest.fixture(scope="module")
def big(engine: Engine) -> BigShop:
    return fill_big_shop(engine, rows=SOLD, free=100)


def plans(engine: Engine, call: Callable[[Shop], object]) -> list[dict[str, Any]]:
    """The rows of EXPLAIN for each statement that the call makes."""
    made: list[tuple[str, Any]] = []

    def note(connection: object, cursor: object, statement: str, parameters: Any, *_: object) -> None:
        made.append((statement, parameters))

    event.listen(engine, "before_cursor_execute", note)
    try:
        assert call(SqlShop(engine))
    finally:
        event.remove(engine, "before_cursor_execute", note)
    found = []
    with engine.connect() as db:
        for statement, parameters in made:
            rows = db.exec_driver_sql(f"EXPLAIN {statement}", parameters).mappings().all()
            found += [{**row, "statement": statement} for row in rows]
    return found


@pytest.mark.req("P9")
@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_rows_are_found_by_a_key(engine: Engine, big: BigShop, call: Callable[[Shop], object]) -> None:
    steps = plans(engine, call)

    assert steps
    for step in steps:
        # MariaDB may add a filter to a key: `ref|filter`, with the share of rows that pass behind their number.
        assert step["type"].partition("|")[0] in BY_KEY, step
        assert step["key"] is not None, step
        assert int(str(step["rows"]).split()[0]) <= MOST_ROWS, step


def test_a_statement_without_a_key_would_be_noticed(engine: Engine, big: BigShop) -> None:
    with engine.connect() as db:
        plan = db.exec_driver_sql("EXPLAIN SELECT * FROM ps_orders WHERE module = 'mollie'").mappings().one()

    assert plan["type"] not in BY_KEY
    assert int(plan["rows"]) > MOST_ROWS


def test_the_big_shop_is_what_it_says(engine: Engine, big: BigShop) -> None:
    shop = SqlShop(engine)
    sold = shop.find_view(CartRef(shop_id=1, cart_id=big.rows))
    free = shop.find_view(CartRef(shop_id=1, cart_id=big.free[0]))

    assert sold is not None
    assert free is not None
    assert sold.payments[0].transaction_id == big.transaction_of(big.rows)
    assert (len(sold.orders), len(sold.payments)) == (1, 1)
    assert (len(free.orders), len(free.payments)) == (0, 0)
    assert free.customer_id == big.customer_of(big.free[0])
    assert len(big.free) == 100
    assert shop.find_view(CartRef(shop_id=1, cart_id=big.free[-1] + 1)) is None
