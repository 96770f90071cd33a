"""The wired services, as the edges (HTTP, command line) are given them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bridge.ports.clock import Clock
from bridge.ports.ledger import Ledger
from bridge.ports.locks import CartLocks
from bridge.services.deduplication import Deduplication
from bridge.services.inbox import Inbox
from bridge.services.initiation import Initiation
from bridge.services.leases import Leases
from bridge.services.payments import Payments
from bridge.services.refunds import Refunds
from bridge.services.webhooks import Webhooks


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """One of each; `close` finishes what is being worked on and lets go of everything."""

    initiation: Initiation
    payments: Payments
    deduplication: Deduplication
    webhooks: Webhooks
    inbox: Inbox
    refunds: Refunds
    leases: Leases
    ledger: Ledger
    locks: CartLocks
    clock: Clock
    closing: tuple[Callable[[], None], ...] = ()
    """What else is to be closed, in this order, between the inbox and the ledger."""

    def close(self) -> None:
        """Stop the inbox (its work in hand is finished), release the locks, close the connections."""
        self.inbox.close()
        self.locks.close()
        for close in self.closing:
            close()
        self.ledger.close()
