"""Deciding a settlement: what one delivery, with Mollie's answer in hand, may change.

| observed | cart | decision |
|---|---|---|
| unknown at Mollie (404) | any | `Unknown` |
| any | not known to the shop | `Unmatched` |
| any | settled by this transaction, or its order was made for it | `Update` (first money: `Settle`) |
| money in | settled by another, never verified, and the order was made with this one | `Settle` |
| money in | settled by another, or ordered elsewhere | `Surplus` |
| money in before, now given back | settled by another | `RecordOnly` |
| open, pending or ended without money | settled by another | `Ignore` |
| money in | not settled, a live attempt has another amount | `Hold` |
| money in | not settled, all of it may be on its way back | `Hold` |
| money in | not settled | `Settle` |
| money in before, now given back | not settled | `RecordOnly` |
| open, pending or ended without money | not settled, its order is (or may be) another payment's | `Ignore` |
| open, pending or ended without money | not settled | `Update` |

"Settled by another" is what the ledger says or, for a cart that the ledger has not settled, what the shop's own tables
say of its order. Where an order exists that nobody has paid yet (bank transfer), or nobody can tell for which
transaction it was made, money is passed on (the module finds the order and completes it) and news without money of
another payment is ignored: it could only harm the order.
"""

from __future__ import annotations

from dataclasses import dataclass

from bridge.domain.attempt import Attempt, AttemptState
from bridge.domain.observed import Gone, ObservedPayment, PaymentStatus
from bridge.domain.shop import MODULE_PREFIX, OrderOwner, OwnedBy, OwnedElsewhere, OwnerUnknown


@dataclass(frozen=True, slots=True, kw_only=True)
class SettlementFacts:
    """All that a decision may look at; `attempt` is the observed transaction's own, `live` the cart's live one.

    `made_with` is the transaction that the shop's order was paid with, where another one is written down as settling
    the cart and was never verified. `way_back` is the id of the refund that may leave nothing of its payment's money
    (`refunding.find_way_back`).
    """

    cart_known: bool
    settled_transaction_id: str | None = None
    attempt: Attempt | None = None
    live: Attempt | None = None
    made_with: str | None = None
    way_back: str | None = None
    order_owner: OrderOwner | None = None


@dataclass(frozen=True, slots=True)
class Settle:
    """This transaction settles the cart: pass it to the shop and verify what comes of it."""


@dataclass(frozen=True, slots=True)
class Update:
    """News that the shop is to hear; it can not harm another transaction's order."""


@dataclass(frozen=True, slots=True)
class Hold:
    """Money that is decided about when `waits_for` has ended.

    That is the live attempt (the money is for an amount that the cart no longer has), or the payment's own refund.
    """

    waits_for: str


@dataclass(frozen=True, slots=True)
class Surplus:
    """Money for a cart that `settled_by` has settled: the shop's module must not hear of it."""

    settled_by: str


@dataclass(frozen=True, slots=True)
class RecordOnly:
    """News of a surplus payment's refund: written down, never passed on."""


@dataclass(frozen=True, slots=True)
class Ignore:
    """Stale news of a payment that did not settle the cart."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """Mollie knows no such payment."""


@dataclass(frozen=True, slots=True)
class Unmatched:
    """The payment names no cart that the shop knows."""


SettlementDecision = Settle | Update | Hold | Surplus | RecordOnly | Ignore | Unknown | Unmatched

PASSED_ON = (Settle, Update)
"""The decisions that the shop's module is to hear of."""


def decide_settlement(observed: ObservedPayment | Gone, facts: SettlementFacts) -> SettlementDecision:
    """The decision table above. Pure."""
    if isinstance(observed, Gone):
        return Unknown()
    if not facts.cart_known:
        return Unmatched()
    settler = facts.settled_transaction_id or _shown_by_the_shop(facts.order_owner)
    if settler == observed.transaction_id:
        return Update() if facts.settled_transaction_id or not observed.money_in else Settle()
    if settler is not None:
        return Settle() if _has_the_order(observed, facts) else _beside_another(observed, settler)
    if not observed.money_in:
        return _without_money(observed, facts.order_owner)
    if facts.live is not None and _has_another_amount(facts.live, observed, facts.attempt):
        return Hold(facts.live.id)
    if facts.way_back is not None:
        # An order made now would be one whose money goes back.
        return Hold(facts.way_back)
    return Settle()


def _has_the_order(observed: ObservedPayment, facts: SettlementFacts) -> bool:
    """Whether the order is this payment's, though another one was to make it. Money on its way back has none."""
    return observed.money_in and facts.made_with == observed.transaction_id and facts.way_back is None


def _without_money(observed: ObservedPayment, owner: OrderOwner | None) -> SettlementDecision:
    """News of a payment that brings no money, on a cart that nobody has settled.

    Money that came and went never becomes an order: the module would make one of an Orders API payment that is `paid`.
    """
    if observed.status is PaymentStatus.PAID:
        return RecordOnly()
    return Ignore() if _is_anothers(owner, observed) else Update()


def _shown_by_the_shop(owner: OrderOwner | None) -> str | None:
    """Who has settled the cart by what the shop's tables say.

    An order that was made for a payment without money yet (bank transfer) is settled by nobody: the first money pays
    it, whichever payment it comes with.
    """
    match owner:
        case OwnedBy(transaction_id, paid=True):
            return transaction_id
        case OwnedElsewhere(module):
            return f"{MODULE_PREFIX}{module}"
        case OwnedBy() | OwnerUnknown() | None:
            return None


def _is_anothers(owner: OrderOwner | None, observed: ObservedPayment) -> bool:
    """Whether there is an order that was, or may have been, made for another payment: stale news could only harm it."""
    match owner:
        case OwnedBy(transaction_id):
            return transaction_id != observed.transaction_id
        case OwnedElsewhere() | OwnerUnknown():
            return True
        case None:
            return False


def _beside_another(observed: ObservedPayment, settler: str) -> SettlementDecision:
    if observed.money_in:
        return Surplus(settler)
    if observed.status is PaymentStatus.PAID:
        return RecordOnly()
    return Ignore()


def _has_another_amount(live: Attempt, observed: ObservedPayment, attempt: Attempt | None) -> bool:
    """Whether another live attempt has the amount that the cart has now, and this one has not.

    An attempt that gave way and has the live one's amount again (10, then 20, then 10) is the right money all the same.
    """
    if live.transaction_id == observed.transaction_id:
        return False
    return live.money != (attempt.money if attempt else observed.money)


def state_after(decision: SettlementDecision, observed: ObservedPayment) -> AttemptState:
    """The state that the observed transaction's attempt moves to (where that is a step forward)."""
    match decision:
        case Hold():
            return AttemptState.HELD
        case Surplus():
            return AttemptState.SURPLUS
        case _:
            return observed.state
