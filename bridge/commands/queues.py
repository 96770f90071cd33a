"""`mollie-bridge janitor`, `replay` and `refunds`: the queues, worked on and decided about by hand."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.table import Column, Table

from bridge.bootstrap import build_services
from bridge.config import Settings
from bridge.domain.errors import CartNotFound
from bridge.domain.records import Delivery, Refund, RefundState
from bridge.services.container import Services
from bridge.telemetry import configure_logging


@contextmanager
def _services(settings: Settings) -> Iterator[Services]:
    """The services, nothing running in the background."""
    configure_logging(level=settings.log.level, as_json=settings.log.format == "json")
    services = build_services(settings)
    try:
        yield services
    finally:
        services.close()


def run_janitor(settings: Settings) -> bool:
    """One pass, and what is due worked off; prints what was done. False when something of it failed."""
    with _services(settings) as services:
        sweep = services.janitor.sweep()
        done = {
            "deliveries worked on": services.inbox.work_due(),
            "refunds taken up": services.refunds.work_due(),
            "notices sent": services.notices.work_due(),
        }
        services.janitor.measure()
    if sweep is None:
        print("Another sidecar's janitor is at work; its pass was left to it.")
    else:
        done |= {
            "orders taken up again": sweep.orders,
            "payments asked about": sweep.payments,
            "refunds looked after": sweep.refunds,
            "plans of a wrong clock made due": sweep.strays,
            "rows removed": sweep.removed,
        }
    for what, number in done.items():
        print(f"{number:6} {what}")
    failed = sweep.failed if sweep else ()
    for step in failed:
        print(f"failed: {step} (see the log)")
    return not failed


def replay(settings: Settings, *, delivery_id: str | None, cart_id: int | None) -> tuple[Delivery, ...]:
    """Replay one delivery, what failed of a cart, or all that are dead, and work them off here and now."""
    with _services(settings) as services:
        if delivery_id is not None:
            replayed: tuple[Delivery, ...] = (services.replays.one(delivery_id),)
        elif cart_id is not None:
            cart = services.ledger.shop.find_cart(cart_id)
            if cart is None:
                raise CartNotFound(f"the shop has no cart {cart_id}")
            replayed = services.replays.of_cart(cart)
        else:
            replayed = services.replays.dead()
        services.inbox.work_due()
        found = (services.ledger.find_delivery(delivery.id) for delivery in replayed)
        return tuple(delivery for delivery in found if delivery is not None)


def print_deliveries(deliveries: tuple[Delivery, ...]) -> None:
    """A table of how they ended."""
    if not deliveries:
        print("There is nothing to replay.")
        return
    table = Table(Column("delivery", no_wrap=True), "cart", "transaction", "state", "decision", "last error")
    for each in deliveries:
        cart = str(each.cart.cart_id) if each.cart else ""
        table.add_row(each.id, cart, each.transaction_id, each.state.value, each.decision or "", each.last_error or "")
    Console().print(table)


def list_refunds(settings: Settings, *, state: str | None) -> tuple[Refund, ...]:
    """The refunds in a state, or those that need a person."""
    with _services(settings) as services:
        refunds = services.refunds
        return refunds.in_states(frozenset({RefundState(state)})) if state else refunds.for_a_person()


def decide_refund(settings: Settings, refund_id: str, *, approve: bool) -> Refund:
    """Approve (and send) or reject a proposed refund."""
    with _services(settings) as services:
        refunds = services.refunds
        return refunds.approve(refund_id) if approve else refunds.reject(refund_id)


def print_refunds(refunds: tuple[Refund, ...], *, as_json: bool) -> None:
    """A table for people, or one JSON array."""
    if as_json:
        print(json.dumps([_json(refund) for refund in refunds], indent=2))
        return
    if not refunds:
        print("There are no such refunds.")
        return
    table = Table(Column("refund", no_wrap=True), "cart", "transaction", "amount", "kind", "state", "last error")
    for each in refunds:
        table.add_row(
            each.id,
            str(each.cart.cart_id),
            each.transaction_id,
            str(each.money),
            each.kind.value,
            each.state.value,
            each.last_error or "",
        )
    Console().print(table)


def _json(refund: Refund) -> dict[str, str | int | None]:
    return {
        "refund_id": refund.id,
        "shop_id": refund.cart.shop_id,
        "cart_id": refund.cart.cart_id,
        "payment_id": refund.attempt_id,
        "transaction_id": refund.transaction_id,
        "amount": refund.money.value,
        "currency": refund.money.currency,
        "kind": refund.kind.value,
        "state": refund.state.value,
        "reason": refund.reason,
        "last_error": refund.last_error,
    }
