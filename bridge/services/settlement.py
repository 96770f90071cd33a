"""Settling a cart: decide about one payment's news under the cart's lease, and write the decision down."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

import structlog

from bridge.domain.attempt import Attempt, AttemptState
from bridge.domain.cart import CartRef, CartState, OrderPhase
from bridge.domain.observed import Gone, ObservedPayment
from bridge.domain.records import BY_A_PERSON, OWN_QUESTIONS, AuditEntry, Delivery, Refund
from bridge.domain.refunding import find_way_back
from bridge.domain.settlement import (
    PASSED_ON,
    Hold,
    Ignore,
    RecordOnly,
    Settle,
    SettlementDecision,
    SettlementFacts,
    Surplus,
    Unknown,
    Unmatched,
    Update,
    decide_settlement,
    state_after,
)
from bridge.domain.shop import ShopView, find_order_owner
from bridge.ports.clock import Clock
from bridge.ports.ledger import CartTransaction, Ledger
from bridge.services.attempts import adopt, find_live, find_own, moved_by
from bridge.services.deliveries import ids_of, new_delivery, wake_held, wake_surplus
from bridge.services.doubts import Doubts
from bridge.services.leases import Lease, check_fence
from bridge.services.made_with import find_made_with
from bridge.services.shop_rows import ShopRows
from bridge.services.surplus import Surpluses
from bridge.telemetry import METRICS

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """A decision, and whether the shop is to hear of it: not of what it has heard and done already."""

    decision: SettlementDecision
    passes_on: bool


class Settlement:
    """Decides and writes the decision down, in one transaction."""

    def __init__(self, *, ledger: Ledger, surpluses: Surpluses, doubts: Doubts, rows: ShopRows, clock: Clock) -> None:
        self._ledger = ledger
        self._surpluses = surpluses
        self._doubts = doubts
        self._rows = rows
        self._clock = clock

    def decide(self, lease: Lease, delivery: Delivery, observed: ObservedPayment | Gone) -> Decided:
        """Decide about a delivery with Mollie's answer in hand. Raises `LeaseLost` with nothing written."""
        decided = self._ledger.in_cart(lease.cart, lambda tx: self._decide(tx, lease, delivery, observed))
        self._report(lease, delivery, decided)
        if isinstance(observed, ObservedPayment):
            self._show(decided.decision, observed)
        return decided

    def _show(self, decision: SettlementDecision, observed: ObservedPayment) -> None:
        """What the module does not hear of, its row is to say all the same."""
        match decision:
            case Surplus() | RecordOnly():
                self._rows.show_surplus(observed)
            case Ignore():
                self._rows.show_ended(observed)
            case _:
                pass

    def _decide(
        self, tx: CartTransaction, lease: Lease, delivery: Delivery, observed: ObservedPayment | Gone
    ) -> Decided:
        state = check_fence(tx, lease.fence)
        view = tx.shop.find_view(state.cart)
        self._free_cart(tx, view, observed)
        decision = decide_in(tx, view, observed)
        if isinstance(observed, ObservedPayment) and view is not None and not isinstance(decision, Unmatched):
            self._write(tx, view, observed, decision)
        seen = _seen(delivery, state, observed, decision, self._clock.now())
        decided = Decided(decision=decision, passes_on=_passes_on(tx, seen, observed, decision))
        tx.save_delivery(replace(seen, passed_on=decided.passes_on))
        tx.audit(self._entry(tx, seen, decided))
        return decided

    def _free_cart(self, tx: CartTransaction, view: ShopView | None, observed: ObservedPayment | Gone) -> None:
        """The settling payment's money is all back and never became an order: nobody has settled the cart any more.

        Before the decision: the module would make an order of an `ord_` payment that is `paid`, its money back or not.
        """
        if isinstance(observed, ObservedPayment) and view is not None and _gave_all_back(tx, view, observed):
            tx.save_state(replace(tx.state, settled_transaction_id=None, order_phase=OrderPhase.NONE))
            wake_surplus(tx, self._clock.now())

    def _write(
        self, tx: CartTransaction, view: ShopView, observed: ObservedPayment, decision: SettlementDecision
    ) -> None:
        """Move the payment's attempt, and the cart's row where this payment settles the cart."""
        now = self._clock.now()
        attempt = _move_attempt(tx, view, observed, state_after(decision, observed), now)
        self._doubts.hear(tx, observed)
        match decision:
            case Surplus(settled_by) if attempt is not None:
                self._surpluses.record(tx, attempt, observed, settled_by)
            case Settle():
                started = replace(
                    tx.state, settled_transaction_id=observed.transaction_id, order_phase=OrderPhase.STARTED
                )
                gives_way = tx.state.settled_transaction_id
                tx.save_state(started)
                self._surpluses.drop_proposals(tx, observed.transaction_id)
                if gives_way is not None and gives_way != observed.transaction_id:
                    # The shop's order was made with this payment: of the other one it is decided what becomes of it.
                    tx.save_delivery(new_delivery(gives_way, source="surplus", now=now))
            case _:
                pass
        wake_held(tx, now)

    def _entry(self, tx: CartTransaction, delivery: Delivery, decided: Decided) -> AuditEntry:
        attempt = next((a for a in tx.attempts() if a.transaction_id == delivery.subject), None)
        name = type(decided.decision).__name__
        detail: dict[str, str | int | bool | None] = {"decision": name, "source": delivery.source}
        if isinstance(decided.decision, PASSED_ON) and not decided.passes_on:
            detail["repeated"] = True
        match decided.decision:
            case Surplus(settled_by):
                detail["settled_by"] = settled_by
            case Hold(waits_for):
                detail["waits_for"] = waits_for
            case _:
                pass
        return AuditEntry(
            at=self._clock.now(),
            event="settlement.decided",
            cart=tx.state.cart,
            attempt_id=attempt.id if attempt else None,
            transaction_id=delivery.subject,
            detail=detail,
        )

    def _report(self, lease: Lease, delivery: Delivery, decided: Decided) -> None:
        decision = decided.decision
        name = type(decision).__name__
        METRICS.settlements.labels(decision=name).inc()
        ids = ids_of(lease, delivery)
        match decision:
            case Surplus(settled_by):
                METRICS.duplicate_orders.inc()
                log.warning("order.duplicate_attempt", settled_by=settled_by, decision=name, **ids)
            case Settle() | Update() | Hold() | RecordOnly() | Ignore() | Unknown() | Unmatched():
                log.info("settlement.decided", decision=name, passes_on=decided.passes_on, **ids)


