"""Print `sql/schema.sql`: `python -m bridge.adapters.migrations.render > sql/schema.sql`."""

from __future__ import annotations

import sys

from bridge.adapters.migrations.upgrade import render

PREFIX = "ps_"

HEADER = f"""\
-- The bridge's own tables, for MariaDB 10.6 or newer and MySQL 8.
--
-- `mollie-bridge migrate` makes them; this file is for those who want to read them or to make them by hand. The version
-- is recorded too, so that the program finds nothing left to do. Where the shop has another table prefix than {PREFIX},
-- replace it.
-- All times are UTC, all amounts in minor units (cents).
--
-- cart         the bridge's row of a cart: locked while anything about the cart is decided
-- attempt      one try at paying a cart; live_cart_id repeats id_cart while the attempt is live, at most one is
-- idempotency  an idempotency key in use, and the answer that it gets again
-- delivery     one webhook call, and how far its work is
-- refund       money on its way back
-- audit        one decision or event; rows are only ever added
-- notice       what the merchant is to be told, once for each case and channel
-- task         work that one sidecar does at a time
--
-- Generated from the migrations: python -m bridge.adapters.migrations.render > sql/schema.sql

"""


def schema() -> str:
    """The whole file."""
    # Alembic's own comments name its versions, and each CREATE TABLE commits by itself.
    lines = [line.rstrip() for line in render(PREFIX).splitlines() if not line.startswith("-- ")]
    text = "\n".join(lines).replace("\t", "    ")
    while "\n\n\n" in text:
        text = text.replace("\n\n\n", "\n\n")
    return HEADER + text.strip() + "\n"


if __name__ == "__main__":
    sys.stdout.write(schema())
