"""Packed rows say the same as rows of columns, on every database."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Column, Connection, MetaData, Numeric, String, Table, bindparam

from bridge.adapters.ledger import create_engine
from bridge.adapters.ledger.columns import INNODB, UtcDateTime, ascii_text, big, exact_text, text, unsigned
from bridge.adapters.packed_rows import PackedSelect
from bridge.adapters.prepared import execute

MOMENT = datetime(2026, 3, 1, 12, 30, 0, 7, tzinfo=UTC)
AWKWARD = "\"quoted\" \\ / 'single' \x01\x1f\t\n \x7f \u2028 é € 😀 null [1,2] {}"

ROWS = Table(
    "packed",
    MetaData(),
    Column("id", unsigned(), primary_key=True, autoincrement=False),
    Column("fence", big()),
    Column("exact", exact_text(255)),
    Column("plain", text()),
    Column("plain_ascii", ascii_text(64)),
    Column("total", Numeric(20, 6, asdecimal=True)),
    Column("at", UtcDateTime()),
    Column("other", String(50)),
    **INNODB,
)
VALUES: dict[str, Any] = {
    "id": 2**32 - 1,
    "fence": 2**62 + 1,
    "exact": AWKWARD,
    "plain": '{"a": [1, "b"]}',
    "plain_ascii": "tr_x",
    "total": 14,
    "at": MOMENT,
    "other": "",
}
EMPTY: dict[str, Any] = dict.fromkeys(VALUES, None) | {"id": 1}


@pytest.fixture
def connection(empty_database_url: str) -> Iterator[Connection]:
    engine = create_engine(empty_database_url)
    with engine.begin() as connection:
        ROWS.create(connection)
        connection.execute(ROWS.insert(), [VALUES, EMPTY])
        yield connection
    engine.dispose()


def one(connection: Connection, wanted: int) -> Any:
    select = PackedSelect(ROWS.select().where(ROWS.c.id == bindparam("wanted")))
    return select.one_or_none(partial(execute, connection), {"wanted": wanted})


def test_a_packed_row_holds_what_the_row_holds(connection: Connection) -> None:
    packed = one(connection, 2**32 - 1)

    assert vars(packed) == VALUES


def test_nothing_stays_nothing(connection: Connection) -> None:
    assert vars(one(connection, 1)) == EMPTY


def test_a_row_that_is_not_there_is_none(connection: Connection) -> None:
    assert one(connection, 5) is None


def test_rows_keep_their_order_and_travel_in_one_column(connection: Connection) -> None:
    select = PackedSelect(ROWS.select().order_by(ROWS.c.id.desc()))

    assert [row.id for row in select.all(partial(execute, connection), {})] == [2**32 - 1, 1]
    assert len(connection.execute(select.statement).keys()) == 1


def test_a_fraction_of_a_cent_is_not_rounded(connection: Connection) -> None:
    connection.execute(ROWS.update().where(ROWS.c.id == 1).values(total="0.100001"))

    assert str(one(connection, 1).total) == "0.100001"


def test_two_rows_where_one_was_asked_for_are_a_mistake(connection: Connection) -> None:
    with pytest.raises(AssertionError, match="one row at most"):
        PackedSelect(ROWS.select()).one_or_none(partial(execute, connection), {})