def decide_in(tx: CartTransaction, view: ShopView | None, observed: ObservedPayment | Gone) -> SettlementDecision:
    """The decision about a payment of the transaction's cart; nothing is written."""
    state = tx.state
    way_back = _way_back(tx, observed)
    facts = SettlementFacts(
        cart_known=view is not None and _names(observed, state.cart),
        settled_transaction_id=state.settled_transaction_id,
        attempt=find_own(tx, observed) if isinstance(observed, ObservedPayment) else None,
        live=find_live(tx),
        made_with=_made_with(tx, observed),
        way_back=way_back.id if way_back else None,
        order_owner=find_order_owner(view) if view is not None else None,
    )
    return decide_settlement(observed, facts)


def _made_with(tx: CartTransaction, observed: ObservedPayment | Gone) -> str | None:
    settler = tx.state.settled_transaction_id
    if isinstance(observed, Gone) or not observed.money_in or settler in (None, observed.transaction_id):
        return None
    return find_made_with(tx)


def _way_back(tx: CartTransaction, observed: ObservedPayment | Gone) -> Refund | None:
    if isinstance(observed, Gone) or not observed.money_in:
        return None
    return find_way_back(observed, tx.refunds(observed.transaction_id))


def _names(observed: ObservedPayment | Gone, cart: CartRef) -> bool:
    """Whether the payment is the cart's by its own metadata, where that names a cart."""
    return isinstance(observed, Gone) or observed.cart_id in (None, cart.cart_id)


def _gave_all_back(tx: CartTransaction, view: ShopView, observed: ObservedPayment) -> bool:
    """Whether the settling payment's money is all back and never became an order: the cart may be paid again."""
    settles = tx.state.settled_transaction_id == observed.transaction_id
    return settles and not observed.money_in and not view.orders


def _passes_on(
    tx: CartTransaction, delivery: Delivery, observed: ObservedPayment | Gone, decision: SettlementDecision
) -> bool:
    """Whether the shop's module is to hear of it.

    Mollie announces one payment several times with different meaning, and each meaning more than once. The module has
    no use for a meaning that it has worked through; a person's replay is passed on whatever was done before.
    """
    if not isinstance(decision, PASSED_ON) or isinstance(observed, Gone):
        return False
    if isinstance(decision, Settle) or delivery.source in BY_A_PERSON:
        return True
    if observed.is_live and delivery.source in OWN_QUESTIONS:
        return False
    return tx.state.order_phase is OrderPhase.STARTED or not tx.was_passed_on(delivery)


def _move_attempt(
    tx: CartTransaction, view: ShopView, observed: ObservedPayment, target: AttemptState, now: datetime
) -> Attempt | None:
    """Write the news on the payment's attempt; a payment made without the bridge gets one.

    A second payment that is still open beside the cart's live attempt is not written down: there is room for one.
    """
    own = find_own(tx, observed)
    if own is not None:
        return tx.save_attempt(moved_by(tx, own, observed, target, now))
    if observed.is_live and find_live(tx):
        return None
    return adopt(tx, observed, target, customer_id=view.customer_id, now=now)


def _seen(
    delivery: Delivery,
    state: CartState,
    observed: ObservedPayment | Gone,
    decision: SettlementDecision,
    now: datetime,
) -> Delivery:
    delivery = replace(delivery, cart=state.cart, decision=type(decision).__name__, updated_at=now)
    if isinstance(observed, Gone):
        return delivery
    return replace(
        delivery,
        seen_id=observed.transaction_id,
        seen_status=observed.word or observed.status.value,
        seen_refunded=observed.refunded_minor,
        seen_charged_back=observed.charged_back_minor,
    )
