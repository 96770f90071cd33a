"""What an initiation leaves behind: its audit entry, its log line, its counts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import structlog

from bridge.domain.attempt import Attempt
from bridge.domain.initiation import InitiationDecision, Proceed, Recover
from bridge.domain.records import AuditEntry
from bridge.services.reservation import InitiationRequest
from bridge.telemetry import METRICS

log = structlog.get_logger()


def audit_entry(
    request: InitiationRequest, decision: InitiationDecision, attempt: Attempt | None, now: datetime
) -> AuditEntry:
    """The decision for the audit trail, with the payment that stood in the way or came of it."""
    return AuditEntry(
        at=now,
        event="initiation.decided",
        cart=request.cart,
        attempt_id=attempt.id if attempt else None,
        transaction_id=_transaction_of(decision),
        detail={"decision": type(decision).__name__, "amount": str(request.money), **_guess(decision)},
    )


def report(
    request: InitiationRequest, decision: InitiationDecision, attempt: Attempt | None, *, has_order: bool
) -> None:
    """Count the decision, and warn of a duplicate attempt."""
    name = type(decision).__name__
    METRICS.initiations.labels(decision=name).inc()
    if _guess(decision):
        METRICS.guesses.inc()
    ids = {"cart_id": request.cart.cart_id, "shop_id": request.cart.shop_id, "decision": name}
    if isinstance(decision, Proceed | Recover):
        log.info("payment.initiated", payment_id=attempt.id if attempt else None, **ids)
        return
    METRICS.duplicate_attempts.labels(decision=name).inc()
    log.warning("payment.duplicate_attempt", transaction_id=_transaction_of(decision), has_order=has_order, **ids)


def _transaction_of(decision: InitiationDecision) -> str | None:
    attempt = getattr(decision, "attempt", None)
    return getattr(decision, "transaction_id", None) or (attempt.transaction_id if attempt else None)


def _guess(decision: InitiationDecision) -> Mapping[str, bool]:
    return {"guess": True} if getattr(decision, "guess", False) else {}
