"""Holding one of Mollie's payments against the shop and the ledger. Pure.

| Mollie | shop and ledger | finding |
|---|---|---|
| money in | the payment names no cart that the shop knows | `orphan` |
| money in | the cart has no order | `paid_without_order`, for a person while its refund is on its way |
| money in | the order was made for it, and the module's row does not say so | `missed_webhook` |
| money in | the order was made for it, and does not fit in amount or currency | `amount_mismatch` |
| money in | the order was made for another payment, and nothing is on its way back | `surplus_not_refunded` |
| money in | there is an order, and nobody can tell for which payment | `owner_unknown` |
| ended without money | the module's row says that it may still be paid | `status_disagreement` |
| no money in | the module's row says paid | `status_disagreement`, for a person |
| anything else | | nothing |
| a status that this version does not know | any | `unknown_status`, for a person |
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from bridge.domain.attempt import Attempt, AttemptState
from bridge.domain.cart import CartRef
from bridge.domain.consistency import amount_faults
from bridge.domain.money import Money
from bridge.domain.observed import ObservedPayment, PaymentStatus, StrangePayment
from bridge.domain.records import COUNTS_AS_REFUNDED, Refund, RefundKind, RefundState
from bridge.domain.refunding import find_way_back, left_of
from bridge.domain.shop import OrderRecord, OwnedBy, OwnedElsewhere, OwnerUnknown, ShopPayment, find_order_owner


class FindingKind(StrEnum):
    """What does not fit."""

    ORPHAN = "orphan"
    PAID_WITHOUT_ORDER = "paid_without_order"
    MISSED_WEBHOOK = "missed_webhook"
    AMOUNT_MISMATCH = "amount_mismatch"
    SURPLUS_NOT_REFUNDED = "surplus_not_refunded"
    OWNER_UNKNOWN = "owner_unknown"
    STATUS_DISAGREEMENT = "status_disagreement"
    UNKNOWN_STATUS = "unknown_status"


class Remedy(StrEnum):
    """What puts it right: `replay` has the payment decided again under the cart's lease, `correct_row` writes Mollie's
    word into the module's row, `person` is for a person.
    """

    REPLAY = "replay"
    CORRECT_ROW = "correct_row"
    PERSON = "person"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that does not fit. `at_risk`: money that somebody is missing; `next_step`: the next safe action."""

    kind: FindingKind
    transaction_id: str
    cart: CartRef | None
    money: Money
    at_risk: bool
    seen: str
    next_step: str
    remedy: Remedy


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopFacts:
    """What shop and ledger know of the payment's cart; `settled_by` is the ledger's word, where it has one."""

    cart: CartRef | None = None
    record: OrderRecord | None = None
    row: ShopPayment | None = None
    attempt: Attempt | None = None
    settled_by: str | None = None
    refunds: tuple[Refund, ...] = ()


_ENDED = frozenset({PaymentStatus.CANCELED, PaymentStatus.EXPIRED, PaymentStatus.FAILED})


def find_disagreement(observed: ObservedPayment, facts: ShopFacts) -> Finding | None:
    """The first row of the table that holds; None when all is well."""
    if observed.money_in:
        return _with_money(observed, facts)
    row = facts.row
    if row is None:
        return None
    if row.says_paid and not _came_back(observed):
        seen = f"Mollie says {observed.status.value}, the module's row says {row.bank_status}"
        step = "look at the order: it may have been made or marked paid by hand"
        return _finding(FindingKind.STATUS_DISAGREEMENT, observed, facts, seen, step, Remedy.PERSON)
    if observed.status in _ENDED and not (row.says_ended or row.says_paid):
        seen = f"Mollie says {observed.status.value}, the module's row says {row.bank_status}"
        step = "nothing is missing; --fix writes Mollie's word into the row"
        return _finding(FindingKind.STATUS_DISAGREEMENT, observed, facts, seen, step, Remedy.CORRECT_ROW)
    return None


def tell_strange(strange: StrangePayment, cart: CartRef | None) -> Finding:
    """What nobody here can judge is shown, whatever shop and ledger know of it."""
    return Finding(
        kind=FindingKind.UNKNOWN_STATUS,
        transaction_id=strange.transaction_id,
        cart=cart,
        money=strange.money,
        at_risk=False,
        seen=f"Mollie gives it the status {strange.word}, which this version does not know",
        next_step="look at the payment in Mollie's dashboard; look for a newer version of the bridge",
        remedy=Remedy.PERSON,
    )


def _came_back(observed: ObservedPayment) -> bool:
    """Whether it was paid and all of it was given back: the module leaves its row at `paid`."""
    return observed.status is PaymentStatus.PAID


