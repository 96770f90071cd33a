"""Running the migrations: the part that knows Alembic."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy import Connection, Engine, text

from bridge.adapters.ledger.engine import WRITES
from bridge.adapters.migrations import version_table
from bridge.domain.errors import ConfigurationError, StoreDown

LOCK_WAIT = 60
"""Seconds to wait for another migration: making six tables takes one, changing a large one may take more."""


def upgrade(engine: Engine, prefix: str) -> None:
    """Run what is missing, alone."""
    with engine.execution_options(**{WRITES: True}).connect() as connection, _alone(connection, prefix):
        try:
            command.upgrade(_config(prefix, connection=connection), "head")
        except CommandError as error:
            raise ConfigurationError(
                [f"the database's tables are of another version of this program: {error}"]
            ) from error
        connection.commit()


def render(prefix: str) -> str:
    """All migrations as one SQL script for MariaDB and MySQL, without a database."""
    output = StringIO()
    config = _config(prefix)
    config.output_buffer = output
    command.upgrade(config, "head", sql=True)
    return output.getvalue()


def newest_version() -> str | None:
    """The newest version among the scripts."""
    return ScriptDirectory.from_config(_config("")).get_current_head()


def _config(prefix: str, **attributes: object) -> Config:
    config = Config()
    # Alembic reads the path as a template in which % is special.
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes.update(prefix=prefix, version_table=version_table(prefix), **attributes)
    return config


@contextmanager
def _alone(connection: Connection, prefix: str) -> Iterator[None]:
    """Keep other migrations out. On SQLite the transaction does: it has begun with BEGIN IMMEDIATE.

    On the servers each CREATE TABLE commits, so a row lock would be gone after the first one; a named lock belongs to
    the session and goes with it, whatever becomes of this process.
    """
    if connection.dialect.name == "sqlite":
        connection.begin()
        yield
        return
    # Named locks are the server's: two shops on one server must not wait for each other.
    name = {"name": f"{version_table(prefix)}@{connection.engine.url.database}"[-64:]}
    if connection.execute(text("SELECT GET_LOCK(:name, :wait)"), name | {"wait": LOCK_WAIT}).scalar_one() != 1:
        raise StoreDown(f"another migration has not finished within {LOCK_WAIT} s", retry_after=LOCK_WAIT)
    try:
        yield
    finally:
        connection.execute(text("DO RELEASE_LOCK(:name)"), name)
