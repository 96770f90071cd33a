"""One transaction on one cart: what `in_cart` hands to the work."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import Connection, CursorResult, Executable
from sqlalchemy.exc import DBAPIError, IntegrityError

from bridge.adapters.ledger.faults import RunAgain, violated_key
from bridge.adapters.ledger.keys import Keys
from bridge.adapters.ledger.notice_rows import notice_values
from bridge.adapters.ledger.rows import (
    Values,
    attempt_values,
    audit_values,
    cart_values,
    present,
    refund_values,
    to_attempt,
    to_refund,
    to_state,
)
from bridge.adapters.ledger.statements import Statements
from bridge.adapters.ledger.upsert import save_delivery, update_or_insert
from bridge.adapters.packed_rows import AnyRow
from bridge.adapters.prepared import Prepared, execute
from bridge.domain.attempt import Attempt
from bridge.domain.cart import CartRef, CartState
from bridge.domain.errors import Conflict
from bridge.domain.notices import Notice
from bridge.domain.records import AuditEntry, Delivery, IdempotencyRecord, Refund
from bridge.ports.shop import Shop


def lock_cart(connection: Connection, statements: Statements, cart: CartRef) -> AnyRow | None:
    """The cart's row, locked until the transaction ends; None, and nothing locked, when there is none."""
    return statements.cart.lock.one_or_none(partial(execute, connection), {"shop": cart.shop_id, "cart": cart.cart_id})


