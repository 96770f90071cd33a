"""Implements `ReportSource` on a shop's MariaDB or MySQL, in sessions that the server lets nothing be written in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any, Final

from sqlalchemy import URL, Engine, event, make_url
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from bridge.adapters.ledger.engine import create_engine
from bridge.adapters.ledger.faults import DENIED, NO_TABLE, number_of
from bridge.adapters.ledger.tables import checked_prefix
from bridge.adapters.reports_sql import read_sql, written_for
from bridge.adapters.statement_time import limit_statement_time
from bridge.domain.errors import ReportUnavailable, StoreDown
from bridge.domain.reports import Report

LONGEST: Final = 60
"""Seconds that the server works on one report. A merchant waits that long for a year's figures; a query that takes
longer on a shop's live database does harm, and goes on there even when nobody waits for it any more."""

AT_ONCE: Final = 2
"""Reports that run at once: they read whole tables, and the shop's own work comes first."""

TOO_LONG: Final = frozenset({1969, 3024, 1317})
"""max_statement_time exceeded (MariaDB), max_execution_time exceeded (MySQL), interrupted."""

_FETCH: Final = 1_000


class SqlReports:
    """The reports over the tables under `prefix`. The server refuses every write in these sessions (error 1792)."""

    def __init__(self, url: str | URL, prefix: str) -> None:
        self._prefix = checked_prefix(prefix)
        self._engine = _read_only_engine(url) if make_url(url).get_backend_name() != "sqlite" else None

    @contextmanager
    def read(
        self, report: Report, since: date | None, most: int | None = None
    ) -> Iterator[Iterator[tuple[object, ...]]]:
        """The rows, fetched from the server as they are asked for."""
        statement = self._statement(report, since)
        if most is not None:
            statement += f" LIMIT {most}"
        options = {"stream_results": True, "yield_per": _FETCH, "no_parameters": True}
        with _translated(report.name), self._get_engine().connect() as db:
            yield (tuple(row) for row in db.execution_options(**options).exec_driver_sql(statement))

    def count(self, report: Report, since: date | None) -> int:
        """How many rows there are; the server neither sorts them nor looks up what is only shown."""
        statement = f"SELECT COUNT(*) FROM ({self._statement(report, since)}) AS counted"  # noqa: S608  (a file of ours)
        with _translated(report.name), self._get_engine().connect() as db:
            return int(db.execution_options(no_parameters=True).exec_driver_sql(statement).scalar_one())

    def has_bridge_tables(self) -> bool:
        """Whether the bridge's table of carts is there and may be read."""
        with _translated("the bridge's tables"), self._get_engine().connect() as db:
            names = db.exec_driver_sql(
                "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = %s",
                (f"{self._prefix}molbridge_cart",),
            )
            return names.first() is not None

    def close(self) -> None:
        """Close the connections."""
        if self._engine is not None:
            self._engine.dispose()

    def _statement(self, report: Report, since: date | None) -> str:
        return written_for(read_sql(report.name), self._prefix, since)

    def _get_engine(self) -> Engine:
        if self._engine is None:
            raise ReportUnavailable("Reports need the shop's database, MariaDB or MySQL; this trial runs on SQLite.")
        return self._engine


def _read_only_engine(url: str | URL) -> Engine:
    engine = create_engine(url, pool_size=AT_ONCE, pool_timeout=10.0, read_timeout=LONGEST + 5.0)

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _: object) -> None:
        with connection.cursor() as cursor:
            limit_statement_time(cursor, LONGEST)
            cursor.execute("SET SESSION group_concat_max_len = 65535")
        # The isolation level was set in a transaction of its own; the new default holds from the next one on.
        connection.commit()
        with connection.cursor() as cursor:
            cursor.execute("SET SESSION TRANSACTION READ ONLY")
        connection.commit()

    return engine


_TABLE: Final = re.compile(r"'[^']*?([^'.]+)'")


@contextmanager
def _translated(name: str) -> Iterator[None]:
    try:
        yield
    except DBAPIError as error:
        raise _unavailable(name, error) from error
    except SQLAlchemyError as error:
        raise StoreDown("two reports are running already: try again when one has ended") from error


def _unavailable(name: str, error: DBAPIError) -> ReportUnavailable | StoreDown:
    code = number_of(error)
    detail = str(error.orig.args[-1]) if error.orig is not None and error.orig.args else ""
    if code in NO_TABLE:
        found = _TABLE.search(detail)
        what = f"{found.group(1)!r} is missing in the database" if found else "a table or column is missing"
        return ReportUnavailable(f"{name} can not be run: {what}.")
    if code in DENIED and code != 1045:
        return ReportUnavailable(f"{name} can not be run: the database user may not read what it needs (error {code}).")
    if code in TOO_LONG:
        return ReportUnavailable(f"{name} took longer than {LONGEST} s and was stopped: ask for less with since.")
    return StoreDown(f"the database does not answer as it should (error {code or type(error.orig).__name__})")
