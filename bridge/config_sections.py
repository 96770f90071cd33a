"""The sections of the configuration: each setting with its unit, its default and the reason for it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from bridge.domain.gate_policy import ChangedCartPolicy, SameAmountPolicy
from bridge.domain.rollout import RolloutMode
from bridge.domain.surplus import SurplusPolicy

Seconds = Annotated[float, Field(gt=0, le=86_400)]
Count = Annotated[int, Field(ge=1, le=100_000)]
Token = Annotated[SecretStr, Field(min_length=32, max_length=256)]


class Section(BaseModel):
    """A section of the file. Unknown names are refused: a misspelt limit must not silently keep its default."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ServerSettings(Section):
    """Where and how the sidecar listens."""

    bind: str = Field(
        "127.0.0.1:8787",
        description="Address and port, or `unix:/run/mollie-bridge/bridge.sock`. Loopback: the shim is on this host.",
    )
    processes: Count = Field(1, description="Server processes. More than one needs the Redis locks.")
    threads: Count = Field(64, description="Requests worked on at once by a process; a waiting request holds one.")
    webhook_threads: Count = Field(16, description="Webhooks worked on at once, apart from `threads`.")
    max_body: Count = Field(65_536, description="Bytes of a request body; Mollie's webhooks have under 100.")
    stop_within: Seconds = Field(20.0, description="Seconds to finish what is being worked on when told to stop.")


class AuthSettings(Section):
    """Who may call."""

    shop_token: Token = Field(
        description="What the shim sends (32 characters at least). `openssl rand -hex 32` makes one."
    )
    admin_token: Token = Field(description="For refunds and reports; also everything that the shim may do.")


class DatabaseSettings(Section):
    """The shop's database, which also holds the bridge's own tables."""

    url: SecretStr = Field(
        description="`mysql+pymysql://user:password@127.0.0.1/shop?charset=utf8mb4` or `sqlite:////path` for a trial."
    )
    prefix: str = Field("ps_", description="The shop's table prefix.", pattern=r"^[A-Za-z0-9_]{0,32}$")
    pool_size: Count = Field(
        32, description="Connections kept open. A request holds one for milliseconds; MariaDB allows 151 by default."
    )
    pool_timeout: Seconds = Field(
        5.0, description="Seconds a request waits for a connection while all are in use; a burst passes in less."
    )
    connect_timeout: Seconds = Field(2.0, description="Seconds to connect; the shim waits 2.5 s for its answer.")
    read_timeout: Seconds = Field(5.0, description="Seconds to wait for an answer of the database.")

    @field_validator("url")
    @classmethod
    def _known_driver(cls, url: SecretStr) -> SecretStr:
        driver = url.get_secret_value().partition("://")[0]
        if driver not in {"mysql+pymysql", "sqlite"}:
            raise ValueError("must begin with mysql+pymysql:// or sqlite:///")
        return url


class LockSettings(Section):
    """What keeps contenders for one cart apart. The database's fence decides, whatever happens to a lock."""

    backend: Literal["flock", "redis", "memory"] = Field(
        "flock",
        description="`flock`: files that Symfony's FlockStore locks too; one host. `redis`: several. `memory`: trials.",
    )
    directory: Path = Field(
        Path("/tmp"),  # noqa: S108  (what PHP's FlockStore uses; whoever may write there can lock, and no more)
        description="Where the lock files are: what PHP's sys_get_temp_dir() names (beware of PrivateTmp).",
    )
    redis_url: SecretStr | None = Field(None, description="`redis://:password@host:6379/0`; for the Redis backend.")
    lifetime: Seconds = Field(
        60.0, description="Seconds a lease lasts when its holder neither renews nor completes it."
    )
    acquire: Seconds = Field(5.0, description="Seconds a request waits for a cart's lock before it is answered 503.")


class GateSettings(Section):
    """Initiations: may this cart be paid now?"""

    pending_limit: Seconds = Field(
        1800.0,
        description="Seconds an open payment counts as in progress when Mollie does not answer; asked, Mollie decides.",
    )
    reservation_lifetime: Seconds = Field(
        60.0, description="Seconds the shop's module has to create the payment that it was allowed to create."
    )
    same_amount: SameAmountPolicy = Field(
        SameAmountPolicy.RESUME, description="An open payment of the same amount: `resume` its page, or `block`."
    )
    changed_cart: ChangedCartPolicy = Field(
        ChangedCartPolicy.SUPERSEDE,
        description="An open payment of another amount: `supersede` it, or `deny` the new one.",
    )
    wait: Seconds = Field(2.0, description="Seconds to wait for another tab's payment to be made (the shim waits 2.5).")
    waiting: Count = Field(32, description="Requests that may wait so, in all; the others are told to retry at once.")
    waiting_per_cart: Count = Field(4, description="Requests that may wait so, per cart.")
    answer_within: Seconds = Field(2.2, description="Seconds for a decision; after 2.5 the shim sells without it.")
    ask_timeout: Seconds = Field(1.5, description="Seconds for all that one initiation asks Mollie.")
    ask_limit: Count = Field(10, description="Payments of a cart that one initiation asks Mollie about, newest first.")


