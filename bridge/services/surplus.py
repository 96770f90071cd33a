"""Surplus money: written down with the decision that it is surplus, by the merchant's policy, once for what is left."""

from __future__ import annotations

from dataclasses import replace

from bridge.domain.attempt import Attempt
from bridge.domain.money import Money
from bridge.domain.notices import Fact, NoticeKind
from bridge.domain.observed import ObservedPayment
from bridge.domain.records import AuditEntry, Refund, RefundKind, RefundState
from bridge.domain.refunding import left_of
from bridge.domain.surplus import (
    SURPLUS_KEY,
    SurplusPolicy,
    decide_surplus,
    first_state,
    kind_of,
    may_follow,
    surplus_key,
)
from bridge.ports.clock import Clock
from bridge.ports.ledger import CartTransaction
from bridge.services.ids import new_id
from bridge.services.notices import Case, Notices

REASON = "Paid twice: the cart was paid already"
"""What the shopper reads on his statement, where his bank shows it."""


class Surpluses:
    """Makes a surplus payment's refund (or proposal), and the merchant's notices, in the deciding transaction."""

    def __init__(self, *, policy: SurplusPolicy, notices: Notices, clock: Clock) -> None:
        self._policy = policy
        self._notices = notices
        self._clock = clock

    def record(self, tx: CartTransaction, attempt: Attempt, observed: ObservedPayment, settled_by: str) -> None:
        """Write down what is to become of the money. What was written down before stands."""
        earlier = tx.refunds(observed.transaction_id)
        policy = decide_surplus(self._policy, settled_by)
        refund = self._refund(attempt, observed, earlier, policy)
        if refund is not None:
            tx.save_refund(refund)
            tx.audit(self._entry(refund, f"refund.{refund.state.value}"))
        case = _case(attempt, observed, settled_by, policy, refund)
        if refund is not None and refund.key != surplus_key(observed.transaction_id, refund.kind):
            # Money that came back since the first was told is a case of its own.
            case = replace(case, name=f"surplus:{observed.transaction_id}:{refund.id}", money=refund.money)
        self._notices.tell_in(tx, case)

    def drop_proposals(self, tx: CartTransaction, transaction_id: str) -> None:
        """The payment settles its cart after all: nobody is to give its money back any more."""
        for refund in tx.refunds(transaction_id):
            if refund.state is RefundState.PROPOSED:
                dropped = replace(refund, state=RefundState.DROPPED, updated_at=self._clock.now(), next_try_at=None)
                tx.save_refund(dropped)
                tx.audit(self._entry(dropped, "refund.dropped"))

    def _refund(
        self, attempt: Attempt, observed: ObservedPayment, earlier: tuple[Refund, ...], policy: SurplusPolicy
    ) -> Refund | None:
        state, kind = first_state(policy), kind_of(observed)
        by_policy = tuple(each for each in earlier if each.kind is kind and each.key.startswith(SURPLUS_KEY))
        left = left_of(observed, earlier)
        if state is None or left.minor == 0 or not may_follow(kind, by_policy):
            return None
        key = surplus_key(observed.transaction_id, kind, len(by_policy))
        now = self._clock.now()
        return Refund(
            id=new_id(),
            cart=attempt.cart,
            attempt_id=attempt.id,
            transaction_id=observed.transaction_id,
            money=left,
            reason=REASON,
            key=key,
            state=state,
            created_at=now,
            updated_at=now,
            kind=kind,
            next_try_at=now if state is RefundState.QUEUED else None,
        )

    def _entry(self, refund: Refund, event: str) -> AuditEntry:
        return AuditEntry(
            at=self._clock.now(),
            event=event,
            cart=refund.cart,
            attempt_id=refund.attempt_id,
            transaction_id=refund.transaction_id,
            detail={"refund_id": refund.id, "amount": str(refund.money), "kind": refund.kind.value},
        )


def _case(
    attempt: Attempt, observed: ObservedPayment, settled_by: str, policy: SurplusPolicy, refund: Refund | None
) -> Case:
    detail: dict[str, Fact] = {
        "action": policy.value,
        "authorized": kind_of(observed) is RefundKind.RELEASE,
        "settled_by": settled_by,
        "payment_id": attempt.id,
        "refund_id": refund.id if refund else None,
    }
    return Case(
        kind=NoticeKind.SURPLUS,
        name=f"surplus:{observed.transaction_id}",
        cart=attempt.cart,
        transaction_id=observed.transaction_id,
        money=Money(currency=observed.money.currency, minor=observed.refundable_minor),
        detail=detail,
    )
