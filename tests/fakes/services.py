"""The services wired over stand-ins: everything real but the database, the shop, Mollie and the clock."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from bridge.adapters.memory_locks import MemoryCartLocks
from bridge.ports.clock import Clock
from bridge.ports.ledger import Ledger
from bridge.ports.locks import CartLocks
from bridge.ports.mollie import MollieAccounts
from bridge.ports.shop import ShopWebhook
from bridge.services.changes import Changes
from bridge.services.container import Services
from bridge.services.creation import Creation
from bridge.services.deduplication import Deduplication
from bridge.services.inbox import Inbox
from bridge.services.initiation import Initiation
from bridge.services.leases import Leases
from bridge.services.payments import Payments
from bridge.services.refunds import Refunds
from bridge.services.settings import GateLimits, KeyLimits, LeaseLimits, WebhookLimits
from bridge.services.settlement import Settlement
from bridge.services.truths import Truths
from bridge.services.verification import Verifier
from bridge.services.webhooks import Webhooks
from tests.fakes.clock import FakeClock
from tests.fakes.memory_ledger import MemoryLedger
from tests.fakes.mollie import FakeMollie, FakeMollieAccounts
from tests.fakes.shop import FakeShop
from tests.fakes.shop_webhook import FakeShopWebhook, mollie_module


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Every limit of the services. A `FakeClock` stands still while a request waits, so nobody waits here."""

    gate: GateLimits = GateLimits(wait=0.0)  # noqa: RUF009  (frozen)
    keys: KeyLimits = KeyLimits()  # noqa: RUF009
    leases: LeaseLimits = LeaseLimits(acquire=0.0)  # noqa: RUF009
    webhooks: WebhookLimits = WebhookLimits(inline=5.0, lease_wait=0.0, claim_wait=0.0)  # noqa: RUF009


def make_services(
    *,
    ledger: Ledger,
    locks: CartLocks,
    accounts: MollieAccounts,
    shop_webhook: ShopWebhook,
    clock: Clock,
    limits: Limits | None = None,
    webhook_threads: int = 2,
) -> Services:
    """The services over these ports. The inbox does not look for due deliveries by itself: `inbox.work_due()`."""
    limits = limits or Limits()
    leases = Leases(ledger=ledger, locks=locks, clock=clock, limits=limits.leases)
    changes = Changes(places=limits.gate.waiting, places_per_cart=limits.gate.waiting_per_cart)
    truths = Truths(accounts=accounts, clock=clock, limits=limits.gate)
    webhooks = Webhooks(
        ledger=ledger,
        leases=leases,
        accounts=accounts,
        shop_webhook=shop_webhook,
        settlement=Settlement(ledger=ledger, clock=clock),
        verifier=Verifier(ledger=ledger, clock=clock),
        changes=changes,
        clock=clock,
        limits=limits.webhooks,
    )
    inbox = Inbox(webhooks=webhooks, ledger=ledger, clock=clock, limits=limits.webhooks, threads=webhook_threads)
    return Services(
        initiation=Initiation(
            ledger=ledger,
            leases=leases,
            truths=truths,
            creation=Creation(ledger=ledger, accounts=accounts, changes=changes, clock=clock),
            changes=changes,
            clock=clock,
            gate=limits.gate,
            keys=limits.keys,
        ),
        payments=Payments(ledger=ledger, accounts=accounts, inbox=inbox, changes=changes, clock=clock),
        deduplication=Deduplication(
            ledger=ledger, leases=leases, truths=truths, changes=changes, clock=clock, gate=limits.gate
        ),
        webhooks=webhooks,
        inbox=inbox,
        refunds=Refunds(ledger=ledger, accounts=accounts, clock=clock),
        leases=leases,
        ledger=ledger,
        locks=locks,
        clock=clock,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Services and all that stands around them. The shop's webhook makes orders as the Mollie module does."""

    services: Services
    clock: FakeClock
    shop: FakeShop
    mollie: FakeMollie
    accounts: FakeMollieAccounts
    shop_webhook: FakeShopWebhook
    ledger: MemoryLedger
    locks: MemoryCartLocks


@contextmanager
def make_world(limits: Limits | None = None) -> Iterator[World]:
    """A world of its own, closed at the end: cart 42 of customer 7 in shop 1, and nothing else."""
    clock = FakeClock()
    shop = FakeShop(clock)
    shop.add_cart(42, shop_id=1, customer_id=7)
    mollie = FakeMollie()
    accounts = FakeMollieAccounts(mollie)
    shop_webhook = FakeShopWebhook(mollie_module(shop, mollie))
    ledger = MemoryLedger(shop)
    locks = MemoryCartLocks(clock)
    services = make_services(
        ledger=ledger, locks=locks, accounts=accounts, shop_webhook=shop_webhook, clock=clock, limits=limits
    )
    try:
        yield World(
            services=services,
            clock=clock,
            shop=shop,
            mollie=mollie,
            accounts=accounts,
            shop_webhook=shop_webhook,
            ledger=ledger,
            locks=locks,
        )
    finally:
        services.close()
