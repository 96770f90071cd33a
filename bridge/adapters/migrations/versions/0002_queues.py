"""The refund queue, notices, tasks, and the indexes by which the janitor finds what is left lying."""

from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy as sa
from alembic import context, op
from sqlalchemy.dialects import mysql

revision = "0002"
down_revision = "0001"

INNODB: dict[str, Any] = {"mysql_engine": "InnoDB", "mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_unicode_ci"}


def moment() -> sa.types.TypeEngine[Any]:
    return sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql")


def ascii_text(length: int) -> sa.types.TypeEngine[Any]:
    return sa.String(length).with_variant(mysql.VARCHAR(length, charset="ascii", collation="ascii_bin"), "mysql")


def uuid_text() -> sa.types.TypeEngine[Any]:
    return sa.String(36).with_variant(mysql.CHAR(36, charset="ascii", collation="ascii_bin"), "mysql")


def unsigned() -> sa.types.TypeEngine[Any]:
    return sa.Integer().with_variant(mysql.INTEGER(unsigned=True), "mysql")


def big() -> sa.types.TypeEngine[Any]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def column(name: str, kind: sa.types.TypeEngine[Any], **options: Any) -> sa.Column[Any]:
    """A column that must have a value; `maybe` is for those that need not."""
    return sa.Column(name, kind, nullable=False, **options)


def maybe(name: str, kind: sa.types.TypeEngine[Any]) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=True)


def table_of(name: str) -> str:
    return f"{context.config.attributes['prefix']}molbridge_{name}"


def there() -> sa.Inspector | None:
    """What is there already: on the servers every statement commits, so a crash may have left a part."""
    return None if context.is_offline_mode() else sa.inspect(op.get_bind())


def create(name: str, *parts: sa.schema.SchemaItem) -> None:
    known = there()
    if known is None or not known.has_table(table_of(name)):
        op.create_table(table_of(name), *parts, **INNODB)


def add_columns(name: str, *columns: sa.Column[Any]) -> None:
    known = there()
    names = {each["name"] for each in known.get_columns(table_of(name))} if known is not None else set()
    for each in columns:
        if each.name not in names:
            op.add_column(table_of(name), each)


def add_index(name: str, suffix: str, columns: Sequence[str], *, unique: bool = False) -> None:
    known = there()
    names = {each["name"] for each in known.get_indexes(table_of(name))} if known is not None else set()
    if f"{table_of(name)}_{suffix}" not in names:
        op.create_index(f"{table_of(name)}_{suffix}", table_of(name), list(columns), unique=unique)


def upgrade() -> None:
    add_index("cart", "phase", ["order_phase"])
    add_index("attempt", "state", ["state", "updated_at"])
    add_columns("delivery", column("passed_on", sa.SmallInteger(), server_default="0"))
    add_index("delivery", "age", ["received_at"])
    add_columns("refund", *_refund_columns())
    add_index("refund", "mollie", ["mollie_refund_id"], unique=True)
    _notice()
    _task()


def _refund_columns() -> Iterator[sa.Column[Any]]:
    yield column("kind", ascii_text(16), server_default="refund")
    yield column("tries", unsigned(), server_default="0")
    yield maybe("next_try_at", moment())


def _notice() -> None:
    create(
        "notice",
        column("id", uuid_text()),
        column("notice_case", ascii_text(128)),
        column("channel", ascii_text(16)),
        column("kind", ascii_text(32)),
        maybe("id_shop", unsigned()),
        maybe("id_cart", unsigned()),
        maybe("transaction_id", ascii_text(64)),
        maybe("amount_minor", big()),
        maybe("currency", sa.CHAR(3)),
        column("detail", sa.Text()),
        column("state", ascii_text(16)),
        column("tries", unsigned()),
        maybe("next_try_at", moment()),
        maybe("last_error", sa.Text()),
        column("at", moment()),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("notice_case", "channel", name=f"{table_of('notice')}_once"),
    )
    add_index("notice", "due", ["state", "next_try_at"])


def _task() -> None:
    create(
        "task",
        column("name", ascii_text(32)),
        column("holder", sa.String(191)),
        column("held_until", moment()),
        maybe("ended_at", moment()),
        sa.PrimaryKeyConstraint("name"),
    )
