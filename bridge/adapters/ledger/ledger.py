"""The bridge's tables in MariaDB, MySQL or SQLite."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

import stamina
from sqlalchemy import Connection, Engine, Executable, Row

from bridge.adapters.ledger.engine import is_read_only
from bridge.adapters.ledger.faults import translated, wants_another_run
from bridge.adapters.ledger.queues import SqlQueues
from bridge.adapters.ledger.rows import Values, audit_values, present, to_attempt, to_audit, to_delivery, to_state
from bridge.adapters.ledger.sessions import Sessions, commit
from bridge.adapters.ledger.shop import ShopByCall
from bridge.adapters.ledger.statements import Statements
from bridge.adapters.ledger.tables import ledger_tables
from bridge.adapters.ledger.transaction import SqlCartTransaction, lock_cart
from bridge.adapters.ledger.upsert import save_delivery
from bridge.adapters.packed_rows import PackedSelect
from bridge.adapters.prepared import execute
from bridge.domain.attempt import Attempt
from bridge.domain.cart import CartRef, CartState
from bridge.domain.errors import BridgeError, LockTimeout, StoreDown, TablesDiffer
from bridge.domain.records import AuditEntry, Delivery
from bridge.domain.shop import ShopView
from bridge.ports.ledger import CartTransaction
from bridge.ports.shop import Shop

T = TypeVar("T")

RUNS = 3
"""A transaction that the server undid for the sake of another is run this often in all. Once is nearly always enough:
the other one is through by then. Who loses three times is in a crowd, and waiting helps it more than trying."""


class SqlLedger:
    """`bridge.ports.ledger.Ledger` on an engine from `create_engine`, over the tables of one prefix.

    `shop_of` makes the reader of the shop's tables on a connection. Every method raises `StoreDown` when the database
    can not be asked, and `LockTimeout` when others held or kept changing the rows for too long.
    """

    def __init__(self, engine: Engine, prefix: str, shop_of: Callable[[Connection], Shop]) -> None:
        self._prefix = prefix
        self._sessions = Sessions(engine)
        tables = ledger_tables(prefix)
        self._sql = Statements(tables)
        self._queues = SqlQueues(self._sessions, tables, self._sql)
        self._shop_of = shop_of
        self._shop = ShopByCall(self._sessions, shop_of)

    @property
    def shop(self) -> Shop:
        """The shop's tables, each call in a transaction of its own."""
        return self._shop

    @property
    def queues(self) -> SqlQueues:
        """What waits for somebody to take it up."""
        return self._queues

    def in_cart(self, cart: CartRef, work: Callable[[CartTransaction], T]) -> T:
        """Run `work` with the cart's row locked; see `Sessions` for what begins it and `_run` for what ends it."""
        with translated():
            try:
                return self._run(cart, work, first_run=True)
            except Exception as error:
                if not wants_another_run(error):
                    raise
            return self._run_again(cart, work)

    def _run_again(self, cart: CartRef, work: Callable[[CartTransaction], T]) -> T:
        """The runs after the first.

        The second comes at once: it queues behind the locks of the one it met. The third comes after a short pause of
        random length, so that those that met twice do not meet again.
        """
        retries = stamina.retry_context(
            on=wants_another_run, attempts=RUNS - 1, timeout=None, wait_initial=0.005, wait_max=0.05, wait_jitter=0.02
        )
        try:
            for retry in retries:
                with retry:
                    return self._run(cart, work, first_run=False)
        except Exception as error:
            if wants_another_run(error):
                raise LockTimeout(f"other requests kept changing {cart}") from error
            raise
        raise AssertionError("stamina ends a loop by an error or not at all")

    def _run(self, cart: CartRef, work: Callable[[CartTransaction], T], *, first_run: bool) -> T:
        with self._sessions.transaction(lambda connection: lock_cart(connection, self._sql, cart)) as (connection, row):
            transaction = SqlCartTransaction(connection, self._sql, self._shop_of, cart, row, first_run=first_run)
            try:
                result = work(transaction)
            except BridgeError:
                # What the work refuses to do may rest on a key that was only taken to be absent.
                transaction.check_keys()
                raise
            if transaction.flush():
                commit(connection)
            return result

    def find_state(self, cart: CartRef) -> CartState | None:
        """The cart's row, unlocked."""
        rows = self._packed(self._sql.cart.find, {"shop": cart.shop_id, "cart": cart.cart_id})
        return to_state(rows[0]) if rows else None

    def look(self, cart: CartRef) -> tuple[ShopView | None, tuple[Attempt, ...]]:
        """The shop's view of the cart and the cart's attempts, over one connection."""
        values = {"shop": cart.shop_id, "cart": cart.cart_id}

        def both(connection: Connection) -> tuple[ShopView | None, tuple[Attempt, ...]]:
            view = self._shop_of(connection).find_view(cart)
            rows = self._sql.attempt.of_cart.all(partial(execute, connection), values)
            return view, tuple(to_attempt(row) for row in rows)

        with translated():
            return self._sessions.read(both)

    def find_leased(self, token: str) -> CartState | None:
        """The cart whose row shows a lease with this token."""
        rows = self._rows(self._sql.cart.leased_by, {"token": token}) if token.isascii() else []
        return to_state(rows[0]) if rows else None

    def leased(self) -> tuple[CartState, ...]:
        """The carts whose rows show a lease, oldest first."""
        return tuple(to_state(row) for row in self._rows(self._sql.cart.leased, {}))

    def find_attempt(self, attempt_id: str) -> Attempt | None:
        """An attempt by its id."""
        return self._one_attempt(self._sql.attempt.find, attempt_id)

    def find_attempt_by_transaction(self, transaction_id: str) -> Attempt | None:
        """An attempt by Mollie's id."""
        return self._one_attempt(self._sql.attempt.find_by_transaction, transaction_id)

    def attempts_of(self, cart: CartRef) -> tuple[Attempt, ...]:
        """The cart's attempts, oldest first."""
        rows = self._packed(self._sql.attempt.of_cart, {"shop": cart.shop_id, "cart": cart.cart_id})
        return tuple(to_attempt(row) for row in rows)

    def save_delivery(self, delivery: Delivery) -> None:
        """Store a delivery or its new state, by id."""
        self._write(lambda connection: save_delivery(connection.execute, self._sql, delivery))

    def find_delivery(self, delivery_id: str) -> Delivery | None:
        """A delivery by its id."""
        rows = self._rows(self._sql.delivery.find, {"wanted": delivery_id}) if delivery_id.isascii() else []
        return to_delivery(rows[0]) if rows else None

    def audit(self, entry: AuditEntry) -> None:
        """Append to the audit trail."""
        self._write(lambda connection: execute(connection, self._sql.audit.insert, present(audit_values(entry))))

    def audit_of(self, cart: CartRef, limit: int) -> tuple[AuditEntry, ...]:
        """The newest entries of a cart, oldest first."""
        values = {"shop": cart.shop_id, "cart": cart.cart_id, "most": limit}
        return tuple(to_audit(row) for row in reversed(self._rows(self._sql.audit.newest, values)))

    def ping(self) -> None:
        """Raise `StoreDown` unless the database answers and takes writes, and `TablesDiffer` unless its tables are this
        program's.
        """
        from bridge.adapters.migrations import HEAD, version_in  # noqa: PLC0415  (it is built on this package)

        with translated():
            # Over the sessions: a connection that the server has closed meanwhile is no reason to say that it is down.
            found, read_only = self._sessions.read(lambda it: (version_in(it, self._prefix), is_read_only(it)))
        if found != HEAD:
            of = f"are of version {found}" if found else "are not there"
            raise TablesDiffer(f"the bridge's tables {of}, and this program needs version {HEAD}")
        if read_only:
            raise StoreDown("the database takes no writes: it is a replica, or read_only is on")

    def close(self) -> None:
        """Close every connection."""
        self._sessions.close()

    def _one_attempt(self, statement: Executable, wanted: str) -> Attempt | None:
        # The columns are ASCII: other text matches none of them, and comparing it would give up the index.
        rows = self._rows(statement, {"wanted": wanted}) if wanted.isascii() else []
        return to_attempt(rows[0]) if rows else None

    def _rows(self, statement: Executable, values: Values) -> list[Row[Any]]:
        with translated():
            return self._sessions.read(lambda connection: list(connection.execute(statement, values).all()))

    def _packed(self, statement: PackedSelect, values: Values) -> list[Any]:
        with translated():
            return self._sessions.read(lambda connection: statement.all(partial(execute, connection), values))

    def _write(self, statements: Callable[[Connection], T]) -> T:
        with translated():
            return self._sessions.write(statements)
