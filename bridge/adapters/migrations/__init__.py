"""The versions of the bridge's tables, and how a database is brought to the newest.

`migrate` is safe to call at every start: at the newest version it reads one row and does nothing else, so the running
program's database user needs no right to change tables.
"""

from __future__ import annotations

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from bridge.adapters.ledger.faults import DENIED, NO_TABLE, number_of, translate, translated
from bridge.adapters.ledger.tables import checked_prefix
from bridge.domain.errors import ConfigurationError

__all__ = ["HEAD", "migrate", "schema_version", "version_in", "version_table"]

HEAD = "0003"
"""The newest version; a test holds it against the scripts in `versions`."""


def version_table(prefix: str) -> str:
    """The name of the table that holds the version."""
    return f"{checked_prefix(prefix)}molbridge_version"


def schema_version(engine: Engine, prefix: str) -> str | None:
    """The version of the tables under `prefix`; None when there are none. Raises `StoreDown`."""
    try:
        with engine.connect() as connection:
            return version_in(connection, prefix)
    except SQLAlchemyError as error:
        raise translate(error) from error


def version_in(connection: Connection, prefix: str) -> str | None:
    """As `schema_version`, on a connection that is there. Raises SQLAlchemy's errors."""
    statement = text(f"SELECT version_num FROM {version_table(prefix)}")  # noqa: S608  (a checked prefix)
    try:
        return connection.execute(statement).scalar_one_or_none()
    except DBAPIError as error:
        if number_of(error) in NO_TABLE or "no such table" in str(error.orig):
            return None
        raise


def migrate(engine: Engine, prefix: str) -> None:
    """Bring the tables under `prefix` to `HEAD`, from whatever version and also from half-done work.

    Safe when two start at once: the second waits, and finds the work done. Raises `StoreDown`, and `ConfigurationError`
    when the user may not change tables or the database is newer than the program.
    """
    if schema_version(engine, prefix) == HEAD:
        return
    # Alembic is needed about once in the life of a database; every other start is quicker without it.
    from bridge.adapters.migrations.upgrade import upgrade  # noqa: PLC0415

    with translated():
        try:
            upgrade(engine, prefix)
        except DBAPIError as error:
            if number_of(error) in DENIED:
                raise ConfigurationError(
                    [f"the database user may not make or change the tables {prefix}molbridge_*: see sql/grants.sql"]
                ) from error
            raise
