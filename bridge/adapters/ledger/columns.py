"""Column types that mean the same on MariaDB, MySQL and SQLite."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BigInteger, DateTime, Dialect, Integer, String, Text
from sqlalchemy.dialects import mysql
from sqlalchemy.types import TypeDecorator, TypeEngine

_SERVERS = ("mysql", "mariadb")

INNODB: dict[str, Any] = {"mysql_engine": "InnoDB", "mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_unicode_ci"}
"""Table options: stated, because a shop's server may default to another engine or character set."""


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC datetime with microseconds, stored naive.

    DATETIME(6) and not TIMESTAMP: a TIMESTAMP goes through the session's time zone, and that is the shop's.
    """

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[datetime]:
        """DATETIME(6) on the servers; without the 6 they cut the microseconds off."""
        plain: TypeEngine[datetime] = mysql.DATETIME(fsp=6) if dialect.name in _SERVERS else DateTime()
        return dialect.type_descriptor(plain)

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """To naive UTC; a naive datetime is a mistake of ours and refused."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"naive datetime {value}: the ledger takes aware ones")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """To aware UTC."""
        return None if value is None else value.replace(tzinfo=UTC)

    def from_json(self, value: str | None) -> datetime | None:
        """To aware UTC, from the text that the databases make of a time in JSON."""
        return None if value is None else datetime.fromisoformat(value).replace(tzinfo=UTC)


def ascii_text(length: int) -> TypeEngine[str]:
    """Ids, states and tokens: one byte a character, compared byte by byte."""
    return String(length).with_variant(mysql.VARCHAR(length, charset="ascii", collation="ascii_bin"), *_SERVERS)


def uuid_text() -> TypeEngine[str]:
    """A UUID as people read it: 36 characters cost 20 bytes more than binary, and any MySQL client can search them."""
    return String(36).with_variant(mysql.CHAR(36, charset="ascii", collation="ascii_bin"), *_SERVERS)


def exact_text(length: int) -> TypeEngine[str]:
    """Any text, compared character by character: what a caller chose as a key must not meet another by its case."""
    return String(length).with_variant(mysql.VARCHAR(length, charset="utf8mb4", collation="utf8mb4_bin"), *_SERVERS)


def text(length: int | None = None) -> TypeEngine[str]:
    """Text for people: of a limited length, or up to 64 KiB."""
    return Text() if length is None else String(length)


def unsigned() -> TypeEngine[int]:
    """What PrestaShop numbers its things with: int(10) unsigned."""
    return Integer().with_variant(mysql.INTEGER(unsigned=True), *_SERVERS)


def big() -> TypeEngine[int]:
    """Money in minor units, fences, row numbers. SQLite numbers rows by itself only where it reads INTEGER."""
    return BigInteger().with_variant(Integer(), "sqlite")
