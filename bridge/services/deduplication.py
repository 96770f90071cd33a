"""The deduplication service: may this cart be paid, and what stands in the way? Decides, reserves nothing."""

from __future__ import annotations

from dataclasses import dataclass

from bridge.domain.attempt import LIVE, Attempt, AttemptState
from bridge.domain.cart import CartRef
from bridge.domain.errors import CartNotFound
from bridge.domain.initiation import AskMollie, Proceed, Recover, Supersede
from bridge.domain.money import Money
from bridge.domain.observed import Observation, ObservedPayment
from bridge.domain.records import AuditEntry
from bridge.ports.clock import Clock
from bridge.ports.ledger import CartTransaction, Ledger
from bridge.services.answers import PaymentAnswer
from bridge.services.changes import Changes
from bridge.services.deliveries import wake_held
from bridge.services.gate_answers import answer_of
from bridge.services.leases import Leases, check_fence, raise_fence
from bridge.services.looking import look
from bridge.services.settings import GateLimits
from bridge.services.standing import record_truths
from bridge.services.truths import Truths


@dataclass(frozen=True, slots=True, kw_only=True)
class CanPay:
    """`answer` says what stands in the way, and how; it is there when a payment is not `allowed`."""

    allowed: bool
    answer: PaymentAnswer | None


class Deduplication:
    """Orders first (most definitive), then paid, then open or pending payments, within the configured limit."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        leases: Leases,
        truths: Truths,
        changes: Changes,
        clock: Clock,
        gate: GateLimits,
    ) -> None:
        self._ledger = ledger
        self._leases = leases
        self._truths = truths
        self._changes = changes
        self._clock = clock
        self._gate = gate

    def get_pending_payment_for_cart(self, cart: CartRef) -> PaymentAnswer | None:
        """The payment (or order) that stands in the way of another payment of the cart; None when nothing does.

        Raises `CartNotFound`, `StoreDown`.
        """
        return self.can_create_payment(cart).answer

    def can_create_payment(self, cart: CartRef, money: Money | None = None) -> CanPay:
        """Whether a payment (of this amount) would be allowed now. Asks Mollie where something may stand in the way.

        Without an amount any open payment stands in the way. Raises `CartNotFound`, `StoreDown`.
        """
        seen = look(self._ledger, cart, money, clock=self._clock, policy=self._gate.policy)
        if isinstance(seen.decision, AskMollie):
            truths = self._truths.ask(cart.shop_id, seen.decision.transaction_ids)
            money_now = money or _live_money(truths)
            policy = self._gate.policy
            seen = look(self._ledger, cart, money_now, clock=self._clock, policy=policy, truths=truths)
        match seen.decision:
            case Proceed() | Recover():
                return CanPay(allowed=True, answer=None)
            case Supersede() if money is not None:
                return CanPay(allowed=True, answer=None)
            case _:
                return CanPay(allowed=False, answer=answer_of(seen.decision, None, seen.view, wait=self._gate.wait))

    def cancel_expired_payments(self, cart: CartRef) -> tuple[str, ...]:
        """Close the cart's attempts that Mollie calls dead and reservations that nothing came of.

        Returns the ids of the payments that ended. A payment that can still be paid is never ended by the clock.
        Raises `LockTimeout`, `StoreDown`.
        """
        with self._leases.locked(cart, purpose="expire"):
            fence, unknown = self._ledger.in_cart(cart, self._begin_expiry)
            truths = self._truths.ask(cart.shop_id, unknown) if unknown else {}
            ended = self._ledger.in_cart(cart, lambda tx: self._expire(tx, fence, truths))
        self._changes.announce(cart)
        return ended

    def _begin_expiry(self, tx: CartTransaction) -> tuple[int, tuple[str, ...]]:
        if tx.shop.find_view(tx.state.cart) is None:
            raise CartNotFound(f"the shop has no {tx.state.cart}")
        fence = raise_fence(tx, self._clock.now())
        return fence, tuple(a.transaction_id for a in tx.attempts() if a.state in LIVE and a.transaction_id)

    def _expire(self, tx: CartTransaction, fence: int, truths: dict[str, Observation]) -> tuple[str, ...]:
        check_fence(tx, fence)
        now = self._clock.now()
        view = tx.shop.find_view(tx.state.cart)
        if view is None:
            raise CartNotFound(f"the shop has no {tx.state.cart}")
        before = [attempt for attempt in tx.attempts() if attempt.is_live]
        record_truths(tx, truths, view, now)
        for attempt in before:
            if attempt.transaction_id is None and self._is_overdue(attempt):
                tx.save_attempt(attempt.moved(AttemptState.RELEASED, now))
        live = {attempt.id for attempt in tx.attempts() if attempt.is_live}
        ended = tuple(attempt.id for attempt in before if attempt.id not in live)
        if ended:
            wake_held(tx, now)
        for payment_id in ended:
            tx.audit(AuditEntry(at=now, event="payment.expired", cart=tx.state.cart, attempt_id=payment_id))
        return ended

    def _is_overdue(self, attempt: Attempt) -> bool:
        """Whether nobody can still be given a page for a reservation."""
        policy = self._gate.policy
        limit = policy.key_lifetime_at_mollie if attempt.mollie_key else policy.reservation_lifetime
        return abs(self._clock.now() - attempt.created_at) >= limit


def _live_money(truths: dict[str, Observation]) -> Money | None:
    return next((t.money for t in truths.values() if isinstance(t, ObservedPayment) and t.is_live), None)
