"""Wiring: `Settings` become services, and services an application. The only module that knows everyone."""

from __future__ import annotations

from datetime import timedelta
from typing import assert_never

from flask import Flask

from bridge import __version__
from bridge.adapters.clock import SystemClock
from bridge.adapters.figures import SqlFigures
from bridge.adapters.flock_locks import FlockCartLocks
from bridge.adapters.ledger import SqlLedger, create_engine
from bridge.adapters.memory_locks import MemoryCartLocks
from bridge.adapters.migrations import migrate
from bridge.adapters.mollie import MollieClientAccounts
from bridge.adapters.notify_smtp import SmtpNotifier
from bridge.adapters.notify_webhook import WebhookNotifier
from bridge.adapters.prestashop import SqlShop
from bridge.adapters.redis_locks import RedisCartLocks
from bridge.adapters.report_advice import read_advice
from bridge.adapters.reports import SqlReports
from bridge.adapters.shop_http import HttpShopWebhook
from bridge.adapters.smtp_session import MailServer
from bridge.config import Settings
from bridge.config_sections import (
    GateSettings,
    JanitorSettings,
    LockSettings,
    NoticeSettings,
    SurplusSettings,
    WebhookSettings,
)
from bridge.domain.errors import ConfigurationError
from bridge.domain.gate_policy import GatePolicy
from bridge.domain.rollout import Rollout
from bridge.ports.clock import Clock
from bridge.ports.ledger import Ledger
from bridge.ports.locks import CartLocks
from bridge.ports.notifier import Notifier
from bridge.ports.shop import MollieAccess
from bridge.services.container import Services
from bridge.services.settings import (
    GateLimits,
    JanitorLimits,
    KeyLimits,
    LeaseLimits,
    Limits,
    NoticeLimits,
    Pauses,
    RefundLimits,
    WebhookLimits,
)
from bridge.services.wiring import Ports, wire
from bridge.web.app import create_app
from bridge.web.settings import DashboardAccess, WebSettings


def build_app(settings: Settings) -> tuple[Flask, Services]:
    """The application and its services, the tables brought up to date and the queues being worked on."""
    services = build_services(settings)
    services.start()
    return create_app(services, _web(settings)), services


def build_services(settings: Settings) -> Services:
    """The services of a configuration. Raises `ConfigurationError`, `StoreDown`, `LockBackendDown`."""
    clock = SystemClock()
    ledger = build_ledger(settings)
    accounts = _accounts(settings, ledger, clock)
    shop_webhook = _shop_webhook(settings, clock)
    notifiers = _notifiers(settings.notices, clock)
    report_source = build_report_source(settings)
    figures = _figures(settings)
    ports = Ports(
        ledger=ledger,
        locks=build_locks(settings.locks, clock),
        accounts=accounts,
        shop_webhook=shop_webhook,
        figures=figures,
        clock=clock,
        notifiers=notifiers,
        report_source=report_source,
        advisor=read_advice,
        closing=(
            figures.close,
            report_source.close,
            shop_webhook.close,
            accounts.close,
            *(notifier.close for notifier in notifiers),
        ),
    )
    return wire(ports, _limits(settings))


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


def build_report_source(settings: Settings) -> SqlReports:
    """The reports' own read-only connections; nothing is connected yet. Raises `ConfigurationError`."""
    return SqlReports(settings.database.url.get_secret_value(), settings.database.prefix)


def _figures(settings: Settings) -> SqlFigures:
    database = settings.database
    return SqlFigures(database.url.get_secret_value(), database.prefix, connect_timeout=database.connect_timeout)


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


