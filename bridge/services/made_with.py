"""Whether the shop made its order with another payment than the one that was to settle the cart."""

from __future__ import annotations

from bridge.domain.cart import OrderPhase
from bridge.ports.ledger import CartTransaction


def find_made_with(tx: CartTransaction) -> str | None:
    """The transaction that the shop's order was paid with, where that is not the one written down as settling.

    So it is when the shop's module worked without the bridge (the sidecar or its database was away for a moment): the
    settling payment's script had died, and the webhook of another one made the order. None once the settling payment's
    order was verified, and where the order was paid with several, or with none.
    """
    state = tx.state
    if state.settled_transaction_id is None or state.order_phase is not OrderPhase.STARTED:
        return None
    record = tx.shop.find_record(state.cart)
    if record is None or len(record.paid_by) != 1 or state.settled_transaction_id in record.paid_by:
        return None
    return next(iter(record.paid_by))