class SqlCartTransaction:
    """`bridge.ports.ledger.CartTransaction` on a connection whose transaction has locked the cart's row.

    A cart without a row has nothing to lock. Two transactions may then work on it side by side; the unique keys let one
    of them through, the other one's work runs again and finds the row. `first_run` says that an absent row may be
    taken at its word: there are no attempts to read then, which is what most initiations find.
    """

    def __init__(
        self,
        connection: Connection,
        statements: Statements,
        shop_of: Callable[[Connection], Shop],
        cart: CartRef,
        row: AnyRow | None,
        *,
        first_run: bool,
    ) -> None:
        self._connection = connection
        self._sql = statements
        self._shop_of = shop_of
        self._shop: Shop | None = None
        self._stored = CartState(cart=cart) if row is None else to_state(row)
        self._state = self._stored
        self._is_new = row is None
        self._attempts: dict[str, Attempt] | None = {} if row is None and first_run else None
        self._keys = Keys(self._execute, statements.key, presume=row is None and first_run)
        self._trail: list[Values] = []
        self._wrote = False
        self._attempt_written = False
        self._fault: Exception | None = None

    @property
    def state(self) -> CartState:
        """The cart's row, own changes included."""
        return self._state

    @property
    def shop(self) -> Shop:
        """The shop's tables, on this connection."""
        if self._shop is None:
            self._shop = self._shop_of(self._connection)
        return self._shop

    def save_state(self, state: CartState) -> None:
        """Remember the cart's row; it is written once, at the end, when it has changed."""
        self._check_own(state.cart)
        self._state = replace(state, live_attempt_id=self._state.live_attempt_id, version=self._stored.version)

    def attempts(self) -> tuple[Attempt, ...]:
        """The cart's attempts, oldest first; read once."""
        return tuple(sorted(self._known_attempts().values(), key=lambda attempt: (attempt.created_at, attempt.id)))

    def add_attempt(self, attempt: Attempt) -> None:
        """Insert; the unique keys decide."""
        self._check_own(attempt.cart)
        self._store(attempt, lambda: self._execute(self._sql.attempt.insert, present(attempt_values(attempt))))
        self._remember(attempt)

    def save_attempt(self, attempt: Attempt) -> Attempt:
        """Update where the version is still the one that was read."""
        self._check_own(attempt.cart)
        saved = replace(attempt, version=attempt.version + 1)
        where = {**self._own_cart, "wanted": attempt.id, "read_version": attempt.version}
        found = self._store(saved, lambda: self._execute(self._sql.attempt.update, attempt_values(saved) | where))
        if found.rowcount == 0:
            raise Conflict(f"payment attempt {attempt.id} was changed by somebody else")
        self._remember(saved)
        return saved

    def find_key(self, scope: str, key: str, now: datetime) -> IdempotencyRecord | None:
        """The key, unless it has expired by `now`."""
        return self._keys.find(scope, key, now)

    def save_key(self, record: IdempotencyRecord) -> None:
        """Insert or replace the key; see `Keys` for who wins."""
        self._keys.save(record)
        self._wrote = True

    def check_keys(self) -> None:
        """Make sure of the keys that were taken to be absent; `RunAgain` when one is not."""
        self._keys.check()

    def refunds(self, transaction_id: str) -> tuple[Refund, ...]:
        """The refunds of a transaction, oldest first."""
        rows = self._execute(self._sql.refund.of_transaction, {"tx": transaction_id})
        return tuple(to_refund(row) for row in rows)

    def save_refund(self, refund: Refund) -> None:
        """Insert or update by id.

        Raises `Conflict` when the idempotency key, or the refund at Mollie, belongs to another refund.
        """
        refunds, values = self._sql.refund, refund_values(refund)
        try:
            update_or_insert(self._execute, refunds.update, refunds.insert, values)
        except IntegrityError as error:
            raise Conflict(f"the idempotency key or Mollie's id of refund {refund.id} is another refund's") from error
        self._wrote = True

    def save_delivery(self, delivery: Delivery) -> None:
        """Insert or update by id."""
        save_delivery(self._execute, self._sql, delivery)
        self._wrote = True

    def was_passed_on(self, delivery: Delivery) -> bool:
        """Whether the last news that the shop heard of the payment, and worked through, said the same."""
        values = {"tx": delivery.transaction_id, "this": delivery.id}
        last = self._execute(self._sql.delivery.passed_on, values).one_or_none()
        return last is not None and tuple(last) == (
            delivery.seen_status,
            delivery.seen_refunded,
            delivery.seen_charged_back,
        )

    def add_notice(self, notice: Notice) -> bool:
        """Store a notice, unless its case has one on this channel: the unique key decides."""
        try:
            self._execute(self._sql.notice.insert, notice_values(notice))
        except IntegrityError:
            return False
        self._wrote = True
        return True

    def audit(self, entry: AuditEntry) -> None:
        """Remember the entry; all of them are written at the end, in one statement."""
        self._trail.append(audit_values(entry))

    def flush(self) -> bool:
        """Write what waits for the end; whether there is anything to commit at all.

        An error that the work kept to itself comes up again here: after a deadlock the server has undone everything
        before it, and what came after it must not be committed alone.
        """
        if self._fault is not None:
            raise self._fault
        self.check_keys()
        if self._trail:
            self._execute(self._sql.audit.insert, self._trail if len(self._trail) > 1 else present(self._trail[0]))
            self._wrote = True
        if self._state != self._stored or (self._is_new and self._attempt_written):
            self._write_state()
            self._wrote = True
        return self._wrote

    def _write_state(self) -> None:
        version = self._stored.version
        values = cart_values(replace(self._state, version=version + 1))
        if not self._is_new:
            changed = self._execute(self._sql.cart.update, {**values, **self._own_cart, "read_version": version})
            if changed.rowcount == 0:
                raise RunAgain("the cart's row was changed in spite of its lock")
            return
        try:
            self._execute(self._sql.cart.insert, present(values))
        except IntegrityError as error:
            if violated_key(error).endswith(("_lease", ".lease_token")):
                raise Conflict("the lease token is another cart's") from error
            raise RunAgain("another transaction made the cart's row") from error

    def _store(self, attempt: Attempt, statement: Callable[[], CursorResult[Any]]) -> CursorResult[Any]:
        """Run an insert or update of `attempt`, its violations of unique keys made plain."""
        try:
            return statement()
        except IntegrityError as error:
            raise self._conflict(attempt, violated_key(error)) from error

    def _conflict(self, attempt: Attempt, key: str) -> Exception:
        if key.endswith(("_tx", ".transaction_id")):
            return Conflict(f"transaction {attempt.transaction_id} belongs to another payment attempt")
        if key.endswith(("PRIMARY", ".id")):
            return Conflict(f"payment attempt {attempt.id} exists already")
        if self._is_new and self._state.live_attempt_id is None:
            # Nothing was locked, and another transaction gave the cart a live attempt since this one looked.
            return self._failed(RunAgain("another transaction made the cart's row"))
        return Conflict(f"{attempt.cart} has a live payment attempt")

    def _known_attempts(self) -> dict[str, Attempt]:
        if self._attempts is None:
            rows = self._sql.attempt.of_cart.all(self._execute, self._own_cart)
            self._attempts = {row.id: to_attempt(row) for row in rows}
        return self._attempts

    def _remember(self, attempt: Attempt) -> None:
        """Keep what is known in step with what was written, and the cart's row with its attempts."""
        self._wrote = self._attempt_written = True
        if self._attempts is not None:
            self._attempts[attempt.id] = attempt
        live = self._state.live_attempt_id
        if attempt.is_live:
            live = attempt.id
        elif live == attempt.id:
            live = None
        self._state = replace(self._state, live_attempt_id=live)

    @property
    def _own_cart(self) -> Values:
        cart = self._stored.cart
        return {"shop": cart.shop_id, "cart": cart.cart_id}

    def _check_own(self, cart: CartRef) -> None:
        if cart != self._stored.cart:
            raise ValueError(f"the transaction holds {self._stored.cart}, not {cart}")

    def _execute(self, statement: Prepared | Executable, values: Values | list[Values]) -> CursorResult[Any]:
        try:
            return execute(self._connection, statement, values)
        except IntegrityError:
            raise  # the statement alone was undone; the transaction goes on
        except DBAPIError as error:
            self._fault = error
            raise

    def _failed(self, fault: RunAgain) -> RunAgain:
        self._fault = fault
        return fault
