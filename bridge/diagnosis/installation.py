"""The installation that is examined: its settings, its database, its shop; each is asked once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, bindparam, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from bridge.adapters.clock import SystemClock
from bridge.adapters.ledger import create_engine
from bridge.adapters.ledger.faults import DENIED, NO_TABLE, number_of
from bridge.adapters.prestashop.parameters import ShopParameters
from bridge.adapters.prestashop.settings import effective_settings
from bridge.config import Settings
from bridge.diagnosis.selftest import SelfTest
from bridge.diagnosis.sidecar_status import SidecarStatus, ask_sidecar
from bridge.diagnosis.untestable import Untestable
from bridge.diagnosis.web import ShopAddress

CONFIGURED: Final = (
    *("PS_SHOP_DOMAIN", "PS_SHOP_DOMAIN_SSL", "PS_SSL_ENABLED", "PS_REWRITING_SETTINGS", "PS_SHOP_ENABLE"),
    *("PS_MULTISHOP_FEATURE_ACTIVE", "PS_VERSION_DB"),
    *("MOLLIEBRIDGE_ENDPOINT", "MOLLIEBRIDGE_TOKEN", "MOLLIEBRIDGE_LOCK_DIR", "MOLLIEBRIDGE_POLICY"),
)
"""The rows of the shop's configuration that checks look at."""

_NOT_TO_BE_READ: Final = DENIED | NO_TABLE


class Installation:
    """What there is to examine. `shop`: the shop's own database access, where its folder was named."""

    def __init__(
        self, settings: Settings, *, config: Path | None = None, shop: ShopParameters | None = None, systemctl: str
    ) -> None:
        self.settings = settings
        self.config = config
        self.shop = shop
        self.systemctl = systemctl
        self.clock = SystemClock()
        self.prefix = settings.database.prefix
        self.database_fault: str | None = None
        self.kept: dict[str, object] = {}

    @cached_property
    def engine(self) -> Engine:
        """The bridge's own access."""
        database = self.settings.database
        return create_engine(
            database.url.get_secret_value(), pool_size=2, connect_timeout=database.connect_timeout, read_timeout=10.0
        )

    @property
    def is_server(self) -> bool:
        """Whether the database is a server and not a file."""
        return self.engine.dialect.name != "sqlite"

    @contextmanager
    def database(self) -> Iterator[Connection]:
        """A connection of the bridge's own user. Raises `Untestable` once it is known that there is none."""
        if self.database_fault is not None:
            raise Untestable("the database does not answer")
        with self.engine.connect() as connection:
            yield connection

    @contextmanager
    def server(self) -> Iterator[Connection]:
        """The same; a file has nothing of what is asked there."""
        if not self.is_server:
            raise Untestable("the database is a SQLite file: a trial")
        with self.database() as connection:
            yield connection

    def table(self, name: str) -> str:
        """The quoted name of a table of the shop or of the bridge."""
        return f"`{self.prefix}{name}`"

    @cached_property
    def shop_settings(self) -> dict[str, str]:
        """The shop's configuration in force, as far as checks look at it. Raises `Untestable`."""
        rows = self.rows(
            f"SELECT name, value, id_shop, id_shop_group FROM {self.table('configuration')} WHERE name IN :names "  # noqa: S608
            "AND (id_shop IS NULL OR id_shop IN (0, 1)) AND (id_shop_group IS NULL OR id_shop_group IN (0, 1))",
            names=CONFIGURED,
        )
        return effective_settings(rows)

    def rows(self, statement: str, **values: Any) -> list[Any]:
        """Rows of the shop's tables, with the shop's own access where there is one. Raises `Untestable`."""
        asked = text(statement)
        for name, value in values.items():
            if isinstance(value, tuple):
                asked = asked.bindparams(bindparam(name, expanding=True))
        try:
            if self.shop is not None:
                with self._shop_engine.connect() as connection:
                    return list(connection.execute(asked, values))
            with self.database() as connection:
                return list(connection.execute(asked, values))
        except DBAPIError as error:
            if self.shop is None and number_of(error) in _NOT_TO_BE_READ:
                raise Untestable(
                    "the bridge's database user may not look there, and need not: name the shop's folder with --shop"
                ) from error
            number = number_of(error)
            raise Untestable("the shop's tables can not be read" + (f" (error {number})" if number else "")) from error
        except (SQLAlchemyError, UnicodeEncodeError) as error:
            raise Untestable(f"the shop's tables can not be read ({type(error).__name__})") from error

    @cached_property
    def sidecar(self) -> SidecarStatus:
        """What the sidecar says of itself, asked once."""
        return ask_sidecar(self.settings.server.bind, self.settings.auth.shop_token.get_secret_value())

    @cached_property
    def addresses(self) -> tuple[ShopAddress, ...]:
        """Where the shop's customers, and Mollie, reach it: one for each shop. Raises `Untestable`."""
        from bridge.diagnosis.addresses import find_addresses  # noqa: PLC0415

        return find_addresses(self)

    @cached_property
    def selftest(self) -> SelfTest:
        """What the module says of its self-test. Raises `Untestable` when the shop's address is not known."""
        return SelfTest(
            self.addresses[0],
            token=self.settings.auth.shop_token.get_secret_value(),
            directory=self.settings.locks.directory,
            clock=self.clock,
        )

    def close(self) -> None:
        """Close the connections."""
        self.engine.dispose()
        if self.shop is not None:
            self._shop_engine.dispose()

    @cached_property
    def _shop_engine(self) -> Engine:
        assert self.shop is not None
        return create_engine(self.shop.url, pool_size=1)
