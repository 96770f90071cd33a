"""A database that does not wait for the disk at every commit, for tests in which it is never killed itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tests.services.mariadb import Database

_SET = "SET GLOBAL innodb_flush_log_at_trx_commit = %s"


@contextmanager
def unflushed(database: Database) -> Iterator[Database]:
    """Commits are written and not flushed: a process that dies loses none of them. Flushed again afterwards."""
    database.execute(_SET, 2)
    try:
        yield database
    finally:
        database.execute(_SET, 1)
