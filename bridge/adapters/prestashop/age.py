"""How old a row is, told by the database itself."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import Integer


class SecondsSince(FunctionElement[int]):
    """Whole seconds from a datetime column until now, both in the session's own time zone.

    The module writes its times with the server's NOW(), so only the server can tell how long ago that was. On MariaDB
    and MySQL the column is turned into Unix time before it is subtracted: the night when the clocks change adds nothing
    and takes nothing away (but for times in the one hour that happens twice).
    """

    inherit_cache = True
    type = Integer()

    def __init__(self, moment: ColumnElement[Any]) -> None:
        super().__init__(moment)


@compiles(SecondsSince)
def _on_a_server(element: SecondsSince, compiler: SQLCompiler, **options: Any) -> str:
    return f"(UNIX_TIMESTAMP() - UNIX_TIMESTAMP({compiler.process(element.clauses, **options)}))"


@compiles(SecondsSince, "sqlite")
def _on_sqlite(element: SecondsSince, compiler: SQLCompiler, **options: Any) -> str:
    # SQLite's CURRENT_TIMESTAMP, its only NOW(), is UTC, and so is what strftime makes of a time without zone.
    return f"(strftime('%s', 'now') - strftime('%s', {compiler.process(element.clauses, **options)}))"
