"""Storing by id: update the row that is there, else insert it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from sqlalchemy import CursorResult, Executable

from bridge.adapters.ledger.rows import Values, delivery_values
from bridge.adapters.ledger.statements import Statements
from bridge.domain.records import Delivery

Execute: TypeAlias = Callable[[Executable, Values], CursorResult[Any]]
"""Runs a statement with its values on the transaction's connection."""


def update_or_insert(execute: Execute, update: Executable, insert: Executable, values: Values) -> None:
    """Two plain statements instead of the servers' `ON DUPLICATE KEY`.

    That one would take a collision on *any* unique key for the row that is meant, and overwrite another's.
    """
    if execute(update, {**values, "wanted": values["id"]}).rowcount == 0:
        execute(insert, values)


def save_delivery(execute: Execute, statements: Statements, delivery: Delivery) -> None:
    """Store a delivery or its new state, by id."""
    inbox = statements.delivery
    update_or_insert(execute, inbox.update, inbox.insert, delivery_values(delivery))
