"""All that the demo needs, in one process and one temporary folder: Mollie's simulator, a shop, the real sidecar."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from flask import Flask
from pydantic import SecretStr
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

from bridge.bootstrap import build_app
from bridge.config import Settings
from bridge.config_sections import AuthSettings, DatabaseSettings, LockSettings, MollieSettings
from bridge.demo.back_office import BackOffice, back_office_page
from bridge.demo.balancer import TwoWebServers
from bridge.demo.serving import serve_in_thread
from bridge.demo.simulator import MollieSimulator
from bridge.demo.simulator import create_app as create_mollie
from bridge.demo.storefront import BridgeShim, Journal, ToyShop, seed, shop_tables
from bridge.demo.storefront import create_app as create_shop
from bridge.demo.walk_through import Access

MINUTE: Final = 2.0
"""Real seconds for a minute of Mollie's retry schedule: a webhook that was refused comes again while one looks."""

ORDER_TAKES: Final = 0.25
"""Seconds between PrestaShop's last look for an order and its insert: what a webhook that makes an order was measured
to take on a real shop."""

_PREFIX: Final = "ps_"


class DemoSettings(Settings):
    """`Settings` that no environment variable may change: a merchant's own must never lead the demo to his shop."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """What the demo says, and nothing else."""
        return (init_settings,)


@dataclass(frozen=True, kw_only=True)
class Playground:
    """Everything, running. `shop` is the first of two web servers behind `shop_url`; both share one database."""

    mollie: MollieSimulator
    mollie_url: str
    shop: ToyShop
    web_servers: TwoWebServers
    access: Access
    back_office: BackOffice

    @property
    def shop_url(self) -> str:
        """The shop's address for shoppers and for Mollie."""
        return self.shop.base_url

    @property
    def sidecar_url(self) -> str:
        """The sidecar's address."""
        return self.access.sidecar_url

    def guard(self, *, on: bool) -> None:
        """Take the bridge into use, or out of it."""
        self.web_servers.guarded = on


@contextmanager
def open_playground(folder: Path, *, port: int = 0) -> Iterator[Playground]:
    """Start everything inside `folder`, the shop on `port` (0: any); all of it is stopped afterwards."""
    with ExitStack() as stack:
        engine = _shop_database(folder)
        stack.callback(engine.dispose)
        mollie = MollieSimulator(webhook_time_scale=MINUTE / 60)
        mollie_url = stack.enter_context(serve_in_thread(create_mollie(mollie))).url
        settings = _settings(folder, mollie_url)
        app, services = build_app(settings)
        stack.callback(services.close)
        # Before the services: work that waits for Mollie is let go of first.
        stack.callback(mollie.close)
        sidecar_url = stack.enter_context(serve_in_thread(app)).url
        access = Access(
            sidecar_url=sidecar_url,
            mollie_url=mollie_url,
            shop_token=settings.auth.shop_token.get_secret_value(),
            admin_token=settings.auth.admin_token.get_secret_value(),
        )
        shim = BridgeShim(base_url=sidecar_url, token=access.shop_token, shared_files=False)
        office = BackOffice(ledger=services.ledger, sidecar_url=sidecar_url, admin_token=access.admin_token)
        journal = Journal()
        shops = [
            _web_server(folder / name, engine=engine, mollie_api_url=mollie_url, journal=journal)
            for name in ("web1", "web2")
        ]
        web_servers = TwoWebServers(*(_app(shop, shim, office) for shop in shops))
        server = stack.enter_context(serve_in_thread(web_servers, port=port))
        for shop in shops:
            shop.base_url = server.url
        yield Playground(
            mollie=mollie,
            mollie_url=mollie_url,
            shop=shops[0],
            web_servers=web_servers,
            access=access,
            back_office=office,
        )


def _shop_database(folder: Path) -> Engine:
    # Both web servers write at once: SQLite lets one in, and the other waits as long as a patient server would.
    engine = create_engine(f"sqlite:///{folder / 'shop.sqlite'}", connect_args={"timeout": 10})

    @event.listens_for(engine, "connect")
    def hurry(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
        # The shop is thrown away with its folder: nothing is won by waiting for the disk.
        cursor = connection.cursor()
        cursor.execute("PRAGMA synchronous = OFF")
        cursor.close()

    seed(engine, shop_tables(_PREFIX))
    return engine


def _settings(folder: Path, mollie_url: str) -> Settings:
    locks = folder / "locks"
    locks.mkdir()
    return DemoSettings(
        auth=AuthSettings(shop_token=SecretStr(secrets.token_hex(32)), admin_token=SecretStr(secrets.token_hex(32))),
        database=DatabaseSettings(url=SecretStr(f"sqlite:///{folder / 'shop.sqlite'}"), prefix=_PREFIX),
        locks=LockSettings(directory=locks),
        mollie=MollieSettings(endpoint=mollie_url),
    )


def _web_server(temp_dir: Path, *, engine: Engine, mollie_api_url: str, journal: Journal) -> ToyShop:
    temp_dir.mkdir()
    return ToyShop(
        engine=engine,
        mollie_api_url=mollie_api_url,
        temp_dir=temp_dir,
        prefix=_PREFIX,
        pause=ORDER_TAKES,
        journal=journal,
    )


def _app(shop: ToyShop, shim: BridgeShim, office: BackOffice) -> Flask:
    app = create_shop(shop, shim)
    app.register_blueprint(back_office_page(office))
    app.jinja_env.globals.update(back_office=office, sidecar_url=office.sidecar_url)
    return app
