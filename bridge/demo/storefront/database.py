"""The shop's database as PHP uses it: every statement commits by itself, so a script that dies leaves half its work."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from functools import cached_property
from typing import Any

from sqlalchemy import Connection, Engine, Select, Table, Update, func, insert, select

from bridge.demo.storefront.columns import inserted_id
from bridge.demo.storefront.schema import ShopTables, shop_tables

Row = dict[str, Any]


def system_now() -> datetime:
    """The time now, aware, in UTC."""
    return datetime.now(UTC)


@dataclass(kw_only=True)
class ShopDatabase:
    """One shop database: engine and tables, and the shop's own idea of the time.

    `zone` is PHP's time zone: PHP stamps `ps_orders` and its kin, the database's `NOW()` stamps `ps_mollie_payments`.
    """

    engine: Engine
    prefix: str = "ps_"
    now: Callable[[], datetime] = system_now
    zone: tzinfo = UTC

    @cached_property
    def tables(self) -> ShopTables:
        """The tables under the shop's prefix."""
        return shop_tables(self.prefix)

    def local_now(self) -> datetime:
        """PHP's time: local, without zone, whole seconds."""
        return self.now().astimezone(self.zone).replace(tzinfo=None, microsecond=0)

    def database_now(self) -> datetime:
        """The database's `NOW()`, without zone: the clock that stamps the module's rows."""
        with self.connection() as db:
            return db.execute(select(func.now())).scalar_one()

    @contextlib.contextmanager
    def connection(self) -> Iterator[Connection]:
        """A connection that commits every statement."""
        with self.engine.connect() as connection:
            yield connection.execution_options(isolation_level="AUTOCOMMIT")

    def rows(self, query: Select[Any]) -> list[Row]:
        """All rows, as dictionaries."""
        with self.connection() as db:
            return [dict(row) for row in db.execute(query).mappings()]

    def first(self, query: Select[Any]) -> Row | None:
        """The first row, if there is one."""
        found = self.rows(query.limit(1))
        return found[0] if found else None

    def value(self, query: Select[Any]) -> Any:
        """The first column of the first row; None when there is none."""
        with self.connection() as db:
            return db.execute(query.limit(1)).scalar()

    def add(self, table: Table, **values: Any) -> int:
        """Insert a row into a table that numbers its rows; the number."""
        with self.connection() as db:
            return inserted_id(db, insert(table).values(**values))

    def put(self, table: Table, **values: Any) -> None:
        """Insert a row that brings its own key."""
        with self.connection() as db:
            db.execute(insert(table).values(**values))

    def change(self, statement: Update) -> int:
        """Run an UPDATE; how many rows it met."""
        with self.connection() as db:
            return db.execute(statement).rowcount

    def setting(self, name: str, *, shop_id: int = 1, group_id: int = 1) -> str | None:
        """A value of `ps_configuration`: the shop's own, else its group's, else the global one."""
        c = self.tables.configuration.c
        found = self.rows(
            select(c.id_shop, c.id_shop_group, c.value).where(c.name == name).order_by(c.id_configuration)
        )
        for shop, group in ((shop_id, None), (None, group_id), (None, None)):
            for row in found:
                if row["id_shop"] == shop and (group is None or row["id_shop_group"] == group):
                    return None if row["value"] is None else str(row["value"])
        return None
