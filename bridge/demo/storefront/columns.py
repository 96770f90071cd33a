"""Column types that mean the same on MariaDB, as in a real shop, and on SQLite, where the demo lives."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import (
    Column,
    Connection,
    DateTime,
    Index,
    Insert,
    Integer,
    MetaData,
    Numeric,
    SmallInteger,
    String,
    Table,
    Text,
)
from sqlalchemy.dialects import mysql, sqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

ZERO_DATE: Final = "0000-00-00 00:00:00"
SIX_PLACES: Final = Decimal("0.000001")

_SERVERS = ("mysql", "mariadb")


class Price(TypeDecorator[Decimal]):
    """PrestaShop's decimal(20,6), always a `Decimal` with six places on this side.

    SQLite keeps a number in a column of this affinity as a double whatever is written; six places survive that for any
    amount a shop takes, and the reading side rounds back to them.
    """

    impl = Numeric
    cache_ok = True

    def __init__(self, precision: int = 20) -> None:
        super().__init__(precision, 6)
        self.precision = precision

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """The real type on a server, SQLite's own number type on SQLite."""
        if dialect.name == "sqlite":
            return dialect.type_descriptor(Numeric(self.precision, 6, asdecimal=False))
        return dialect.type_descriptor(Numeric(self.precision, 6))

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> Decimal | None:
        """Six places, as the shop stores them."""
        return None if value is None else value.quantize(SIX_PLACES)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> Decimal | None:
        """A `Decimal` with six places."""
        return None if value is None else Decimal(str(value)).quantize(SIX_PLACES)


class ZeroDate(TypeDecorator[datetime]):
    """A datetime that is NOT NULL in PrestaShop although it may be unknown: None is stored as `0000-00-00 00:00:00`."""

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """DATETIME on a server; text on SQLite, whose DATETIME refuses the zero date."""
        return dialect.type_descriptor(String(19) if dialect.name == "sqlite" else DateTime())

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """The zero date for None, whole seconds else."""
        return ZERO_DATE if value is None else value.isoformat(" ", "seconds")

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:
        """None for the zero date; the driver hands that one over as text."""
        if isinstance(value, str):
            return None if value.startswith("0000") else datetime.fromisoformat(value)
        return value if isinstance(value, datetime) else None


def table(name: str, metadata: MetaData, *parts: Column[Any], charset: str = "utf8mb4") -> Table:
    """A table on InnoDB with the character set that the real one has."""
    options = {"engine": "InnoDB", "charset": charset, "collate": f"{charset}_general_ci"}
    by_server: dict[str, Any] = {f"{s}_{option}": value for s in _SERVERS for option, value in options.items()}
    return Table(name, metadata, *parts, **by_server)


def key(name: str, *, auto: bool = True, default: int | None = None) -> Column[int]:
    """A primary key column, unsigned on a server; `auto` numbers it."""
    stated = None if default is None else str(default)
    return Column(name, _unsigned(), primary_key=True, autoincrement=auto, default=default, server_default=stated)


def uint(name: str, default: int | None = 0, *, stated: bool = True) -> Column[int]:
    """An unsigned NOT NULL number; `stated` says whether the real column has its default in the database, too."""
    server_default = str(default) if stated and default is not None else None
    return Column(name, _unsigned(), nullable=False, default=default, server_default=server_default)


def flag(name: str, default: int = 0) -> Column[int]:
    """PrestaShop's tinyint(1)."""
    tiny = SmallInteger().with_variant(mysql.TINYINT(1), *_SERVERS)
    return Column(name, tiny, nullable=False, default=default, server_default=str(default))


def price(name: str, default: str | None = "0.000000") -> Column[Decimal]:
    """A NOT NULL decimal(20,6)."""
    value = None if default is None else Decimal(default)
    return Column(name, Price(), nullable=False, default=value, server_default=default)


def rate(name: str) -> Column[Decimal]:
    """A currency's conversion rate, decimal(13,6) in the shop, one by default."""
    return Column(name, Price(13), nullable=False, default=Decimal(1), server_default="1.000000")


def word(name: str, length: int, default: str | None = None) -> Column[str]:
    """A NOT NULL varchar; without `default` the writer must give it."""
    return Column(name, String(length), nullable=False, default=default)


def words(name: str, default: str = "") -> Column[str]:
    """A NOT NULL mediumtext."""
    return Column(name, Text().with_variant(mysql.MEDIUMTEXT(), *_SERVERS), nullable=False, default=default)


def moment(name: str, default: Callable[[], datetime] | None = None, *, nullable: bool = False) -> Column[datetime]:
    """A datetime in whole seconds and without zone, as the shop writes it."""
    whole: TypeEngine[datetime] = sqlite.DATETIME(truncate_microseconds=True)  # type: ignore[no-untyped-call]
    seconds = DateTime().with_variant(whole, "sqlite")
    return Column(name, seconds, nullable=nullable, default=default)


def zero_moment(name: str) -> Column[datetime]:
    """A NOT NULL datetime that begins as the zero date."""
    return Column(name, ZeroDate(), nullable=False, default=lambda: None)


def maybe(name: str, kind: TypeEngine[Any] | None = None) -> Column[Any]:
    """A column that may be NULL, an unsigned number unless `kind` says otherwise."""
    return Column(name, kind if kind is not None else _unsigned())


def inserted_id(db: Connection, row: Insert) -> int:
    """Insert one row into a table that numbers its rows, and give its number."""
    inserted = db.execute(row).inserted_primary_key
    if inserted is None:
        raise LookupError(f"{row.table} does not number its rows")
    return int(inserted[0])


def indexed(table: Table, **keys: tuple[str, ...]) -> Table:
    """Give `table` its keys under their real names; prefixed on SQLite, where all tables share the names."""
    for name, names in keys.items():
        found = [table.c[column] for column in names]
        for server in _SERVERS:
            Index(name, *found).ddl_if(dialect=server)
        Index(f"{table.name}_{name}", *found).ddl_if(dialect="sqlite")
    return table


def _unsigned() -> TypeEngine[int]:
    return Integer().with_variant(mysql.INTEGER(unsigned=True), *_SERVERS)