def _with_money(observed: ObservedPayment, facts: ShopFacts) -> Finding | None:
    if facts.cart is None:
        seen = "the payment names no cart that the shop knows"
        step = "find the customer by the payment's page at Mollie; make the order by hand, or refund it there"
        return _finding(FindingKind.ORPHAN, observed, facts, seen, step, Remedy.PERSON, at_risk=True)
    if facts.record is None:
        return _without_order(observed, facts)
    settler = facts.settled_by or _settler(facts.record)
    if settler is None:
        seen = "the cart has an order, and nobody can tell for which of its payments"
        step = "compare the order's payment with Mollie's; refund the other one"
        return _finding(FindingKind.OWNER_UNKNOWN, observed, facts, seen, step, Remedy.PERSON)
    if settler == observed.transaction_id:
        return _settling(observed, facts, facts.record)
    return _surplus(observed, facts, settler)


def _without_order(observed: ObservedPayment, facts: ShopFacts) -> Finding:
    way_back = find_way_back(observed, facts.refunds)
    if way_back is not None:
        seen = f"its money may be on its way back: refund {way_back.id} is {way_back.state.value}"
        step = "nothing: it is decided when the refund has ended"
        return _finding(FindingKind.PAID_WITHOUT_ORDER, observed, facts, seen, step, Remedy.PERSON)
    if facts.attempt is not None and facts.attempt.state is AttemptState.HELD:
        seen = "held: another payment of the cart, with the amount that it has now, may still be paid"
        step = "nothing: it is decided when the other payment ends"
        return _finding(FindingKind.PAID_WITHOUT_ORDER, observed, facts, seen, step, Remedy.PERSON)
    step = "--fix has it decided and passed to the shop under the cart's lease"
    return _finding(
        FindingKind.PAID_WITHOUT_ORDER, observed, facts, "the cart has no order", step, Remedy.REPLAY, at_risk=True
    )


def _settling(observed: ObservedPayment, facts: ShopFacts, record: OrderRecord) -> Finding | None:
    faults = amount_faults(observed, record)
    if faults:
        step = "compare the order with the payment; correct the order, or refund the difference"
        return _finding(FindingKind.AMOUNT_MISMATCH, observed, facts, "; ".join(faults), step, Remedy.PERSON)
    if facts.row is None or facts.row.says_paid:
        return None
    seen = f"the order is there, and the module's row says {facts.row.bank_status}"
    step = "--fix passes the payment to the shop again"
    return _finding(FindingKind.MISSED_WEBHOOK, observed, facts, seen, step, Remedy.REPLAY)


def _surplus(observed: ObservedPayment, facts: ShopFacts, settler: str) -> Finding | None:
    if _is_going_back(observed, facts.refunds):
        return None
    seen = f"the cart was paid by {settler}, and this money is still here"
    proposed = next((refund for refund in facts.refunds if refund.state is RefundState.PROPOSED), None)
    if proposed is not None:
        step = f"mollie-bridge refunds approve {proposed.id}"
        return _finding(FindingKind.SURPLUS_NOT_REFUNDED, observed, facts, seen, step, Remedy.PERSON, at_risk=True)
    if facts.attempt is not None and facts.attempt.state is AttemptState.SURPLUS:
        step = "refund it at Mollie or through the API: the policy only reports"
        return _finding(FindingKind.SURPLUS_NOT_REFUNDED, observed, facts, seen, step, Remedy.PERSON, at_risk=True)
    step = "--fix has it decided: by the policy it is reported, proposed or refunded"
    return _finding(FindingKind.SURPLUS_NOT_REFUNDED, observed, facts, seen, step, Remedy.REPLAY, at_risk=True)


def _is_going_back(observed: ObservedPayment, refunds: tuple[Refund, ...]) -> bool:
    """Whether all of it is on its way back, or reserved money is being let go of."""
    if observed.status is PaymentStatus.AUTHORIZED:
        return any(refund.kind is RefundKind.RELEASE and refund.state in COUNTS_AS_REFUNDED for refund in refunds)
    return left_of(observed, refunds).minor == 0


def _settler(record: OrderRecord) -> str | None:
    match find_order_owner(record.view):
        case OwnedBy(transaction_id):
            return transaction_id
        case OwnedElsewhere(module):
            return f"an order of the module {module}"
        case OwnerUnknown() | None:
            return None


def _finding(
    kind: FindingKind,
    observed: ObservedPayment,
    facts: ShopFacts,
    seen: str,
    next_step: str,
    remedy: Remedy,
    *,
    at_risk: bool = False,
) -> Finding:
    money = observed.money
    if at_risk:
        money = Money(currency=money.currency, minor=observed.refundable_minor)
    return Finding(
        kind=kind,
        transaction_id=observed.transaction_id,
        cart=facts.cart,
        money=money,
        at_risk=at_risk,
        seen=seen,
        next_step=next_step,
        remedy=remedy,
    )
