"""The limits that the services work within; `bridge.config` fills them from the configuration."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from bridge.domain.gate_policy import GatePolicy
from bridge.domain.rollout import Rollout
from bridge.domain.surplus import SurplusPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseLimits:
    """Seconds. `acquire`: how long a request waits for a cart's lock (then 503). `lifetime`: how long a lease lasts."""

    acquire: float = 5.0
    lifetime: float = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class GateLimits:
    """`wait`: seconds to wait for another request's payment. `waiting`, `waiting_per_cart`: how many may wait.

    `answer_within`: seconds for the whole decision; the shim waits 2.5 and then sells without the gate.
    `ask_timeout`: seconds for all questions to Mollie that one initiation asks; `ask_limit`: how many it asks.
    """

    policy: GatePolicy = field(default_factory=GatePolicy)
    wait: float = 2.0
    answer_within: float = 2.2
    waiting: int = 32
    waiting_per_cart: int = 4
    ask_timeout: float = 1.5
    ask_limit: int = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyLimits:
    """`lifetime`: how long an idempotency key is kept. `running`: how long its first request may take to answer."""

    lifetime: timedelta = timedelta(seconds=300)
    running: timedelta = timedelta(seconds=20)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pauses:
    """Seconds between two tries: the first pause, doubled for each further one, up to the longest."""

    first: float
    longest: float


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookLimits:
    """Seconds, and counts.

    `inline`: how long a routed webhook may take before Mollie is told to come again (Mollie waits 15 s).
    `waiting`: how many requests may wait for webhook work at once; each holds one of the server's threads.
    `lease_wait`, `claim_wait`: how long the lease is waited for, routed and claimed; `claim_within`: how long a claim
    may take in all (the shim waits 2.5 s).
    `shop_timeout`: how long the shop may take. `working`: after so long a delivery whose worker died is due again.
    `delegated_rest`: when the inbox looks after a delivery that the shim claimed and did not complete.
    `pauses`: back-off between tries. `tries`: after so many a delivery is dead.
    `settle_wait`: how long a shopper who is back waits for his order; `settle_asks`: how many of the cart's payments he
    has Mollie asked about.
    `unknown_per_minute`: webhooks of payments that neither ledger nor shop knows; each costs a question to Mollie.
    """

    inline: float = 12.0
    waiting: int = 24
    lease_wait: float = 5.0
    claim_wait: float = 1.5
    claim_within: float = 2.2
    shop_timeout: float = 20.0
    working: timedelta = timedelta(seconds=90)
    delegated_rest: timedelta = timedelta(seconds=120)
    pauses: Pauses = field(default_factory=lambda: Pauses(first=5.0, longest=3600.0))
    tries: int = 30
    settle_wait: float = 2.0
    settle_asks: int = 5
    unknown_per_minute: int = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundLimits:
    """`policy`: what becomes of surplus payments. `pauses`: between two tries of one refund.

    `working`: after so long a refund whose worker died is due again. `tell_after`: tries after which the merchant is
    told that one is still not known to be made; it is never given up. `tell_unsent_after`: the time after which he is
    told that one is still waiting to be sent.
    What Mollie took may come to nothing: for `look_for` it is looked after there, every `look_every`, and `look_soon`
    after the payment is announced. `release_within`: the time that Mollie has to
    let go of reserved money; then it is asked to again.
    """

    policy: SurplusPolicy = SurplusPolicy.REPORT
    pauses: Pauses = field(default_factory=lambda: Pauses(first=10.0, longest=3600.0))
    working: timedelta = timedelta(seconds=60)
    tell_after: int = 5
    tell_unsent_after: timedelta = timedelta(hours=6)
    look_every: timedelta = timedelta(days=1)
    look_soon: timedelta = timedelta(minutes=5)
    look_for: timedelta = timedelta(days=30)
    release_within: timedelta = timedelta(hours=6)


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeLimits:
    """`pauses`: between two tries of one notice. `tries`: after so many it is dead (and stays in the reports).

    `working`: after so long a notice whose sender died is due again.
    """

    pauses: Pauses = field(default_factory=lambda: Pauses(first=30.0, longest=3600.0))
    working: timedelta = timedelta(seconds=120)
    tries: int = 48


@dataclass(frozen=True, slots=True, kw_only=True)
class JanitorLimits:
    """How often the janitor comes, and what it looks for.

    `every`: seconds between two passes. `holds`: after so long without a sign of life another sidecar takes over.
    `checks`: payments that one pass asks Mollie about; `looks`: refunds that it looks after there.
    `silent`: how long an open payment is left alone; `quiet`: the least time between two questions about one payment;
    `gives_up`: payments older than that are not asked about.
    `keep_audit`, `keep_deliveries`: how long audit entries and finished deliveries are kept.
    `ratio_over`: the time over which pending payments are held against completed ones.
    """

    every: float = 60.0
    holds: timedelta = timedelta(seconds=300)
    checks: int = 50
    looks: int = 20
    silent: timedelta = timedelta(minutes=30)
    quiet: timedelta = timedelta(minutes=5)
    gives_up: timedelta = timedelta(days=30)
    keep_audit: timedelta = timedelta(days=400)
    keep_deliveries: timedelta = timedelta(days=90)
    ratio_over: timedelta = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Every limit of the services. `webhook_threads`: deliveries worked on at once."""

    rollout: Rollout = field(default_factory=Rollout)
    gate: GateLimits = field(default_factory=GateLimits)
    keys: KeyLimits = field(default_factory=KeyLimits)
    leases: LeaseLimits = field(default_factory=LeaseLimits)
    webhooks: WebhookLimits = field(default_factory=WebhookLimits)
    refunds: RefundLimits = field(default_factory=RefundLimits)
    notices: NoticeLimits = field(default_factory=NoticeLimits)
    janitor: JanitorLimits = field(default_factory=JanitorLimits)
    webhook_threads: int = 16
