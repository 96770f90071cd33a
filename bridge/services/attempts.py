"""Changes to a cart's attempts that several services make, each inside a cart's transaction."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from bridge.domain.attempt import LIVE, MONEY_IN, Attempt, AttemptState
from bridge.domain.errors import Conflict
from bridge.domain.observed import ObservedPayment
from bridge.ports.ledger import CartTransaction
from bridge.services.ids import new_id


def find_live(tx: CartTransaction) -> Attempt | None:
    """The cart's live attempt."""
    return next((attempt for attempt in tx.attempts() if attempt.is_live), None)


def find_own(tx: CartTransaction, observed: ObservedPayment) -> Attempt | None:
    """The attempt that a payment at Mollie belongs to.

    By its transaction id; else by the attempt that its metadata names (the bridge made it and died before it wrote
    so); else the cart's reservation, when the payment was made after it: the shop's module was allowed to make one and
    the news of it was lost.
    """
    attempts = tx.attempts()
    for attempt in attempts:
        if attempt.transaction_id == observed.transaction_id:
            return attempt
    unbound = [attempt for attempt in attempts if attempt.transaction_id is None]
    for attempt in unbound:
        if observed.attempt_id is not None and attempt.id == observed.attempt_id:
            return attempt
    reserved = [a for a in unbound if a.state is AttemptState.RESERVED and a.mollie_key is None]
    return next((attempt for attempt in reserved if _made_after(observed, attempt)), None)


CLOCK_SKEW = timedelta(seconds=5)
"""By how much Mollie's clock (which tells whole seconds) and ours may differ."""


def _made_after(observed: ObservedPayment, reservation: Attempt) -> bool:
    return observed.created_at is not None and observed.created_at >= reservation.created_at - CLOCK_SKEW


def moved_by(
    tx: CartTransaction, attempt: Attempt, observed: ObservedPayment, target: AttemptState, now: datetime
) -> Attempt:
    """The attempt after news of its payment.

    One that was given up (released) and turns out to be open after all gives way to the cart's live attempt: there is
    room for one, and settlement decides if it is paid.
    """
    live = find_live(tx)
    another = live is not None and live.id != attempt.id
    state = AttemptState.SUPERSEDED if another and target in LIVE else target
    return bound(attempt, observed, now).moved(state, now)


def bound(attempt: Attempt, observed: ObservedPayment, now: datetime) -> Attempt:
    """The attempt with what Mollie says of its payment, its state left alone."""
    return replace(
        attempt,
        transaction_id=observed.transaction_id,
        checkout_url=observed.checkout_url or attempt.checkout_url,
        charged=observed.money,
        expires_at=observed.expires_at or attempt.expires_at,
        method=attempt.method or observed.method,
        updated_at=now,
    )


def adopt(
    tx: CartTransaction, observed: ObservedPayment, state: AttemptState, *, customer_id: int, now: datetime
) -> Attempt:
    """Write down a payment that was made without the bridge, as old as it is at Mollie: its age counts, and how long
    the shopper waited for his order.
    """
    attempt = Attempt(
        id=new_id(),
        cart=tx.state.cart,
        state=state,
        money=observed.money,
        charged=observed.money,
        customer_id=customer_id,
        created_at=min(observed.created_at or now, now),
        updated_at=now,
        processed_at=now if state in MONEY_IN else None,
        method=observed.method,
        transaction_id=observed.transaction_id,
        checkout_url=observed.checkout_url,
        expires_at=observed.expires_at,
    )
    tx.add_attempt(attempt)
    return attempt


def bind(
    tx: CartTransaction, attempt: Attempt, transaction_id: str, checkout_url: str | None, now: datetime
) -> Attempt:
    """Give an attempt its transaction, at most once.

    | attempt | becomes |
    |---|---|
    | bound to this transaction | unchanged |
    | bound to another one | `Conflict` |
    | reserved or uncertain | open |
    | released by the clock, nothing else live | open again: its page exists after all |
    | released, another attempt live | superseded: settlement decides if it is paid |
    | superseded | superseded, with its transaction |
    """
    if attempt.transaction_id == transaction_id:
        return attempt
    if attempt.transaction_id is not None:
        raise Conflict(f"payment {attempt.id} is bound to another transaction already")
    attempt = replace(attempt, transaction_id=transaction_id, checkout_url=checkout_url, updated_at=now)
    blocked = attempt.state is AttemptState.RELEASED and find_live(tx) is not None
    target = AttemptState.SUPERSEDED if blocked else AttemptState.OPEN
    return tx.save_attempt(attempt.moved(target, now))
