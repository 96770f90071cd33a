"""Payments by their id: look-up, binding to a transaction, release, confirmation."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import structlog

from bridge.domain.attempt import DEAD, LIVE, Attempt, AttemptState
from bridge.domain.cart import CartRef, CartState, OrderPhase
from bridge.domain.errors import Conflict, InvalidRequest, PaymentNotFound
from bridge.domain.records import AuditEntry
from bridge.domain.settlement import Settle
from bridge.ports.clock import Clock
from bridge.ports.ledger import CartTransaction, Ledger
from bridge.ports.mollie import MollieAccounts
from bridge.services.answers import Action, PaymentAnswer, describe
from bridge.services.attempts import bind
from bridge.services.changes import Changes
from bridge.services.deliveries import wake_held
from bridge.services.inbox import Inbox
from bridge.services.webhooks import Worked

log = structlog.get_logger()

ROW_CLOCK = timedelta(seconds=1)
"""The module's rows tell whole seconds."""


class Payments:
    """What can be done with one payment attempt."""

    def __init__(
        self, *, ledger: Ledger, accounts: MollieAccounts, inbox: Inbox, changes: Changes, clock: Clock
    ) -> None:
        self._ledger = ledger
        self._accounts = accounts
        self._inbox = inbox
        self._changes = changes
        self._clock = clock

    def get(self, payment_id: str) -> PaymentAnswer:
        """The payment as it stands, with order and invoice where they exist. Raises `PaymentNotFound`."""
        return self._answer(self._get(payment_id))

    def find_of_cart(self, cart: CartRef) -> PaymentAnswer | None:
        """The cart's payment that matters: the settling one, else the live one, else the newest."""
        state = self._ledger.find_state(cart)
        attempts = self._ledger.attempts_of(cart)
        if state is None or not attempts:
            return None
        settled = [a for a in attempts if a.transaction_id and a.transaction_id == state.settled_transaction_id]
        live = [a for a in attempts if a.is_live]
        return self._answer((settled or live or list(attempts))[-1])

    def bind(self, payment_id: str, *, transaction_id: str | None, checkout_url: str | None) -> PaymentAnswer:
        """Tell the bridge which transaction the shop's module made for the payment.

        Without a transaction id the module's newest row that no attempt knows is taken. Raises `PaymentNotFound`,
        and `Conflict` when the payment is bound to another transaction or there is no such row.
        """
        attempt = self._get(payment_id)
        bound = self._ledger.in_cart(attempt.cart, lambda tx: self._bind(tx, payment_id, transaction_id, checkout_url))
        self._changes.announce(attempt.cart)
        return self._answer(bound)

    def _bind(
        self, tx: CartTransaction, payment_id: str, transaction_id: str | None, checkout_url: str | None
    ) -> Attempt:
        now = self._clock.now()
        attempt = _of(tx, payment_id)
        transaction_id = transaction_id or attempt.transaction_id or self._newest_unknown_row(tx, attempt)
        row = tx.shop.find_payment(transaction_id)
        if row is not None and row.cart_id != attempt.cart.cart_id:
            raise Conflict(f"transaction {transaction_id} is another cart's")
        bound = bind(tx, attempt, transaction_id, checkout_url, now)
        if bound.checkout_url is None and checkout_url is not None:
            bound = tx.save_attempt(replace(bound, checkout_url=checkout_url, updated_at=now))
        if bound != attempt:
            tx.audit(_entry(bound, "payment.bound", self._clock))
        return bound

    def _newest_unknown_row(self, tx: CartTransaction, attempt: Attempt) -> str:
        """The module's row that was made for the attempt: not before it, not after the next one, not another's."""
        view = tx.shop.find_view(attempt.cart)
        now = self._clock.now()
        known = {a.transaction_id for a in tx.attempts()}
        later = min((a.created_at for a in tx.attempts() if a.created_at > attempt.created_at), default=now + ROW_CLOCK)
        for row in reversed(view.payments if view else ()):
            made = now - row.age
            if row.transaction_id not in known and attempt.created_at - ROW_CLOCK <= made <= later - ROW_CLOCK:
                return row.transaction_id
        raise Conflict("the shop has no payment row for this payment yet; name the transaction_id")

    def release(self, payment_id: str, *, reason: str | None) -> PaymentAnswer:
        """The shop's module did not make the payment: the cart is free again.

        An attempt that is bound is left as it is: its page exists. Raises `PaymentNotFound`.
        """
        attempt = self._get(payment_id)
        released = self._ledger.in_cart(attempt.cart, lambda tx: self._release(tx, payment_id, reason))
        self._changes.announce(attempt.cart)
        return self._answer(released)

    def _release(self, tx: CartTransaction, payment_id: str, reason: str | None) -> Attempt:
        attempt = _of(tx, payment_id)
        if attempt.state is not AttemptState.RESERVED:
            return attempt
        now = self._clock.now()
        released = tx.save_attempt(attempt.moved(AttemptState.RELEASED, now))
        wake_held(tx, now)
        tx.audit(_entry(released, "payment.released", self._clock, reason=(reason or "")[:200]))
        return released

    def confirm(self, payment_id: str, *, transaction_id: str) -> PaymentAnswer:
        """Verify the payment at Mollie and settle its cart; `is_new` when this call is the one that did it.

        Raises `PaymentNotFound`, `Conflict` (another transaction), `InvalidRequest` (another cart's transaction),
        Mollie's errors, `Unavailable`.
        """
        attempt = self._get(payment_id)
        if attempt.transaction_id != transaction_id:
            self._check_own(attempt, transaction_id)
            self.bind(payment_id, transaction_id=transaction_id, checkout_url=None)
        state = self._ledger.find_state(attempt.cart)
        if state is not None and _closed_by(state, transaction_id):
            return replace(self._answer(self._get(payment_id)), message="Confirmed already")
        worked = self._inbox.work_now(transaction_id, source="confirm")
        return self._confirmed(self._get(payment_id), worked)

    def _check_own(self, attempt: Attempt, transaction_id: str) -> None:
        """Raise `InvalidRequest` unless Mollie's payment (or the module's row) names the attempt's cart."""
        observed = self._accounts.of(attempt.cart.shop_id).find_payment(transaction_id)
        if observed is None:
            raise InvalidRequest(f"Mollie knows no payment {transaction_id}")
        named = observed.attempt_id == attempt.id or observed.cart_id == attempt.cart.cart_id
        if not named and self._ledger.shop.find_cart_of(transaction_id) != attempt.cart:
            raise InvalidRequest(f"transaction {transaction_id} was not made for {attempt.cart}")

    def _confirmed(self, attempt: Attempt, worked: Worked) -> PaymentAnswer:
        answer = replace(self._answer(attempt), mismatches=worked.mismatches)
        if isinstance(worked.decision, Settle) or worked.closed_order:
            message = "Confirmed, but the shop's order does not fit" if worked.mismatches else "Confirmed"
            return replace(answer, is_new=True, message=message)
        if answer.action is Action.WAIT_FOR_ORDER or answer.has_order:
            return replace(answer, message="Confirmed already")
        return replace(answer, message=f"Not confirmed: Mollie says {attempt.state.value}")

    def _get(self, payment_id: str) -> Attempt:
        attempt = self._ledger.find_attempt(payment_id)
        if attempt is None:
            raise PaymentNotFound(f"no payment {payment_id}")
        return attempt

    def _answer(self, attempt: Attempt) -> PaymentAnswer:
        record = self._ledger.shop.find_record(attempt.cart)
        action = Action.NONE
        if record is not None:
            action = Action.SHOW_ORDER
        elif attempt.state in LIVE:
            action = Action.RESUME if attempt.checkout_url else Action.RETRY_LATER
        elif attempt.state not in DEAD and attempt.state is not AttemptState.SUPERSEDED:
            action = Action.WAIT_FOR_ORDER
        return describe(attempt, action=action, record=record, message=f"Payment is {attempt.state.value}")


def _of(tx: CartTransaction, payment_id: str) -> Attempt:
    return next(attempt for attempt in tx.attempts() if attempt.id == payment_id)


def _closed_by(state: CartState, transaction_id: str) -> bool:
    return state.settled_transaction_id == transaction_id and state.order_phase is OrderPhase.DONE


def _entry(attempt: Attempt, event: str, clock: Clock, **detail: str | int | bool | None) -> AuditEntry:
    return AuditEntry(
        at=clock.now(),
        event=event,
        cart=attempt.cart,
        attempt_id=attempt.id,
        transaction_id=attempt.transaction_id,
        detail=detail,
    )
