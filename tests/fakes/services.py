"""The services wired over stand-ins: everything real but the database, the shop, Mollie and the clock."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from bridge.adapters.memory_locks import MemoryCartLocks
from bridge.ports.clock import Clock
from bridge.ports.figures import FigureSource
from bridge.ports.ledger import Ledger
from bridge.ports.locks import CartLocks
from bridge.ports.mollie import MollieAccounts
from bridge.ports.notifier import Notifier
from bridge.ports.shop import ShopWebhook
from bridge.services.container import Services
from bridge.services.settings import GateLimits, LeaseLimits, WebhookLimits
from bridge.services.settings import Limits as ServiceLimits
from bridge.services.wiring import Ports, wire
from tests.fakes.clock import FakeClock
from tests.fakes.memory_ledger import MemoryLedger
from tests.fakes.mollie import FakeMollie, FakeMollieAccounts
from tests.fakes.shop import FakeShop
from tests.fakes.shop_webhook import FakeShopWebhook, mollie_module


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits(ServiceLimits):
    """Every limit of the services. A `FakeClock` stands still while a request waits, so nobody waits here."""

    gate: GateLimits = GateLimits(wait=0.0)  # noqa: RUF009  (frozen)
    leases: LeaseLimits = LeaseLimits(acquire=0.0)  # noqa: RUF009
    webhooks: WebhookLimits = WebhookLimits(inline=5.0, lease_wait=0.0, claim_wait=0.0)  # noqa: RUF009
    webhook_threads: int = 2


def make_services(
    *,
    ledger: Ledger,
    locks: CartLocks,
    accounts: MollieAccounts,
    shop_webhook: ShopWebhook,
    clock: Clock,
    notifiers: tuple[Notifier, ...] = (),
    limits: ServiceLimits | None = None,
    figures: FigureSource | None = None,
) -> Services:
    """The services over these ports. Nothing runs in the background: `inbox.work_due()`, `refunds.work_due()` ..."""
    ports = Ports(
        ledger=ledger,
        locks=locks,
        accounts=accounts,
        shop_webhook=shop_webhook,
        figures=figures or (ledger if isinstance(ledger, MemoryLedger) else MemoryLedger(FakeShop())).figures,
        clock=clock,
        notifiers=notifiers,
    )
    return wire(ports, limits or Limits())


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
