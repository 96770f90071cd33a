"""Transactions on pooled connections, begun in a way that a restart of the database does not show."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from bridge.adapters.ledger.engine import LOCK_WAIT, WRITES
from bridge.adapters.ledger.faults import CommitUnknown, is_stale
from bridge.domain.errors import LockTimeout

T = TypeVar("T")


class Sessions:
    """The engine, and the one way in which the ledger begins and ends transactions on it.

    A connection may have died in the pool (the server was restarted). That shows at the transaction's first statement,
    and then nothing has been done: no COMMIT was sent, and whatever the statement did went with the connection. So the
    first statement, and only that, is asked a second time; the error has emptied the pool, the second connection is
    new. A ping at each checkout would cost every request a round trip for what happens once in months.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._writing = engine.execution_options(**{WRITES: True})
        # SQLite lets writers poll for its file, with growing pauses and no order. Those of one process queue here.
        self._writers = threading.Lock() if engine.dialect.name == "sqlite" else None

    def read(self, statement: Callable[[Connection], T]) -> T:
        """What `statement` reads, in a transaction of its own."""
        connection, found = self._begin(self._engine, statement)
        connection.close()
        return found

    def write(self, statements: Callable[[Connection], T]) -> T:
        """Run and commit `statements`; what they return."""
        with self.transaction(statements) as (connection, result):
            commit(connection)
            return result

    @contextmanager
    def transaction(self, first: Callable[[Connection], T]) -> Iterator[tuple[Connection, T]]:
        """A transaction that is going to write, begun with `first`; rolled back unless it is committed inside."""
        with self._writers_turn():
            connection, result = self._begin(self._writing, first)
            with closing(connection):
                yield connection, result

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()

    def _begin(self, engine: Engine, first: Callable[[Connection], T]) -> tuple[Connection, T]:
        try:
            return self._begin_once(engine, first)
        except Exception as error:
            if not is_stale(error):
                raise
        return self._begin_once(engine, first)

    @staticmethod
    def _begin_once(engine: Engine, first: Callable[[Connection], T]) -> tuple[Connection, T]:
        connection = engine.connect()
        try:
            return connection, first(connection)
        except BaseException:
            connection.close()
            raise

    @contextmanager
    def _writers_turn(self) -> Iterator[None]:
        if self._writers is None:
            yield
            return
        if not self._writers.acquire(timeout=LOCK_WAIT):
            raise LockTimeout("other requests kept the database file locked for too long")
        try:
            yield
        finally:
            self._writers.release()


def commit(connection: Connection) -> None:
    """Commit. When the connection breaks on the way nobody knows the outcome, and nobody may do it again blindly."""
    try:
        connection.commit()
    except DBAPIError as error:
        if error.connection_invalidated:
            raise CommitUnknown("the connection broke while a change was being stored") from error
        raise
