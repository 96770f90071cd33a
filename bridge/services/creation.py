"""Creating a payment at Mollie exactly once, under an Idempotency-Key that was stored before anything was sent.

| what came of it | attempt | idempotency key | answer |
|---|---|---|---|
| created | open, bound | done | the payment |
| not done, and Mollie said so | released (sent before: uncertain) | free again | Mollie's error |
| nobody knows (time-out, in progress at Mollie) | uncertain | free again | 503; a repeat sends the same again |
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import structlog

from bridge.domain.attempt import Attempt, AttemptState
from bridge.domain.errors import MollieConflict, MollieError, MollieTimeout, Unavailable
from bridge.domain.money import Money
from bridge.domain.observed import ObservedPayment
from bridge.domain.records import AuditEntry, KeyState
from bridge.ports.clock import Clock
from bridge.ports.ledger import CartTransaction, Ledger
from bridge.ports.mollie import MollieAccounts, NewPayment
from bridge.services.answers import Action, PaymentAnswer, describe
from bridge.services.attempts import bind, bound
from bridge.services.changes import Changes
from bridge.services.deliveries import wake_held

log = structlog.get_logger()


def as_stored(payment: NewPayment, attempt: Attempt) -> str:
    """The request as it is stored and sent, to the letter the same each time; it names the attempt in its metadata."""
    metadata = {**payment.metadata, "cart_id": attempt.cart.cart_id, "molbridge_attempt": attempt.id}
    return json.dumps(
        {
            "amount": payment.money.value,
            "currency": payment.money.currency,
            "description": payment.description,
            "redirect_url": payment.redirect_url,
            "webhook_url": payment.webhook_url,
            "method": payment.method,
            "locale": payment.locale,
            "metadata": metadata,
        },
        sort_keys=True,
    )


def _from_stored(text: str) -> NewPayment:
    stored = json.loads(text)
    money = Money.parse(stored.pop("amount"), stored.pop("currency"))
    return NewPayment(money=money, **stored)


class Creation:
    """Makes the payment of a reserved (or uncertain) attempt."""

    def __init__(self, *, ledger: Ledger, accounts: MollieAccounts, changes: Changes, clock: Clock) -> None:
        self._ledger = ledger
        self._accounts = accounts
        self._changes = changes
        self._clock = clock

    def create(self, attempt: Attempt, *, scope: str, key: str, again: bool) -> PaymentAnswer:
        """Create it and answer with its checkout page; `again`: it may have been sent before.

        Raises Mollie's errors, the attempt's state saying which.
        """
        if attempt.mollie_key is None or attempt.mollie_request is None:
            raise AssertionError("an attempt that the shop's module creates")
        try:
            mollie = self._accounts.of(attempt.cart.shop_id)
            observed = mollie.create_payment(_from_stored(attempt.mollie_request), key=attempt.mollie_key)
        except (MollieTimeout, MollieConflict) as error:
            self._end(attempt, AttemptState.UNCERTAIN, scope, key, error)
            raise Unavailable(
                "It is not known whether Mollie made the payment; repeat the request with the same idempotency key",
                retry_after=2.0,
            ) from error
        except Unavailable as error:
            # Not done this time. Whether an earlier sending was done is as unknown as before.
            self._end(attempt, AttemptState.UNCERTAIN if again else AttemptState.RELEASED, scope, key, error)
            raise
        except MollieError as error:
            self._end(attempt, AttemptState.RELEASED, scope, key, error)
            raise
        stored = self._ledger.in_cart(attempt.cart, lambda tx: self._bind(tx, attempt.id, observed, scope, key))
        self._changes.announce(attempt.cart)
        return self._answer(stored)

    def _bind(self, tx: CartTransaction, attempt_id: str, observed: ObservedPayment, scope: str, key: str) -> Attempt:
        now = self._clock.now()
        attempt = next(a for a in tx.attempts() if a.id == attempt_id)
        attempt = bind(tx, attempt, observed.transaction_id, observed.checkout_url, now)
        attempt = tx.save_attempt(bound(attempt, observed, now))
        record = tx.find_key(scope, key, now)
        if record is not None and record.attempt_id == attempt_id:
            tx.save_key(replace(record, state=KeyState.DONE, locked_until=None, status=201))
        tx.audit(self._entry(attempt, "payment.created", {"amount": str(observed.money)}))
        return attempt

    def _answer(self, attempt: Attempt) -> PaymentAnswer:
        """The new payment; an attempt that gave way while Mollie worked is not offered for paying."""
        if attempt.is_live:
            return describe(attempt, action=Action.RESUME, is_new=True, message="Payment created")
        return describe(attempt, action=Action.RETRY_LATER, retry_after=1.0, message="The cart changed meanwhile")

    def _end(self, attempt: Attempt, state: AttemptState, scope: str, key: str, error: Exception) -> None:
        """Write down how the creation ended, and leave the idempotency key to the next request."""
        self._ledger.in_cart(attempt.cart, lambda tx: self._write_end(tx, attempt.id, state, scope, key, error))
        self._changes.announce(attempt.cart)
        log.warning("payment.not_created", payment_id=attempt.id, state=state.value, error=type(error).__name__)

    def _write_end(
        self, tx: CartTransaction, attempt_id: str, state: AttemptState, scope: str, key: str, error: Exception
    ) -> None:
        now = self._clock.now()
        attempt = next(a for a in tx.attempts() if a.id == attempt_id)
        if attempt.transaction_id is None:
            tx.save_attempt(attempt.moved(state, now))
        wake_held(tx, now)
        record = tx.find_key(scope, key, now)
        if record is not None:
            tx.save_key(replace(record, locked_until=now - timedelta(seconds=1)))
        tx.audit(self._entry(attempt, "payment.not_created", {"state": state.value, "error": type(error).__name__}))

    def _entry(self, attempt: Attempt, event: str, detail: dict[str, str | int | bool | None]) -> AuditEntry:
        return AuditEntry(
            at=self._clock.now(),
            event=event,
            cart=attempt.cart,
            attempt_id=attempt.id,
            transaction_id=attempt.transaction_id,
            detail=detail,
        )
