"""What a database error means: one place that reads error numbers.

| what happened | what the caller gets |
|---|---|
| deadlock, or undone by the server to keep the order of things | run again, after three attempts `LockTimeout` |
| a row or the SQLite file was locked for too long | `LockTimeout` |
| the connection is gone, refused, or the pool is empty | `StoreDown` |
| a value that no column can hold | `InvalidRequest` |
| tables missing, rights missing, anything else | `StoreDown`, its message naming the number |

No message holds SQL or values: it may end in an answer. The original error is the cause.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, SQLAlchemyError

from bridge.domain.errors import BridgeError, InvalidRequest, LockTimeout, StoreDown

LOCK_WAIT = 1205
"""A row was locked by somebody else for `innodb_lock_wait_timeout`."""

ROLLED_BACK = "40"
"""The SQL standard's class of errors that undo a transaction for the sake of another: 40001 serialisation failure (on
these servers a deadlock, Galera's failed certification too), 40000 rollback (group replication)."""

UNDONE = frozenset({1020, 1213})
"""The same by number: record changed since it was read (MariaDB's snapshot isolation; its state is HY000), deadlock."""

SHUTTING_DOWN, NOT_IN_THE_CLUSTER = 1053, 1047
READ_ONLY = frozenset({1290, 1792, 1836})
OF_NO_USE = READ_ONLY | {SHUTTING_DOWN, NOT_IN_THE_CLUSTER}
"""What a server says that is not the one to ask (any more), on connections that it may keep open for days: it is about
to close them, is a replica since a fail-over, or has lost its Galera cluster. Its address may lead to another now."""

NO_TABLE = frozenset({1146, 1054})
DENIED = frozenset({1044, 1045, 1142, 1143, 1227})


class RunAgain(Exception):
    """What the transaction had read is not so any more: the whole of it is to run again. Never leaves the ledger."""


class CommitUnknown(StoreDown):
    """The connection broke while the transaction was being committed: nobody knows whether it was."""


def find_cause(error: BaseException) -> DBAPIError | None:
    """The database error that `error` is or was raised from."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, DBAPIError):
        cause = cause.__cause__
    return cause


def number_of(error: DBAPIError) -> int | None:
    """The server's error number; None for SQLite's errors and for errors without one."""
    arguments = () if error.orig is None or isinstance(error.orig, sqlite3.Error) else error.orig.args
    return arguments[0] if arguments and isinstance(arguments[0], int) else None


def wants_another_run(error: BaseException) -> bool:
    """Whether the transaction was undone for the sake of another one, also where an adapter wrapped the error."""
    if isinstance(error, RunAgain):
        return True
    cause = find_cause(error)
    if cause is None:
        return False
    by_standard = str(getattr(cause.orig, "sqlstate", None) or "").startswith(ROLLED_BACK)
    return by_standard or number_of(cause) in UNDONE or _sqlite_code(cause) == sqlite3.SQLITE_BUSY_SNAPSHOT


def is_stale(error: BaseException) -> bool:
    """Whether a pooled connection turned out to be dead.

    A time-out is something else: the server is there and slow, and asking it again would double the wait.
    """
    cause = find_cause(error)
    if cause is None or not cause.connection_invalidated or cause.orig is None:
        return False
    return not isinstance(cause.orig.__context__, TimeoutError)


_SERVER_KEY = re.compile(r".* for key '(?:[^']*\.)?([^']+)'", re.DOTALL)
"""`Duplicate entry '...' for key 'name'` (MySQL 8: 'table.name'). Greedy: the entry is the caller's text."""


def violated_key(error: IntegrityError) -> str:
    """The unique key that was violated: its name on the servers, its columns (`table.column, ...`) on SQLite."""
    message = str(error.orig.args[-1]) if error.orig is not None and error.orig.args else ""
    found = _SERVER_KEY.match(message)
    return found.group(1) if found else message.partition("UNIQUE constraint failed: ")[2]


@contextmanager
def translated() -> Iterator[None]:
    """Let nothing of SQLAlchemy's or a driver's errors out; `RunAgain` is the retry's business."""
    try:
        yield
    except SQLAlchemyError as error:
        raise translate(error) from error
    except (UnicodeEncodeError, OverflowError) as error:
        raise InvalidRequest("a value can not be stored: not valid Unicode, or a number out of range") from error


def translate(error: SQLAlchemyError) -> BridgeError:
    """The error of ours that says what `error` means."""
    if not isinstance(error, DBAPIError):
        return StoreDown("no database connection was to be had in time")
    if wants_another_run(error):
        return LockTimeout("other requests kept changing the same rows")
    code = number_of(error)
    if code == LOCK_WAIT or _sqlite_code(error) in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
        return LockTimeout("a row of the cart was locked for too long")
    if isinstance(error, DataError):
        return InvalidRequest("a value does not fit into the database: too long, or not made of the right characters")
    if code in NO_TABLE or "no such table" in str(error.orig):
        return StoreDown("the bridge's tables are missing or out of date: run `mollie-bridge migrate`")
    if code in DENIED:
        return StoreDown(f"the database user lacks a right (error {code}): see sql/grants.sql")
    return StoreDown(f"the database does not answer as it should (error {code or type(error.orig).__name__})")


def _sqlite_code(error: DBAPIError) -> int | None:
    """SQLite's result code: BUSY_SNAPSHOT in full, any other without its extension."""
    code = getattr(error.orig, "sqlite_errorcode", None)
    if not isinstance(code, int) or code == sqlite3.SQLITE_BUSY_SNAPSHOT:
        return code
    return code & 0xFF