class RolloutSettings(Section):
    """Which carts are guarded. The others are only watched: decided about, counted and logged, never held up."""

    mode: RolloutMode = Field(RolloutMode.ENFORCE, description="`enforce`, or `observe`: no cart is guarded.")
    percentage: Annotated[int, Field(ge=0, le=100)] = Field(
        100, description="Of a hundred carts so many are guarded, always the same ones; raise it step by step."
    )


class IdempotencySettings(Section):
    """Idempotency keys of callers."""

    lifetime: Seconds = Field(300.0, description="Seconds that a key and its answer are kept.")
    running: Seconds = Field(20.0, description="Seconds after which a first request that never ended is given up.")


class MollieSettings(Section):
    """How Mollie is reached. The API keys are read from the shop's own configuration table."""

    endpoint: str = Field("https://api.mollie.com", description="Mollie's API.", pattern=r"^https?://")
    connect_timeout: Seconds = Field(2.0, description="Seconds to connect.")
    read_timeout: Seconds = Field(10.0, description="Seconds to wait for an answer; Mollie's own creation can take 5.")
    api_key: SecretStr | None = Field(
        None, description="Overrides the shop's own key; leave it out unless the database can not be read for it."
    )


class WebhookSettings(Section):
    """Deliveries."""

    inline: Seconds = Field(12.0, description="Seconds before Mollie is told to come again; Mollie waits for 15.")
    lease_wait: Seconds = Field(5.0, description="Seconds a routed webhook waits for the cart's lease.")
    waiting: Count = Field(
        24, description="Requests that may wait for webhook work at once; each holds one of `server.threads`."
    )
    claim_within: Seconds = Field(2.2, description="Seconds for a whole claim of the shim.")
    claim_wait: Seconds = Field(1.5, description="Seconds a claim of the shim waits for the lease; the shim waits 2.5.")
    shop_timeout: Seconds = Field(
        20.0,
        description="Seconds the shop may take; less than the lock's lifetime. Called again if it does not verify.",
    )
    working: Seconds = Field(
        90.0,
        description="Seconds after which a delivery whose worker died is due again; more than the lock's lifetime.",
    )
    delegated_rest: Seconds = Field(
        120.0, description="Seconds that the shim has to complete a webhook that it claimed; then it is due again."
    )
    unknown_per_minute: Count = Field(
        120, description="Webhooks a minute of payments that nobody here knows: anybody may announce such, unsigned."
    )
    first_pause: Seconds = Field(5.0, description="Seconds before the second try; doubled for each further one.")
    longest_pause: Seconds = Field(3600.0, description="Seconds between two tries at most.")
    tries: Count = Field(30, description="Tries before a delivery is dead and needs a person (30: more than 20 hours).")
    settle_wait: Seconds = Field(2.0, description="Seconds a shopper who is back waits for his order.")
    settle_asks: Count = Field(
        5, description="Payments that a shopper who is back has Mollie asked about; he has come from a new one."
    )
    shop_url: str | None = Field(
        None, description="Where the shop is reached from here, when its public name is not; the Host stays."
    )
    signing_secrets: tuple[SecretStr, ...] = Field(
        (), description="Secrets of Mollie's next-generation webhooks; several while one is replaced."
    )


