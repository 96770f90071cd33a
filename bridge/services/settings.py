"""The limits that the services work within; `bridge.config` fills them from the configuration."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from bridge.domain.gate_policy import GatePolicy


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
class WebhookLimits:
    """Seconds, and counts.

    `inline`: how long a routed webhook may take before Mollie is told to come again (Mollie waits 15 s).
    `lease_wait`, `claim_wait`: how long the lease is waited for, routed and claimed (the shim waits 2.5 s in all).
    `shop_timeout`: how long the shop may take. `working`: after so long a delivery whose worker died is due again.
    `delegated_rest`: when the inbox looks after a delivery that the shim claimed and did not complete.
    `first_pause`, `longest_pause`: back-off between tries. `tries`: after so many a delivery is dead.
    `settle_wait`: how long a shopper who is back waits for his order.
    """

    inline: float = 12.0
    lease_wait: float = 5.0
    claim_wait: float = 1.5
    shop_timeout: float = 20.0
    working: timedelta = timedelta(seconds=90)
    delegated_rest: timedelta = timedelta(seconds=120)
    first_pause: float = 5.0
    longest_pause: float = 3600.0
    tries: int = 30
    settle_wait: float = 2.0
