"""The stand-in shop on one or two web servers over one MariaDB, the Mollie simulator, and where wanted the bridge."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine

from bridge.demo.serving import serve_in_thread
from bridge.demo.simulator import MollieSimulator
from bridge.demo.simulator import create_app as create_mollie
from bridge.demo.storefront import ToyShop, seed, shop_tables
from tests.integration.sidecar import SHOP_TOKEN, Sidecar
from tests.services.mariadb import Database
from tests.services.waiting import wait_until
from tests.shim.hooks import seed_hooks
from tests.shim.shopper import Shopper, Visit, module_url, visit
from tests.shim.web_server import STANDIN, WebServer, running_web_server

SAMPLE = Path(__file__).parents[1] / "data" / "sample-shop" / "schema.sql"


@dataclass(kw_only=True)
class ShimWorld:
    """Everything that runs. `books` fills carts and reads orders; it is no web server of its own."""

    database: Database
    engine: Engine
    books: ToyShop
    mollie: MollieSimulator
    mollie_url: str
    servers: Sequence[WebServer]
    sidecar: Sidecar | None = None

    @property
    def server(self) -> WebServer:
        """The first web server."""
        return self.servers[0]

    def set(self, **changes: Any) -> None:
        """Change a setting on every web server."""
        for server in self.servers:
            server.set(**changes)

    def new_shopper(self, amount: str = "14.40", *, split: bool = False) -> Shopper:
        """A shopper with a fresh cart, whose clicks go to the first web server."""
        products = None
        if split:
            products = {1: 1, 2: 1}
        cart_id = self.books.add_cart(amount, products, split=split)
        return Shopper(server=self.server.url, cart_id=cart_id, customer_id=self.books.get_cart(cart_id).customer_id)

    def announce(self, transaction_id: str, server: WebServer | None = None, **headers: str) -> Visit:
        """One call of Mollie's to a web server."""
        payment = self.mollie.payment(transaction_id)
        cart_id = int((payment.metadata or {}).get("cart_id", 0))
        token = self.books.token_of(cart_id) if cart_id else "token"
        url = module_url((server or self.server).url, "webhook", {"security_token": token})
        return visit("POST", url, data={"id": transaction_id}, **headers)

    def announce_until_taken(self, transaction_id: str, server: WebServer | None = None) -> list[int]:
        """Call as Mollie does, again until it is answered 200; all the answers."""
        answers: list[int] = []

        def taken() -> bool:
            answers.append(self.announce(transaction_id, server).status)
            return answers[-1] == 200

        # A claim whose answer came too late for the module leaves a lease, which stands for a minute.
        wait_until(taken, 100, what=f"{transaction_id} to be taken", interval=0.05)
        return answers

    def payments_at_mollie(self, cart_id: int) -> list[str]:
        """The transactions that stand at Mollie for the cart."""
        return [each.id for each in self.mollie.payments() if (each.metadata or {}).get("cart_id") == cart_id]

    def references(self, cart_id: int) -> list[str]:
        """The distinct order references of a cart."""
        return sorted({str(row["reference"]) for row in self.books.orders_of(cart_id)})

    @property
    def learned(self) -> str:
        """What the shim remembers of the carts that the sidecar guards; empty: nothing yet."""
        ((found,),) = self.database.execute("SELECT value FROM ps_configuration WHERE name = 'MOLLIEBRIDGE_ROLLOUT'")
        return str(found)

    def wait_until_learned(self) -> None:
        """Let one shopper pay, after whose payment the shim asks the sidecar how it is set, and wait for that."""
        self.new_shopper().pay()
        wait_until(lambda: self.learned != "", what="the roll-out to be learned")

    def install_shim(self, **configuration: str) -> None:
        """Upload, install and configure the real shim; both web servers have its files, one database its rows."""
        assert self.sidecar is not None
        for server in self.servers:
            server.put_shim()
        self.server.admin("install")
        told = {"MOLLIEBRIDGE_ENDPOINT": self.sidecar.url, "MOLLIEBRIDGE_TOKEN": SHOP_TOKEN, **configuration}
        self.server.admin("configure", told)


@contextmanager
def running_world(
    database: Database,
    *,
    web_servers: int = 1,
    guarded: bool = False,
    fpm: bool = True,
    workers: int = 6,
    sidecar: dict[str, Any] | None = None,
    **settings: Any,
) -> Iterator[ShimWorld]:
    """The world, started. `guarded`: with sidecar and shim; its file locks lie in the first web server's directory.

    `sidecar`: sections of its configuration; `settings`: what every web server of the stand-in is told.
    """
    with ExitStack() as stack:
        engine = create_engine(database.shop_url, pool_size=32, max_overflow=32)
        stack.callback(engine.dispose)
        fill_database(database, engine, str(settings.get("version", "9.1.4")))
        mollie = MollieSimulator(webhook_time_scale=0.2 / 60)
        stack.callback(mollie.close)
        mollie.webhooks.hold()
        mollie_url = stack.enter_context(serve_in_thread(create_mollie(mollie))).url
        servers = [
            stack.enter_context(running_web_server(database, mollie_url, fpm=fpm, workers=workers, **settings))
            for _ in range(web_servers)
        ]
        books = ToyShop(engine=engine, mollie_api_url=mollie_url, temp_dir=servers[0].temp, base_url=servers[0].url)
        world = ShimWorld(
            database=database, engine=engine, books=books, mollie=mollie, mollie_url=mollie_url, servers=servers
        )
        if guarded:
            sections: dict[str, Any] = {
                "database": {"url": database.url},
                "mollie": {"endpoint": mollie_url},
                **(sidecar or {}),
            }
            sections["locks"] = {"directory": str(servers[0].temp), **sections.get("locks", {})}
            world.sidecar = stack.enter_context(Sidecar(**sections))
            world.install_shim()
        yield world


def fill_database(database: Database, engine: Engine, version: str) -> None:
    """The shop's real tables, what the stand-in needs beside them, and a small shop's rows."""
    database.run_script(SAMPLE.read_text())
    database.run_script((STANDIN / "schema.sql").read_text())
    seed(engine, shop_tables("ps_"))
    seed_hooks(database, version)
