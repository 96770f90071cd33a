"""Rows that travel as one column: a JSON array of the row's values, taken apart here.

PyMySQL is written in Python and reads a description of every column of every answer, also of an answer without rows:
about 10 us of processor time each, so that a look at a row of twelve columns costs twice what it costs as one column.
What is asked for in every payment initiation is therefore asked for packed. JSON_ARRAY is the same function on MariaDB,
MySQL and SQLite, and takes text of any collation.

Meant for the columns that these tables have: whole numbers, decimals, text, and times whose type knows `from_json`.
"""

from __future__ import annotations

import json
from decimal import Decimal
from types import SimpleNamespace
from typing import Any, Protocol, TypeAlias, runtime_checkable

from sqlalchemy import Row, Select, func

from bridge.adapters.prepared import Execute, Prepared, Values

AnyRow: TypeAlias = Row[Any] | SimpleNamespace
"""A row by its columns' names, as SQLAlchemy makes it or unpacked."""

_DECODER = json.JSONDecoder(parse_float=Decimal)
"""A decimal keeps its digits."""


@runtime_checkable
class FromJson(Protocol):
    """A column type whose values JSON can only carry as text."""

    def from_json(self, value: str | None) -> Any:
        """The value of a text that the database wrote."""
        ...


class PackedSelect:
    """A select whose rows come packed; they have the columns' names as attributes, as SQLAlchemy's rows have."""

    def __init__(self, select: Select[Any]) -> None:
        columns = tuple(select.selected_columns)
        packed = func.json_array(*columns).label("packed")
        self.statement = select.with_only_columns(packed, maintain_column_froms=True)
        self._prepared = Prepared(self.statement)
        self._names = tuple(str(column.key) for column in columns)
        self._texts = tuple((at, c.type.from_json) for at, c in enumerate(columns) if isinstance(c.type, FromJson))

    def all(self, execute: Execute, values: Values) -> list[SimpleNamespace]:
        """The rows."""
        return [self._unpacked(packed) for (packed,) in execute(self._prepared, values).all()]

    def one_or_none(self, execute: Execute, values: Values) -> SimpleNamespace | None:
        """The only row, or None."""
        rows = self.all(execute, values)
        if len(rows) > 1:
            raise AssertionError("a key of the table finds one row at most")
        return rows[0] if rows else None

    def _unpacked(self, packed: str) -> SimpleNamespace:
        values = _DECODER.decode(packed)
        for at, from_json in self._texts:
            values[at] = from_json(values[at])
        return SimpleNamespace(**dict(zip(self._names, values, strict=True)))
