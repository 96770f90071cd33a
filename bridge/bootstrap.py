"""Wiring: `Settings` become services, and services an application. The only module that knows everyone."""

from __future__ import annotations

from datetime import timedelta
from typing import assert_never

from flask import Flask

from bridge import __version__
from bridge.adapters.clock import SystemClock
from bridge.adapters.flock_locks import FlockCartLocks
from bridge.adapters.ledger import SqlLedger, create_engine
from bridge.adapters.memory_locks import MemoryCartLocks
from bridge.adapters.migrations import migrate
from bridge.adapters.mollie import MollieClientAccounts
from bridge.adapters.prestashop import SqlShop
from bridge.adapters.redis_locks import RedisCartLocks
from bridge.adapters.shop_http import HttpShopWebhook
from bridge.config import Settings
from bridge.config_sections import GateSettings, LockSettings, WebhookSettings
from bridge.domain.errors import ConfigurationError
from bridge.domain.gate_policy import GatePolicy
from bridge.ports.clock import Clock
from bridge.ports.ledger import Ledger
from bridge.ports.locks import CartLocks
from bridge.ports.shop import MollieAccess
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
from bridge.web.app import create_app
from bridge.web.settings import WebSettings


def build_app(settings: Settings) -> tuple[Flask, Services]:
    """The application and its services, the tables brought up to date and the inbox at work."""
    services = build_services(settings)
    services.inbox.start()
    return create_app(services, _web(settings)), services


def build_services(settings: Settings) -> Services:
    """The services of a configuration. Raises `ConfigurationError`, `StoreDown`, `LockBackendDown`."""
    clock = SystemClock()
    ledger = build_ledger(settings)
    locks = build_locks(settings.locks, clock)
    accounts = _accounts(settings, ledger, clock)
    shop_webhook = _shop_webhook(settings, clock)
    gate = _gate(settings.gate)
    limits = _webhooks(settings.webhooks)
    lease_limits = LeaseLimits(acquire=settings.locks.acquire, lifetime=settings.locks.lifetime)
    leases = Leases(ledger=ledger, locks=locks, clock=clock, limits=lease_limits)
    changes = Changes(places=gate.waiting, places_per_cart=gate.waiting_per_cart)
    truths = Truths(accounts=accounts, clock=clock, limits=gate)
    webhooks = Webhooks(
        ledger=ledger,
        leases=leases,
        accounts=accounts,
        shop_webhook=shop_webhook,
        settlement=Settlement(ledger=ledger, clock=clock),
        verifier=Verifier(ledger=ledger, clock=clock),
        changes=changes,
        clock=clock,
        limits=limits,
    )
    inbox = Inbox(webhooks=webhooks, ledger=ledger, clock=clock, limits=limits, threads=settings.server.webhook_threads)
    keys = KeyLimits(
        lifetime=timedelta(seconds=settings.idempotency.lifetime),
        running=timedelta(seconds=settings.idempotency.running),
    )
    return Services(
        initiation=Initiation(
            ledger=ledger,
            leases=leases,
            truths=truths,
            creation=Creation(ledger=ledger, accounts=accounts, changes=changes, clock=clock),
            changes=changes,
            clock=clock,
            gate=gate,
            keys=keys,
        ),
        payments=Payments(ledger=ledger, accounts=accounts, inbox=inbox, changes=changes, clock=clock),
        deduplication=Deduplication(
            ledger=ledger, leases=leases, truths=truths, changes=changes, clock=clock, gate=gate
        ),
        webhooks=webhooks,
        inbox=inbox,
        refunds=Refunds(ledger=ledger, accounts=accounts, clock=clock),
        leases=leases,
        ledger=ledger,
        locks=locks,
        clock=clock,
        closing=(shop_webhook.close, accounts.close),
    )


def build_ledger(settings: Settings) -> SqlLedger:
    """The ledger, its tables brought up to date. Raises `ConfigurationError`, `StoreDown`."""
    database = settings.database
    engine = create_engine(
        database.url.get_secret_value(),
        pool_size=database.pool_size,
        pool_timeout=database.pool_timeout,
        connect_timeout=database.connect_timeout,
        read_timeout=database.read_timeout,
        write_timeout=database.read_timeout,
    )
    migrate(engine, database.prefix)
    return SqlLedger(engine, database.prefix, lambda connection: SqlShop(connection, database.prefix))


def build_locks(settings: LockSettings, clock: Clock) -> CartLocks:
    """The lock backend that is configured. Raises `ConfigurationError`, `LockBackendDown`."""
    match settings.backend:
        case "flock":
            return FlockCartLocks(settings.directory, clock)
        case "redis":
            if settings.redis_url is None:
                raise ConfigurationError(["locks.redis_url: must be set for the Redis backend"])
            return RedisCartLocks(settings.redis_url.get_secret_value(), clock)
        case "memory":
            return MemoryCartLocks(clock)
        case _:
            assert_never(settings.backend)


def _accounts(settings: Settings, ledger: Ledger, clock: Clock) -> MollieClientAccounts:
    own = settings.mollie.api_key
    fixed = None
    if own is not None:
        fixed = MollieAccess(api_key=own.get_secret_value(), live=own.get_secret_value().startswith("live_"))
    return MollieClientAccounts(
        (lambda _: fixed) if fixed else ledger.shop.find_mollie_access,
        settings.mollie.endpoint,
        connect_timeout=settings.mollie.connect_timeout,
        read_timeout=settings.mollie.read_timeout,
        call_timeout=settings.mollie.connect_timeout + settings.mollie.read_timeout,
        most=settings.server.threads,
        clock=clock,
    )


def _shop_webhook(settings: Settings, clock: Clock) -> HttpShopWebhook:
    return HttpShopWebhook(
        settings.auth.shop_token.get_secret_value(),
        shop_url=settings.webhooks.shop_url,
        most=settings.server.webhook_threads,
        clock=clock,
    )


def _gate(settings: GateSettings) -> GateLimits:
    policy = GatePolicy(
        pending_limit=timedelta(seconds=settings.pending_limit),
        reservation_lifetime=timedelta(seconds=settings.reservation_lifetime),
        same_amount=settings.same_amount,
        changed_cart=settings.changed_cart,
    )
    return GateLimits(
        policy=policy,
        wait=settings.wait,
        answer_within=settings.answer_within,
        waiting=settings.waiting,
        waiting_per_cart=settings.waiting_per_cart,
        ask_timeout=settings.ask_timeout,
        ask_limit=settings.ask_limit,
    )


def _webhooks(settings: WebhookSettings) -> WebhookLimits:
    return WebhookLimits(
        inline=settings.inline,
        lease_wait=settings.lease_wait,
        claim_wait=settings.claim_wait,
        shop_timeout=settings.shop_timeout,
        first_pause=settings.first_pause,
        longest_pause=settings.longest_pause,
        tries=settings.tries,
        settle_wait=settings.settle_wait,
    )


def _web(settings: Settings) -> WebSettings:
    return WebSettings(
        shop_token=settings.auth.shop_token.get_secret_value(),
        admin_token=settings.auth.admin_token.get_secret_value(),
        max_body_bytes=settings.server.max_body,
        signing_secrets=tuple(secret.get_secret_value() for secret in settings.webhooks.signing_secrets),
        version=__version__,
    )