def _notifiers(settings: NoticeSettings, clock: Clock) -> tuple[Notifier, ...]:
    """The ways that are configured. Raises `ConfigurationError`."""
    ways: list[Notifier] = []
    if settings.webhook_url is not None:
        secret = settings.webhook_secret
        ways.append(
            WebhookNotifier(
                settings.webhook_url.get_secret_value(),
                secret=secret.get_secret_value() if secret else None,
                timeout=settings.webhook_timeout,
                api=settings.api,
                clock=clock,
            )
        )
    if settings.mail_host is not None and settings.mail_from is not None:
        password = settings.mail_password
        server = MailServer(
            host=settings.mail_host,
            port=settings.mail_port,
            tls=settings.mail_tls,
            user=settings.mail_user,
            password=password.get_secret_value() if password else None,
        )
        ways.append(
            SmtpNotifier(
                server,
                sender=settings.mail_from,
                recipients=settings.mail_to,
                timeout=settings.mail_timeout,
                api=settings.api,
                clock=clock,
            )
        )
    return tuple(ways)


def _limits(settings: Settings) -> Limits:
    return Limits(
        rollout=Rollout(mode=settings.rollout.mode, percentage=settings.rollout.percentage),
        gate=_gate(settings.gate),
        keys=KeyLimits(
            lifetime=timedelta(seconds=settings.idempotency.lifetime),
            running=timedelta(seconds=settings.idempotency.running),
        ),
        leases=LeaseLimits(acquire=settings.locks.acquire, lifetime=settings.locks.lifetime),
        webhooks=_webhooks(settings.webhooks),
        refunds=_refunds(settings.surplus),
        notices=NoticeLimits(
            pauses=Pauses(first=settings.notices.first_pause, longest=settings.notices.longest_pause),
            tries=settings.notices.tries,
            working=timedelta(seconds=settings.notices.working),
        ),
        janitor=_janitor(settings.janitor),
        webhook_threads=settings.server.webhook_threads,
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
        claim_within=settings.claim_within,
        waiting=settings.waiting,
        working=timedelta(seconds=settings.working),
        delegated_rest=timedelta(seconds=settings.delegated_rest),
        pauses=Pauses(first=settings.first_pause, longest=settings.longest_pause),
        tries=settings.tries,
        settle_wait=settings.settle_wait,
        settle_asks=settings.settle_asks,
        unknown_per_minute=settings.unknown_per_minute,
    )


def _refunds(settings: SurplusSettings) -> RefundLimits:
    return RefundLimits(
        policy=settings.policy,
        pauses=Pauses(first=settings.first_pause, longest=settings.longest_pause),
        tell_after=settings.tell_after,
        tell_unsent_after=timedelta(seconds=settings.tell_unsent_after),
        working=timedelta(seconds=settings.working),
        look_every=timedelta(seconds=settings.look_every),
        look_soon=timedelta(seconds=settings.look_soon),
        look_for=timedelta(days=settings.look_days),
        release_within=timedelta(seconds=settings.release_within),
    )


def _janitor(settings: JanitorSettings) -> JanitorLimits:
    return JanitorLimits(
        every=settings.every,
        holds=timedelta(seconds=settings.holds),
        ratio_over=timedelta(seconds=settings.ratio_over),
        checks=settings.checks,
        looks=settings.looks,
        silent=timedelta(seconds=settings.silent),
        quiet=timedelta(seconds=settings.quiet),
        gives_up=timedelta(days=settings.gives_up_days),
        keep_audit=timedelta(days=settings.keep_audit_days),
        keep_deliveries=timedelta(days=settings.keep_deliveries_days),
    )


def _web(settings: Settings) -> WebSettings:
    return WebSettings(
        shop_token=settings.auth.shop_token.get_secret_value(),
        admin_token=settings.auth.admin_token.get_secret_value(),
        max_body_bytes=settings.server.max_body,
        signing_secrets=tuple(secret.get_secret_value() for secret in settings.webhooks.signing_secrets),
        lock_backend=settings.locks.backend,
        lock_directory=str(settings.locks.directory) if settings.locks.backend == "flock" else None,
        dashboard=DashboardAccess(
            enabled=settings.dashboard.enabled,
            session_lifetime=settings.dashboard.session_lifetime,
            logins_per_minute=settings.dashboard.logins_per_minute,
            hosts=settings.dashboard.hosts,
        ),
        version=__version__,
    )
