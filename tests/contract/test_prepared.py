"""Prepared statements do what the same statements do unprepared."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from sqlalchemy import Column, Connection, MetaData, Table, bindparam, event
from sqlalchemy.exc import IntegrityError

from bridge.adapters.ledger import create_engine
from bridge.adapters.ledger.columns import INNODB, UtcDateTime, exact_text, unsigned
from bridge.adapters.prepared import Prepared, execute

MOMENT = datetime(2026, 3, 1, 12, 30, 0, 7, tzinfo=UTC)

ROWS = Table(
    "prepared",
    MetaData(),
    Column("id", unsigned(), primary_key=True, autoincrement=False),
    Column("note", exact_text(100)),
    Column("at", UtcDateTime()),
    **INNODB,
)
INSERT = Prepared(ROWS.insert())
UPDATE = Prepared(ROWS.update().where(ROWS.c.id == bindparam("wanted"), ROWS.c.note == bindparam("read_note")))


@pytest.fixture
def connection(empty_database_url: str) -> Iterator[Connection]:
    engine = create_engine(empty_database_url)
    with engine.begin() as connection:
        ROWS.create(connection)
        yield connection
    engine.dispose()


def stored(connection: Connection) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in connection.execute(ROWS.select().order_by(ROWS.c.id))]


def test_what_is_left_out_is_null_and_each_set_of_names_is_its_own(connection: Connection) -> None:
    execute(connection, INSERT, {"id": 1, "note": "100 % ' %s", "at": MOMENT})
    execute(connection, INSERT, {"id": 2})
    execute(connection, INSERT, {"at": MOMENT, "id": 3})

    assert stored(connection) == [(1, "100 % ' %s", MOMENT), (2, None, None), (3, None, MOMENT)]


def test_a_time_is_stored_in_utc_and_a_naive_one_is_refused(connection: Connection) -> None:
    execute(connection, INSERT, {"id": 1, "at": MOMENT.astimezone(timezone(timedelta(hours=2)))})

    assert stored(connection) == [(1, None, MOMENT)]
    with pytest.raises(ValueError, match="naive"):
        execute(connection, INSERT, {"id": 2, "at": MOMENT.replace(tzinfo=None)})


def test_an_update_tells_how_many_rows_it_found(connection: Connection) -> None:
    execute(connection, INSERT, {"id": 1, "note": "old"})
    values = {"wanted": 1, "id": 1, "note": "new", "at": None}

    assert execute(connection, UPDATE, values | {"read_note": "other"}).rowcount == 0
    assert execute(connection, UPDATE, values | {"read_note": "old"}).rowcount == 1
    assert stored(connection) == [(1, "new", None)]


def test_several_rows_are_inserted_at_once(connection: Connection) -> None:
    execute(connection, INSERT, [{"id": 1, "note": "a"}, {"id": 2, "note": "b"}])

    assert [row[1] for row in stored(connection)] == ["a", "b"]


def test_errors_and_events_are_those_of_any_statement(connection: Connection) -> None:
    seen: list[str] = []
    event.listen(connection, "after_cursor_execute", lambda *context: seen.append(context[2]))
    execute(connection, INSERT, {"id": 1})

    with pytest.raises(IntegrityError):
        execute(connection, INSERT, {"id": 1})
    assert len(seen) == 1
