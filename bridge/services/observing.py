"""Watching carts that are not guarded (yet): what would be decided is counted, logged and kept, and nothing is done."""

from __future__ import annotations

from dataclasses import replace

import structlog

from bridge.domain.cart import CartRef
from bridge.domain.errors import CartNotFound, ForeignCart
from bridge.domain.initiation import AskMollie, InitiationDecision
from bridge.domain.observed import Gone, Observation, ObservedPayment
from bridge.domain.records import AuditEntry, Delivery
from bridge.domain.rollout import Rollout, RolloutMode
from bridge.domain.settlement import SettlementDecision, Surplus
from bridge.ports.clock import Clock
from bridge.ports.ledger import CartTransaction, Ledger
from bridge.services.answers import Action, PaymentAnswer, describe
from bridge.services.gate_report import audit_entry
from bridge.services.looking import Look, look
from bridge.services.reservation import InitiationRequest, owned_view
from bridge.services.settings import GateLimits
from bridge.services.settlement import decide_in
from bridge.services.truths import Truths
from bridge.telemetry import METRICS

log = structlog.get_logger()


class Observing:
    """Decides as the gate and the settlement would, without lock, reservation or lease."""

    def __init__(self, *, rollout: Rollout, ledger: Ledger, truths: Truths, clock: Clock, gate: GateLimits) -> None:
        self._rollout = rollout
        self._ledger = ledger
        self._truths = truths
        self._clock = clock
        self._gate = gate

    def only_watches(self, cart: CartRef) -> bool:
        """Whether the cart is not guarded."""
        return not self._rollout.guards(cart)

    @property
    def watches_all(self) -> bool:
        """Whether no cart is guarded."""
        return self._rollout.mode is RolloutMode.OBSERVE

    def initiation(self, request: InitiationRequest, until: float) -> PaymentAnswer:
        """A payment may be made, whatever stands against it. Raises `StoreDown`.

        `until` (monotonic) bounds what is asked of Mollie. There is no payment id: nothing was reserved.
        """
        decision = self._decide(request, until)
        name = type(decision).__name__ if decision is not None else "Refused"
        METRICS.observed.labels(decision=name).inc()
        ids = {"cart_id": request.cart.cart_id, "shop_id": request.cart.shop_id}
        log.info("payment.observed", decision=name, **ids)
        if decision is not None:
            entry = audit_entry(request, decision, None, self._clock.now())
            self._ledger.audit(replace(entry, event="initiation.observed"))
        return describe(None, action=Action.CREATE, is_new=True, message=f"Observed only; the decision is {name}")

    def _decide(self, request: InitiationRequest, until: float) -> InitiationDecision | None:
        try:
            seen = self._look(request, {})
            owned_view(seen.view, request)
        except (CartNotFound, ForeignCart) as error:
            log.warning("payment.observed_refusal", cart_id=request.cart.cart_id, error=str(error))
            return None
        if not isinstance(seen.decision, AskMollie):
            return seen.decision
        truths = self._truths.ask(request.cart.shop_id, seen.decision.transaction_ids, until=until)
        return self._look(request, truths).decision

    def _look(self, request: InitiationRequest, truths: dict[str, Observation]) -> Look:
        policy = self._gate.policy
        return look(self._ledger, request.cart, request.money, clock=self._clock, policy=policy, truths=truths)

    def webhook(self, cart: CartRef, delivery: Delivery, observed: ObservedPayment | Gone) -> SettlementDecision:
        """What would be decided about a delivery; the shop hears of it in any case."""
        decision = self._ledger.in_cart(cart, lambda tx: self._settlement(tx, delivery, observed))
        name = type(decision).__name__
        METRICS.observed.labels(decision=name).inc()
        ids = {"cart_id": cart.cart_id, "transaction_id": delivery.transaction_id, "delivery_id": delivery.id}
        if isinstance(decision, Surplus):
            log.warning("settlement.observed_surplus", settled_by=decision.settled_by, **ids)
        else:
            log.info("settlement.observed", decision=name, **ids)
        return decision

    def _settlement(
        self, tx: CartTransaction, delivery: Delivery, observed: ObservedPayment | Gone
    ) -> SettlementDecision:
        decision = decide_in(tx, tx.shop.find_view(tx.state.cart), observed)
        tx.audit(
            AuditEntry(
                at=self._clock.now(),
                event="settlement.observed",
                cart=tx.state.cart,
                transaction_id=delivery.transaction_id,
                detail={"decision": type(decision).__name__, "source": delivery.source},
            )
        )
        return decision