class SurplusSettings(Section):
    """Money for a cart that was paid already, and how its refunds are sent."""

    policy: SurplusPolicy = Field(
        SurplusPolicy.REPORT,
        description="`report` it, `propose` a refund that an admin approves, or `refund` it at once.",
    )
    first_pause: Seconds = Field(10.0, description="Seconds before a refund is tried again; doubled for each try.")
    longest_pause: Seconds = Field(3600.0, description="Seconds between two tries of a refund at most.")
    tell_after: Count = Field(
        5, description="Tries after which the merchant is told that a refund is still not known to be made."
    )
    tell_unsent_after: Seconds = Field(
        21_600.0, description="Seconds after which the merchant is told that a refund still waits to be sent."
    )
    look_every: Seconds = Field(
        86_400.0, description="Seconds between two looks at a refund that Mollie took: it may come to nothing there."
    )
    look_soon: Seconds = Field(
        300.0, description="Seconds from news of a payment to such a look; news that comes meanwhile makes no other."
    )
    look_days: Count = Field(30, description="Days for which a refund that Mollie took is looked after.")
    release_within: Annotated[float, Field(gt=3600, le=86_400)] = Field(
        21_600.0,
        description="Seconds that Mollie has to let go of reserved money; then it is asked again. More than an hour: "
        "for so long it answers a repeated request as before, and does nothing.",
    )
    working: Seconds = Field(
        60.0,
        description="Seconds after which a refund whose worker died is due again; more than Mollie's time for 3 calls.",
    )


class NoticeSettings(Section):
    """How the merchant is told of what needs a person: by mail, by a webhook, by both or not at all."""

    webhook_url: SecretStr | None = Field(None, description="Where each notice is posted as JSON: http or https.")
    webhook_secret: Token | None = Field(None, description="Signs what is posted: `openssl rand -hex 32`.")
    webhook_timeout: Seconds = Field(10.0, description="Seconds for one post in all.")
    mail_host: str | None = Field(None, description="The mail server; its certificate must be for this name.")
    mail_port: Annotated[int, Field(ge=1, le=65_535)] = Field(
        587, description="Its port: 587 for `starttls`, 465 for `tls`, 25 for `none`."
    )
    mail_tls: Literal["starttls", "tls", "none"] = Field(
        "starttls", description="How the connection is secured; `starttls` never falls back to plain text."
    )
    mail_user: str | None = Field(None, description="Who signs in to it; left out: nobody does.")
    mail_password: SecretStr | None = Field(None, description="With which password.")
    mail_from: str | None = Field(None, description="The sender's address.")
    mail_to: tuple[str, ...] = Field((), description="The addresses that are told.")
    mail_timeout: Seconds = Field(30.0, description="Seconds for one mail in all.")
    api: str = Field("http://127.0.0.1:8787", description="The sidecar's address as the reader of a notice calls it.")
    first_pause: Seconds = Field(30.0, description="Seconds before a notice is sent again; doubled for each try.")
    longest_pause: Seconds = Field(3600.0, description="Seconds between two tries of a notice at most.")
    tries: Count = Field(48, description="Tries before a notice is dead (48: more than 40 hours).")
    working: Seconds = Field(
        120.0, description="Seconds after which a notice whose sender died is due again; more than one takes."
    )


class JanitorSettings(Section):
    """What looks for what was left lying."""

    every: Seconds = Field(60.0, description="Seconds between two passes.")
    checks: Count = Field(50, description="Payments that one pass asks Mollie about.")
    looks: Count = Field(20, description="Refunds that Mollie took and that one pass looks after there.")
    silent: Seconds = Field(1800.0, description="Seconds that an open payment is left alone before Mollie is asked.")
    quiet: Seconds = Field(300.0, description="Seconds between two questions about one payment at least.")
    holds: Seconds = Field(
        300.0,
        description="Seconds without a sign of life after which another sidecar takes over; three quarters for Mollie.",
    )
    ratio_over: Seconds = Field(
        86_400.0, description="Seconds over which the metrics hold pending payments against completed ones."
    )
    gives_up_days: Count = Field(30, description="Days after which an unpaid payment is not asked about any more.")
    keep_audit_days: Count = Field(400, description="Days that the audit trail is kept.")
    keep_deliveries_days: Count = Field(90, description="Days that finished deliveries and sent notices are kept.")


class DashboardSettings(Section):
    """The merchant's page, `/dashboard`: it is signed in to with `auth.admin_token`."""

    enabled: bool = Field(True, description="Whether there is the page.")  # noqa: FBT003
    session_lifetime: Seconds = Field(
        43_200.0, description="Seconds from signing in until it has to be done again: a working day."
    )
    logins_per_minute: Count = Field(10, description="Tries to sign in that are looked at in a minute, right or wrong.")
    hosts: tuple[str, ...] = Field(
        (),
        description="Names, beside this machine's loopback, under which a browser may ask for the page: that of the "
        "proxy before it, such as `bridge.example.com`. Others are refused, so that no foreign name can lead to it.",
    )


class LogSettings(Section):
    """Standard error, one line per event."""

    level: Literal["debug", "info", "warning", "error"] = Field("info", description="The least that is written.")
    format: Literal["json", "text"] = Field("json", description="`json` for machines, `text` for people.")
