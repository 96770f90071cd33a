"""The bridge's own tables, and how they are written: one locked cart at a time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Protocol, TypeVar

from bridge.domain.attempt import Attempt
from bridge.domain.cart import CartRef, CartState
from bridge.domain.notices import Notice
from bridge.domain.records import AuditEntry, Delivery, IdempotencyRecord, Refund
from bridge.domain.shop import ShopView
from bridge.ports.queues import Queues
from bridge.ports.shop import Shop

T = TypeVar("T")


class CartTransaction(Protocol):
    """A database transaction that holds the row lock of one cart.

    Everything written in it becomes visible together when the work returns, or not at all when it raises.
    """

    @property
    def state(self) -> CartState:
        """The cart's row as it stands in this transaction, own changes included."""
        ...

    @property
    def shop(self) -> Shop:
        """The shop's tables, read in this transaction; every statement sees what is committed now."""
        ...

    def save_state(self, state: CartState) -> None:
        """Write the cart's row when the work returns. `live_attempt_id` and `version` are kept by the ledger itself."""
        ...

    def attempts(self) -> tuple[Attempt, ...]:
        """The cart's attempts, oldest first, own changes included."""
        ...

    def add_attempt(self, attempt: Attempt) -> None:
        """Store a new attempt.

        Raises `Conflict` when the transaction id is taken or the cart has a live attempt already (unique keys).
        """
        ...

    def save_attempt(self, attempt: Attempt) -> Attempt:
        """Write a changed attempt, its version raised by one, and return it.

        Raises `Conflict` when the stored version is not the one that was read, or for the reasons of `add_attempt`.
        """
        ...

    def find_key(self, scope: str, key: str, now: datetime) -> IdempotencyRecord | None:
        """The idempotency key in this scope; an expired one counts as absent."""
        ...

    def save_key(self, record: IdempotencyRecord) -> None:
        """Store or replace an idempotency key (an expired one of the same name is replaced).

        Raises `KeyReused` when another transaction stored the key with another fingerprint meanwhile.
        """
        ...

    def refunds(self, transaction_id: str) -> tuple[Refund, ...]:
        """The refunds of a transaction, oldest first."""
        ...

    def save_refund(self, refund: Refund) -> None:
        """Store a refund or its new state, by id.

        Raises `Conflict` when its idempotency key, or the refund at Mollie that it claims, is another refund's.
        """
        ...

    def save_delivery(self, delivery: Delivery) -> None:
        """Store a delivery or its new state, by id."""
        ...

    def was_passed_on(self, delivery: Delivery) -> bool:
        """Whether the last news of the payment that was passed to the shop, and done, said the same.

        The same is: status, refunded, charged back. Of what came before the last the shop may have to hear again: a
        refund that failed in the end leaves the payment as it was.
        """
        ...

    def add_notice(self, notice: Notice) -> bool:
        """Store a notice; False, and nothing stored, when its case has one on this channel."""
        ...

    def audit(self, entry: AuditEntry) -> None:
        """Append to the audit trail."""
        ...


class Ledger(Protocol):
    """The bridge's tables. Every method raises `StoreDown` when the database can not be asked."""

    @property
    def shop(self) -> Shop:
        """The shop's tables, each call in a transaction of its own."""
        ...

    @property
    def queues(self) -> Queues:
        """What waits for somebody to take it up."""
        ...

    def in_cart(self, cart: CartRef, work: Callable[[CartTransaction], T]) -> T:
        """Run `work` in one transaction with the cart's row locked, and return what it returns.

        A deadlock or serialisation failure runs it again, three attempts in all; nothing else is retried. `work` must
        do nothing but read and write through its argument.
        """
        ...

    def find_state(self, cart: CartRef) -> CartState | None:
        """The cart's row, unlocked; None when the bridge has not seen the cart."""
        ...

    def look(self, cart: CartRef) -> tuple[ShopView | None, tuple[Attempt, ...]]:
        """The shop's view of the cart and the cart's attempts, unlocked, over one connection."""
        ...

    def find_leased(self, token: str) -> CartState | None:
        """The cart whose row shows a lease with this token."""
        ...

    def leased(self) -> tuple[CartState, ...]:
        """The carts whose rows show a lease, oldest first."""
        ...

    def find_attempt(self, attempt_id: str) -> Attempt | None:
        """An attempt by its id."""
        ...

    def find_attempt_by_transaction(self, transaction_id: str) -> Attempt | None:
        """An attempt by Mollie's id."""
        ...

    def attempts_of(self, cart: CartRef) -> tuple[Attempt, ...]:
        """The cart's attempts, oldest first."""
        ...

    def save_delivery(self, delivery: Delivery) -> None:
        """Store a delivery or its new state, by id, outside any cart."""
        ...

    def find_delivery(self, delivery_id: str) -> Delivery | None:
        """A delivery by its id."""
        ...

    def audit(self, entry: AuditEntry) -> None:
        """Append to the audit trail."""
        ...

    def audit_of(self, cart: CartRef, limit: int) -> tuple[AuditEntry, ...]:
        """The newest entries of a cart, oldest first."""
        ...

    def ping(self) -> None:
        """Raise `StoreDown` unless the database answers, and `TablesDiffer` unless its tables are this program's."""
        ...

    def close(self) -> None:
        """Close every connection."""
        ...
