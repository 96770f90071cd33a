"""A month in the life of a shop, written into a ledger: something for each plot, each list and each person's worry."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from bridge.domain.attempt import Attempt, AttemptState
from bridge.domain.cart import CartLease, CartRef, OrderPhase
from bridge.domain.money import Money
from bridge.domain.records import AuditEntry, Delivery, DeliveryState, Refund, RefundState
from bridge.domain.surplus import SURPLUS_KEY
from bridge.ports.ledger import CartTransaction, Ledger

DAYS = 30

HOSTILE = '<script>alert("1")</script><img src=x onerror=alert(2)>\'"&{{7*7}}'
"""What a page must show to the letter, wherever it stands."""


def uuid7(at: datetime, number: int) -> str:
    """The id of something that was made then."""
    milliseconds = f"{int(at.timestamp() * 1000):012x}"
    return f"{milliseconds[:8]}-{milliseconds[8:]}-7000-8000-{number:012x}"


class BusyMonth:
    """Writes it, the last day being that of `now`. Cart 42 is the one to look at.

    `words` stand wherever words come from outside; a database takes 32 characters of them.
    """

    def __init__(self, ledger: Ledger, now: datetime, *, words: str = HOSTILE) -> None:
        self._ledger = ledger
        self._now = now
        self._words = words
        self._number = 0

    def write(self) -> None:
        """All of it: every fourth day has a surplus payment, half of them given back."""
        for ago in range(DAYS):
            at = self._now - timedelta(days=ago, minutes=30)
            for decision, count in (("Resume", 3 + ago % 5), ("AlreadyOrdered", ago % 3), ("Supersede", ago % 2)):
                for _ in range(count):
                    self._decided("initiation.decided", decision, at)
            for number in range(6 + ago % 7):
                self._payment(at, AttemptState.PAID if number % 4 else AttemptState.EXPIRED, seconds=8 + 5 * number)
            if ago % 4 == 1:
                self._surplus(at, "USD" if ago % 8 == 5 else "EUR", given_back=ago % 8 == 1)
        self._payment(self._now - timedelta(minutes=5), AttemptState.OPEN)
        self._worries()

    def _worries(self) -> None:
        """One of each thing that needs a person, with hostile words where words come from outside."""
        cart = CartRef(shop_id=1, cart_id=42)
        settled = self._payment(self._now - timedelta(hours=2), AttemptState.PAID, cart=cart, method=self._words)
        surplus = self._payment(self._now - timedelta(hours=1), AttemptState.SURPLUS, cart=cart)
        lease = CartLease(
            token="t" * 36,
            purpose=self._words,
            holder=self._words,
            taken_at=self._now - timedelta(seconds=4),
            expires_at=self._now + timedelta(seconds=56),
        )
        self._state(cart, settled_transaction_id=settled.transaction_id, order_phase=OrderPhase.STARTED, lease=lease)
        self._decided("settlement.decided", "Surplus", surplus.created_at, surplus.transaction_id, cart)
        mismatch = AuditEntry(at=self._now, event="order.mismatch", cart=cart, detail={"mismatches": self._words})
        self._ledger.audit(mismatch)
        for state, words in (
            (RefundState.PROPOSED, None),
            (RefundState.FAILED, f"the balance is too low {self._words}"),
            (RefundState.UNCERTAIN, None),
        ):
            self._refund(surplus, state, last_error=words, reason=self._words)
        errors = {DeliveryState.DEAD: f"ShopDown: {self._words}", DeliveryState.FAILED: self._words}
        for delivery_state, error in errors.items():
            self._ledger.save_delivery(
                Delivery(
                    id=self._id(self._now),
                    transaction_id=settled.transaction_id or "",
                    source=self._words,
                    state=delivery_state,
                    cart=cart,
                    decision=self._words,
                    tries=30,
                    received_at=self._now - timedelta(hours=3),
                    updated_at=self._now,
                    next_try_at=None,
                    last_error=error,
                )
            )

    def _surplus(self, at: datetime, currency: str, *, given_back: bool) -> None:
        first = self._payment(at, AttemptState.PAID)
        state = AttemptState.REFUNDED if given_back else AttemptState.SURPLUS
        second = self._payment(at, state, cart=first.cart, money=Money(currency=currency, minor=2_450 + at.day * 10))
        self._state(first.cart, settled_transaction_id=first.transaction_id, order_phase=OrderPhase.DONE)
        self._decided("settlement.decided", "Surplus", at, second.transaction_id, first.cart)
        if given_back:
            self._refund(second, RefundState.REFUNDED, updated_at=at + timedelta(minutes=1))

    def _payment(self, at: datetime, state: AttemptState, *, seconds: int | None = None, **changes: object) -> Attempt:
        self._number += 1
        attempt = replace(
            Attempt(
                id=self._id(at),
                cart=CartRef(shop_id=1, cart_id=1_000 + self._number),
                state=state,
                money=Money(currency="EUR", minor=1_440),
                customer_id=7,
                created_at=at,
                updated_at=at,
                transaction_id=f"tr_{self._number}",
                processed_at=at if state is AttemptState.PAID else None,
            ),
            **changes,  # type: ignore[arg-type]
        )
        self._ledger.in_cart(attempt.cart, lambda tx: tx.add_attempt(attempt))
        if seconds is not None and state is AttemptState.PAID:
            self._ledger.audit(
                AuditEntry(
                    at=at + timedelta(seconds=seconds),
                    event="order.verified",
                    cart=attempt.cart,
                    attempt_id=attempt.id,
                    transaction_id=attempt.transaction_id,
                )
            )
        return attempt

    def _refund(self, attempt: Attempt, state: RefundState, **changes: object) -> None:
        refund = replace(
            Refund(
                id=self._id(attempt.created_at),
                cart=attempt.cart,
                attempt_id=attempt.id,
                transaction_id=attempt.transaction_id or "",
                money=attempt.money,
                reason="Paid twice",
                key=f"{SURPLUS_KEY}{self._number}",
                state=state,
                created_at=attempt.created_at,
                updated_at=attempt.created_at,
            ),
            **changes,  # type: ignore[arg-type]
        )
        self._ledger.in_cart(refund.cart, lambda tx: tx.save_refund(refund))

    def _state(self, cart: CartRef, **changes: object) -> None:
        def work(tx: CartTransaction) -> None:
            tx.save_state(replace(tx.state, **changes))  # type: ignore[arg-type]

        self._ledger.in_cart(cart, work)

    def _decided(
        self,
        event: str,
        decision: str,
        at: datetime,
        transaction_id: str | None = None,
        cart: CartRef | None = None,
    ) -> None:
        self._ledger.audit(
            AuditEntry(
                at=at,
                event=event,
                cart=cart,
                transaction_id=transaction_id,
                detail={"decision": decision, "amount": "1"},
            )
        )

    def _id(self, at: datetime) -> str:
        self._number += 1
        return uuid7(at, self._number)
