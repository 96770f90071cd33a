"""The wired services, as the edges (HTTP, command line) are given them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bridge.ports.clock import Clock
from bridge.ports.ledger import Ledger
from bridge.ports.locks import CartLocks
from bridge.services.background import Regularly
from bridge.services.claims import Claims
from bridge.services.dashboard import Dashboard
from bridge.services.deduplication import Deduplication
from bridge.services.inbox import Inbox
from bridge.services.initiation import Initiation
from bridge.services.janitor import Janitor
from bridge.services.leases import Leases
from bridge.services.notices import Notices
from bridge.services.payments import Payments
from bridge.services.readiness import Readiness
from bridge.services.reconciliation import Reconciliation
from bridge.services.refunds import Refunds
from bridge.services.replays import Replays
from bridge.services.reports import Reports
from bridge.services.status import StatusReport
from bridge.services.webhooks import Webhooks


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """One of each; `close` finishes what is being worked on and lets go of everything."""

    initiation: Initiation
    payments: Payments
    deduplication: Deduplication
    webhooks: Webhooks
    claims: Claims
    inbox: Inbox
    refunds: Refunds
    notices: Notices
    reconciliation: Reconciliation
    replays: Replays
    readiness: Readiness
    reports: Reports
    janitor: Janitor
    status: StatusReport
    dashboard: Dashboard
    leases: Leases
    ledger: Ledger
    locks: CartLocks
    clock: Clock
    background: tuple[Regularly, ...] = ()
    """What comes round again and again while the server runs."""
    closing: tuple[Callable[[], None], ...] = ()
    """What else is to be closed, in this order, between the inbox and the ledger."""

    def start(self) -> None:
        """Begin to work on what is due, until `close`."""
        self.inbox.start()
        for regularly in self.background:
            regularly.start()

    def close(self) -> None:
        """Stop what runs (its work in hand is finished), release the locks, close the connections."""
        for regularly in self.background:
            regularly.close()
        self.inbox.close()
        self.locks.close()
        for close in self.closing:
            close()
        self.ledger.close()
