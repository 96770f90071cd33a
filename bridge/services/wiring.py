"""Wiring: ports and limits become services. The program and its tests are put together here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bridge.ports.advice import Advice, Advisor
from bridge.ports.clock import Clock
from bridge.ports.figures import FigureSource
from bridge.ports.ledger import Ledger
from bridge.ports.locks import CartLocks
from bridge.ports.mollie import MollieAccounts
from bridge.ports.notifier import Notifier
from bridge.ports.reports import ReportSource
from bridge.ports.shop import ShopWebhook
from bridge.services.background import Regularly
from bridge.services.changes import Changes
from bridge.services.claims import Claims
from bridge.services.container import Services
from bridge.services.creation import Creation
from bridge.services.dashboard import CATCHES_UP, Dashboard
from bridge.services.deduplication import Deduplication
from bridge.services.doubts import Doubts
from bridge.services.endings import Endings
from bridge.services.inbox import Inbox
from bridge.services.initiation import Initiation
from bridge.services.intake import Intake
from bridge.services.janitor import Janitor
from bridge.services.leases import Leases
from bridge.services.matching import Matching
from bridge.services.notices import Notices
from bridge.services.observing import Observing
from bridge.services.passing_on import PassingOn
from bridge.services.payments import Payments
from bridge.services.readiness import Readiness
from bridge.services.reconciliation import Reconciliation
from bridge.services.refund_book import RefundBook
from bridge.services.refund_sending import RefundSender
from bridge.services.refund_waits import RefundWaits
from bridge.services.refunds import Refunds
from bridge.services.replays import Replays
from bridge.services.reports import Reports
from bridge.services.settings import Limits
from bridge.services.settlement import Settlement
from bridge.services.shop_rows import ShopRows
from bridge.services.status import StatusReport
from bridge.services.surplus import Surpluses
from bridge.services.truths import Truths
from bridge.services.verification import Verifier
from bridge.services.webhooks import Webhooks

LOOK_AFTER = 2.0
"""Seconds between two looks for refunds and notices that are due: a fifth of the shortest pause between two tries."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """The world. `closing`: what is to be closed after the services have stopped, in this order."""

    ledger: Ledger
    locks: CartLocks
    accounts: MollieAccounts
    shop_webhook: ShopWebhook
    figures: FigureSource
    clock: Clock
    notifiers: tuple[Notifier, ...] = ()
    report_source: ReportSource | None = None
    advisor: Advisor = lambda _: Advice()
    closing: tuple[Callable[[], None], ...] = ()


def wire(ports: Ports, limits: Limits) -> Services:
    """The services. Nothing runs in the background before `Services.start`."""
    ledger, accounts, clock = ports.ledger, ports.accounts, ports.clock
    leases = Leases(ledger=ledger, locks=ports.locks, clock=clock, limits=limits.leases)
    changes = Changes(places=limits.gate.waiting, places_per_cart=limits.gate.waiting_per_cart)
    truths = Truths(accounts=accounts, clock=clock, limits=limits.gate)
    notices = Notices(ledger=ledger, notifiers=ports.notifiers, clock=clock, limits=limits.notices)
    rows = ShopRows(ledger=ledger)
    surpluses = Surpluses(policy=limits.refunds.policy, notices=notices, clock=clock)
    doubts = Doubts(ledger=ledger, accounts=accounts, notices=notices, clock=clock, limits=limits.refunds)
    settlement = Settlement(ledger=ledger, surpluses=surpluses, doubts=doubts, rows=rows, clock=clock)
    verifier = Verifier(ledger=ledger, clock=clock)
    matching = Matching(ledger=ledger, accounts=accounts)
    intake = Intake(ledger=ledger, clock=clock, limits=limits.webhooks)
    endings = Endings(ledger=ledger, notices=notices, clock=clock, limits=limits.webhooks)
    observing = Observing(rollout=limits.rollout, ledger=ledger, truths=truths, clock=clock, gate=limits.gate)
    passing_on = PassingOn(shop_webhook=ports.shop_webhook, verifier=verifier, clock=clock, limits=limits.webhooks)
    webhooks = Webhooks(
        leases=leases,
        matching=matching,
        settlement=settlement,
        observing=observing,
        passing_on=passing_on,
        intake=intake,
        endings=endings,
        changes=changes,
        clock=clock,
        limits=limits.webhooks,
    )
    claims = Claims(
        leases=leases,
        matching=matching,
        settlement=settlement,
        observing=observing,
        verifier=verifier,
        intake=intake,
        endings=endings,
        changes=changes,
        clock=clock,
        limits=limits.webhooks,
    )
    inbox = Inbox(
        webhooks=webhooks,
        intake=intake,
        ledger=ledger,
        clock=clock,
        limits=limits.webhooks,
        threads=limits.webhook_threads,
    )
    payments = Payments(ledger=ledger, accounts=accounts, inbox=inbox, changes=changes, clock=clock)
    deduplication = Deduplication(
        ledger=ledger, leases=leases, truths=truths, changes=changes, clock=clock, gate=limits.gate
    )
    waits = RefundWaits(ledger=ledger, clock=clock, limits=limits.refunds)
    book = RefundBook(ledger=ledger, notices=notices, rows=rows, waits=waits, clock=clock, limits=limits.refunds)
    sender = RefundSender(ledger=ledger, accounts=accounts, book=book, clock=clock)
    refunds = Refunds(ledger=ledger, accounts=accounts, sender=sender, waits=waits, clock=clock, limits=limits.refunds)
    janitor = Janitor(
        ledger=ledger,
        accounts=accounts,
        inbox=inbox,
        payments=payments,
        deduplication=deduplication,
        doubts=doubts,
        clock=clock,
        limits=limits.janitor,
    )
    status = StatusReport(ledger=ledger, figures=ports.figures, clock=clock, rollout=limits.rollout)
    dashboard = Dashboard(
        ledger=ledger,
        locks=ports.locks,
        figures=ports.figures,
        status=status,
        waits=waits,
        advisor=ports.advisor,
        clock=clock,
    )
    return Services(
        initiation=Initiation(
            ledger=ledger,
            leases=leases,
            truths=truths,
            creation=Creation(ledger=ledger, accounts=accounts, changes=changes, clock=clock),
            observing=observing,
            changes=changes,
            clock=clock,
            gate=limits.gate,
            keys=limits.keys,
        ),
        payments=payments,
        deduplication=deduplication,
        webhooks=webhooks,
        claims=claims,
        inbox=inbox,
        refunds=refunds,
        notices=notices,
        reconciliation=Reconciliation(
            ledger=ledger,
            accounts=accounts,
            inbox=inbox,
            leases=leases,
            rows=rows,
            rollout=limits.rollout,
            clock=clock,
        ),
        replays=Replays(ledger=ledger, clock=clock),
        readiness=Readiness(ledger=ledger, locks=ports.locks),
        reports=Reports(ports.report_source),
        janitor=janitor,
        status=status,
        dashboard=dashboard,
        leases=leases,
        ledger=ledger,
        locks=ports.locks,
        clock=clock,
        background=(
            Regularly("refunds", refunds.work_due, every=LOOK_AFTER),
            Regularly("notices", notices.work_due, every=LOOK_AFTER),
            Regularly("janitor", janitor.round, every=limits.janitor.every),
            Regularly("figures", dashboard.catch_up, every=CATCHES_UP),
        ),
        closing=ports.closing,
    )
