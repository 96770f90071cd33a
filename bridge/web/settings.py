"""What the HTTP edge is configured with; `bridge.config` fills it."""

from __future__ import annotations

from dataclasses import dataclass, field

from bridge.domain.errors import ConfigurationError


@dataclass(frozen=True, slots=True, kw_only=True)
class DashboardAccess:
    """How the merchant's page is reached. `session_lifetime`: seconds from the sign-in; `logins_per_minute`: tries.

    `hosts`: the names, beside those of this machine's loopback, under which a browser may ask for the page.
    """

    enabled: bool = True
    session_lifetime: float = 43_200.0
    logins_per_minute: int = 10
    hosts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class WebSettings:
    """Tokens and limits. The secrets stay out of the repr, and so out of logs.

    `max_body_bytes`: larger bodies are refused with 413 before they are read. `max_webhook_bytes`: the same for
    Mollie's own call, which anybody may make; a form holds one id, a next-gen event with its entity a few KiB.
    `signing_secrets`: next-gen webhooks must be signed with one of them; empty: signatures are not looked at.
    `lease_wait`: seconds that a lease is waited for (the shim waits 2.5 s in all).
    `lock_backend`, `lock_directory`: what the shim needs to lock a cart by itself when the sidecar does not answer.
    `open_metrics`: whether /metrics answers without a token.
    """

    shop_token: str = field(repr=False)
    admin_token: str = field(repr=False)
    max_body_bytes: int = 64 * 1024
    max_webhook_bytes: int = 32 * 1024
    signing_secrets: tuple[str, ...] = field(default=(), repr=False)
    lease_wait: float = 1.5
    lock_backend: str = "flock"
    lock_directory: str | None = None
    open_metrics: bool = False
    dashboard: DashboardAccess = DashboardAccess()
    version: str = "0"

    def __post_init__(self) -> None:
        if not (self.shop_token and self.admin_token and all(self.signing_secrets)):
            raise ConfigurationError(["an empty token or signing secret would let anybody in"])
