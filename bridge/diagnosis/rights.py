"""The rights of the bridge's database user: each one that it needs, and those that it should not have.

Tried with EXPLAIN, which asks for the same rights as the statement and does not run it; so roles, wildcards and both
servers' ways to list grants need not be understood.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from bridge.adapters.ledger.faults import DENIED, NO_TABLE, number_of
from bridge.diagnosis.findings import Check, Verdict, failed, ok, warning
from bridge.diagnosis.installation import Installation
from bridge.diagnosis.untestable import Untestable

READ: Final = (
    *("cart", "cart_product", "configuration", "currency", "shop"),
    *("orders", "order_invoice", "order_payment", "order_state"),
    "mollie_payments",
)
"""The shop's tables that are read."""

CORRECTED: Final = ("bank_status", "reason", "updated_at")
"""The columns of `mollie_payments` that are written."""

OWN: Final = ("cart", "attempt", "idempotency", "delivery", "refund", "notice", "task")
"""The bridge's own tables that are read and written."""

_UPDATED: Final = {
    "cart": "version",
    "attempt": "version",
    "idempotency": "state",
    "delivery": "state",
    "refund": "state",
    "notice": "state",
    "task": "name",
}

_TOO_MUCH: Final = {
    "write the shop's orders": "UPDATE {orders} SET current_state = current_state WHERE 1 = 0",
    "delete the shop's carts": "DELETE FROM {cart} WHERE 1 = 0",
    "link payments to other orders": "UPDATE {mollie_payments} SET order_id = order_id WHERE 1 = 0",
    "write the shop's configuration": "UPDATE {configuration} SET value = value WHERE 1 = 0",
    "read the customers": "SELECT 1 FROM {customer} WHERE 1 = 0",
    "rewrite the audit trail": "UPDATE {molbridge_audit} SET event = event WHERE 1 = 0",
}


def needed(prefix: str) -> dict[str, str]:
    """What the bridge must be allowed, in words, with a statement that asks for just that."""

    def name(table: str) -> str:
        return f"`{prefix}{table}`"

    tried = {
        f"SELECT on {prefix}{table}": f"SELECT * FROM {name(table)} WHERE 1 = 0"  # noqa: S608
        for table in READ
    }
    changes = ", ".join(f"{column} = {column}" for column in CORRECTED)
    tried[f"UPDATE ({', '.join(CORRECTED)}) on {prefix}mollie_payments"] = (
        f"UPDATE {name('mollie_payments')} SET {changes} WHERE 1 = 0"  # noqa: S608
    )
    for table in (*OWN, "audit"):
        own = f"molbridge_{table}"
        tried[f"SELECT on {prefix}{own}"] = f"SELECT * FROM {name(own)} WHERE 1 = 0"  # noqa: S608
        tried[f"INSERT on {prefix}{own}"] = f"INSERT INTO {name(own)} SELECT * FROM {name(own)} WHERE 1 = 0"  # noqa: S608
        tried[f"DELETE on {prefix}{own}"] = f"DELETE FROM {name(own)} WHERE 1 = 0"  # noqa: S608
        if table in _UPDATED:
            column = _UPDATED[table]
            tried[f"UPDATE on {prefix}{own}"] = f"UPDATE {name(own)} SET {column} = {column} WHERE 1 = 0"  # noqa: S608
    tried[f"SELECT on {prefix}molbridge_version"] = f"SELECT * FROM {name('molbridge_version')}"  # noqa: S608
    return tried


def _enough(installation: Installation) -> Verdict:
    tried = needed(installation.prefix)
    with installation.server() as db:
        answers = {right: _try(db, statement) for right, statement in tried.items()}
    denied = [right for right, code in answers.items() if code in DENIED]
    absent = sorted({right.rpartition(" ")[2] for right, code in answers.items() if code in NO_TABLE})
    odd = [right for right, code in answers.items() if code not in (None, *DENIED, *NO_TABLE)]
    if denied:
        return failed(f"it may not: {_listed(denied)}", "run sql/grants.sql as an administrator of the database")
    if [name for name in absent if "molbridge" not in name]:
        return failed(
            f"the shop has no {_listed([name for name in absent if 'molbridge' not in name])}",
            "put right database.prefix, or install the Mollie module",
        )
    if absent:
        raise Untestable("the bridge's own tables are not there")
    if odd:
        raise Untestable(f"the server does not explain: {_listed(odd)}")
    return ok(f"all {len(tried)} rights that it needs")


def _not_too_much(installation: Installation) -> Verdict:
    with installation.server() as db:
        may = [what for what, statement in _TOO_MUCH.items() if _try(db, _filled(statement, installation)) is None]
        may += _global_rights(db)
    if not may:
        return ok("no more than it needs")
    return warning(
        f"{installation.engine.url.username} may also {_listed(may)}",
        "give the bridge a user of its own: sql/grants.sql (the shop's own user, which init writes, may do all this)",
    )


def _filled(statement: str, installation: Installation) -> str:
    tables = ("orders", "cart", "mollie_payments", "configuration", "customer", "molbridge_audit")
    return statement.format(**{table: installation.table(table) for table in tables})


def _global_rights(db: Connection) -> list[str]:
    """Rights on every database, by the server's own list; USAGE is none."""
    listed = [str(row[0]) for row in db.execute(text("SHOW GRANTS"))]
    held = [grant for grant in listed if " ON *.* " in grant and not grant.startswith("GRANT USAGE ON")]
    return ["do things in every database of the server"] if held else []


def _try(db: Connection, statement: str) -> int | None:
    """The error number of the statement; None when it is allowed."""
    try:
        db.execute(text(f"EXPLAIN {statement}")).all()
    except DBAPIError as error:
        return number_of(error) or -1
    finally:
        db.rollback()
    return None


def _listed(things: list[str], most: int = 4) -> str:
    more = len(things) - most
    return ", ".join(things[:most]) + (f" and {more} more" if more > 0 else "")


CHECKS = (
    Check("database.rights", "the bridge's database user may do what it must", _enough),
    Check("database.excess", "and nothing else", _not_too_much),
)
