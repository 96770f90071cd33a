"""The configuration: a TOML file and the environment, read here and nowhere else, into frozen `Settings`.

Every setting may also come from the environment as `MOLLIE_BRIDGE_<SECTION>__<NAME>`, which wins over the file.
`config.example.toml` is rendered from the descriptions in `bridge.config_sections`.
"""

from __future__ import annotations

import os
import tomllib
from pathlib import Path

from pydantic import ValidationError, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from bridge.config_sections import (
    AuthSettings,
    DashboardSettings,
    DatabaseSettings,
    GateSettings,
    IdempotencySettings,
    JanitorSettings,
    LockSettings,
    LogSettings,
    MollieSettings,
    NoticeSettings,
    RolloutSettings,
    ServerSettings,
    SurplusSettings,
    WebhookSettings,
)
from bridge.domain.errors import ConfigurationError


class Settings(BaseSettings):
    """Every setting, frozen."""

    model_config = SettingsConfigDict(
        frozen=True, extra="forbid", env_prefix="MOLLIE_BRIDGE_", env_nested_delimiter="__", validate_default=True
    )

    server: ServerSettings = ServerSettings()
    auth: AuthSettings
    database: DatabaseSettings
    locks: LockSettings = LockSettings()
    rollout: RolloutSettings = RolloutSettings()
    gate: GateSettings = GateSettings()
    idempotency: IdempotencySettings = IdempotencySettings()
    mollie: MollieSettings = MollieSettings()
    webhooks: WebhookSettings = WebhookSettings()
    surplus: SurplusSettings = SurplusSettings()
    notices: NoticeSettings = NoticeSettings()
    janitor: JanitorSettings = JanitorSettings()
    dashboard: DashboardSettings = DashboardSettings()
    log: LogSettings = LogSettings()

    @model_validator(mode="after")
    def _fit_together(self) -> Settings:
        if self.server.processes > 1 and self.locks.backend != "redis":
            raise ValueError(
                "server.processes above 1 needs locks.backend = 'redis': a file lock belongs to one process"
            )
        if self.locks.backend == "redis" and self.locks.redis_url is None:
            raise ValueError("locks.backend = 'redis' needs locks.redis_url")
        if self.webhooks.shop_timeout >= self.locks.lifetime:
            raise ValueError("webhooks.shop_timeout must be less than locks.lifetime: the lease must outlive the work")
        if self.webhooks.working <= self.locks.lifetime:
            raise ValueError("webhooks.working must be more than locks.lifetime: a dead worker's lease ends first")
        if self.webhooks.waiting >= self.server.threads:
            raise ValueError("webhooks.waiting must be less than server.threads: initiations need threads, too")
        if self.notices.mail_host and not (self.notices.mail_from and self.notices.mail_to):
            raise ValueError("notices.mail_host needs notices.mail_from and notices.mail_to")
        if self.auth.shop_token.get_secret_value() == self.auth.admin_token.get_secret_value():
            raise ValueError("auth.shop_token and auth.admin_token must differ: the shop's must not be able to refund")
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment before the file; no other source."""
        return env_settings, init_settings


CONFIG_VARIABLE = "MOLLIE_BRIDGE_CONFIG"
"""The environment variable that names the file."""


def find_config() -> Path | None:
    """The file that the environment names, if it names one."""
    named = os.environ.get(CONFIG_VARIABLE)
    return Path(named) if named else None


def load_settings(path: Path | None) -> Settings:
    """Read the file (if any) and the environment. Raises `ConfigurationError` with one line for each fault."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8")) if path is not None else {}
    except OSError as error:
        raise ConfigurationError([f"{path} can not be read: {error.strerror}"]) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError([f"{path} is not valid TOML: {error}"]) from error
    try:
        return Settings(**content)
    except ValidationError as error:
        raise ConfigurationError(_faults(error)) from error


def _faults(error: ValidationError) -> list[str]:
    faults = error.errors(include_input=False, include_url=False)
    return [f"{_place(fault['loc'])}: {_WORDS.get(fault['type']) or _message(fault['msg'])}" for fault in faults]


_WORDS = {
    "missing": "must be set",
    "extra_forbidden": "there is no such setting",
    "too_short": "is too short: 32 characters at least",
}


def _message(text: str) -> str:
    return text.removeprefix("Value error, ")


def _place(loc: tuple[int | str, ...]) -> str:
    return ".".join(str(part) for part in loc) or "configuration"
