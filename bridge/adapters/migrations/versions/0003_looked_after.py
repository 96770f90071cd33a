"""When Mollie took a refund, and the index by which those are found that are to be looked after there."""

from typing import Any

import sqlalchemy as sa
from alembic import context, op
from sqlalchemy.dialects import mysql

revision = "0003"
down_revision = "0002"


def moment() -> sa.types.TypeEngine[Any]:
    return sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql")


def upgrade() -> None:
    table = f"{context.config.attributes['prefix']}molbridge_refund"
    # What is there already: on the servers every statement commits, so a crash may have left a part.
    known = None if context.is_offline_mode() else sa.inspect(op.get_bind())
    columns = {each["name"] for each in known.get_columns(table)} if known is not None else set()
    indexes = {each["name"] for each in known.get_indexes(table)} if known is not None else set()
    if "taken_at" not in columns:
        op.add_column(table, sa.Column("taken_at", moment(), nullable=True))
    if f"{table}_due" not in indexes:
        op.create_index(f"{table}_due", table, ["state", "next_try_at"])
