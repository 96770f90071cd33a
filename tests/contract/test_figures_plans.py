"""Every question behind the figures is bounded by an index: its cost grows with the days, not with the years."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, event

from bridge.adapters.figures import SqlFigures
from bridge.ports.figures import FigureSource
from tests.contract.big_figures import fill_figures
from tests.contract.ledger_backends import PREFIX, engine_for
from tests.services.mariadb import PrivateMariaDB

pytestmark = [pytest.mark.mariadb, pytest.mark.req("B13")]

ROWS = 60_000
MINUTES = 10
"""Between two entries: more than a year of them."""

WEEK = timedelta(days=7)
SINCE = datetime.now(UTC) - WEEK
QUESTIONS: dict[str, tuple[Callable[[FigureSource], object], int]] = {
    "decided": (lambda figures: figures.decided(SINCE, SINCE + WEEK), 1_500),
    "money_of": (lambda figures: figures.money_of(["tr_1", "tr_2"]), 5),
    "given_back": (lambda figures: figures.given_back(SINCE), 500),
    "begun": (lambda figures: figures.begun(SINCE, SINCE + WEEK), 3_000),
    "changed": (lambda figures: figures.changed(SINCE), 3_000),
    "ordered": (lambda figures: figures.ordered(SINCE, SINCE + WEEK), 1_500),
    "unreturned": (lambda figures: figures.unreturned(), 500),
    "unverified": (lambda figures: figures.unverified(SINCE), 500),
    "find_news": (lambda figures: figures.find_news(), 5),
}
"""Each question, and the rows that a step of it may look at by the server's own estimate."""


@pytest.fixture(scope="module")
def url(mariadb: PrivateMariaDB) -> Iterator[str]:
    database = mariadb.create_database("big_figures")
    with engine_for(database.url):
        fill_figures(database, rows=ROWS, minutes=MINUTES)
    yield database.url
    mariadb.drop_database("big_figures")


def plans(url: str, ask: Callable[[FigureSource], object]) -> list[dict[str, Any]]:
    """The rows of EXPLAIN for each statement of the question."""
    made: list[tuple[str, Any]] = []

    def note(connection: object, cursor: object, statement: str, parameters: Any, *_: object) -> None:
        if statement.startswith("SELECT") and "molbridge" in statement:
            made.append((statement, parameters))

    event.listen(Engine, "before_cursor_execute", note)
    try:
        with closing(SqlFigures(url, PREFIX)) as figures:
            assert ask(figures)
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    engine = create_engine(url)
    with engine.connect() as db:
        found = [
            dict(row) for sql, values in made for row in db.exec_driver_sql(f"EXPLAIN {sql}", values).mappings().all()
        ]
    engine.dispose()
    return found


@pytest.mark.parametrize("name", QUESTIONS)
def test_the_question_is_bounded_by_a_key(url: str, name: str) -> None:
    ask, most = QUESTIONS[name]

    steps = plans(url, ask)

    assert steps
    for step in steps:
        # Refunds are few: whatever is asked of them, they may be read whole.
        assert step["key"] is not None or step["table"] == "ps_molbridge_refund", step
        assert int(str(step["rows"]).split()[0]) <= most, step


def test_a_question_without_a_key_would_be_noticed(url: str) -> None:
    engine = create_engine(url)
    with engine.connect() as db:
        plan = (
            db.exec_driver_sql("EXPLAIN SELECT * FROM ps_molbridge_attempt WHERE created_at > NOW()").mappings().one()
        )
    engine.dispose()

    assert plan["key"] is None
    assert int(plan["rows"]) > max(most for _, most in QUESTIONS.values())
