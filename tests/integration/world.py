"""A whole world for tests: real MariaDB with a shop's tables, the Mollie simulator, toy web servers, a real sidecar."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, TypeVar

import requests
from sqlalchemy import Engine, create_engine

from bridge.demo.serving import serve_in_thread
from bridge.demo.simulator import MollieSimulator
from bridge.demo.simulator import create_app as create_mollie
from bridge.demo.storefront import BridgeShim, ToyShop, seed, shop_tables
from bridge.demo.storefront.web import create_app as create_shop
from tests.integration.sidecar import SHOP_TOKEN, Reply, Sidecar
from tests.services.mariadb import Database
from tests.services.waiting import wait_until

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

T = TypeVar("T")


@dataclass(kw_only=True)
class World:
    """One shop with one or more web servers, each with a temporary directory of its own."""

    database: Database
    engine: Engine
    mollie: MollieSimulator
    mollie_url: str
    sidecar: Sidecar
    shops: list[ToyShop] = field(default_factory=list)

    @property
    def shop(self) -> ToyShop:
        """The first web server."""
        return self.shops[0]

    def new_cart(self, amount: str = "14.40") -> tuple[int, int]:
        """A cart and its customer."""
        cart_id = self.shop.add_cart(amount)
        return cart_id, self.shop.get_cart(cart_id).customer_id

    def initiate(self, cart_id: int, amount: str = "14.40", *, key: str | None = None, **more: Any) -> Reply:
        """Ask the sidecar, as the cart's own customer."""
        customer = self.shop.get_cart(cart_id).customer_id
        return self.sidecar.initiate(cart_id, customer, amount, key=key or new_key(), **more)

    def open_payment(self, cart_id: int, amount: str = "14.40") -> tuple[str, str]:
        """Initiate, let the module create the payment, bind it: payment id and transaction id."""
        reply = self.initiate(cart_id, amount)
        assert reply.status == 201, reply
        started = self.shop.pay(cart_id)
        payment_id = str(reply.data["payment_id"])
        bound = self.sidecar.post(
            f"/v1/payments/{payment_id}/bind",
            {"transaction_id": started.transaction_id, "checkout_url": started.checkout_url},
        )
        assert bound.status == 200, bound
        return payment_id, started.transaction_id

    def route(self, transaction_id: str) -> int:
        """Mollie's own call, as the web server sends it to the sidecar; the status of its answer."""
        url = f"{self.sidecar.url}/webhooks/mollie"
        return requests.post(url, data={"id": transaction_id}, timeout=20).status_code

    def route_until_taken(self, transaction_id: str) -> None:
        """Mollie calls until the sidecar says that it is done: on a busy machine not at once."""
        wait_until(lambda: self.route(transaction_id) == 200, 60, what=f"{transaction_id} to be worked on")

    def references(self, cart_id: int) -> list[str]:
        """The distinct order references of a cart."""
        return sorted({str(row["reference"]) for row in self.shop.orders_of(cart_id)})

    def rows(self, sql: str, *arguments: object) -> tuple[tuple[Any, ...], ...]:
        """Rows of the database, `{p}` standing for the prefix of the bridge's tables."""
        return self.database.execute(sql.replace("{p}", "ps_molbridge_"), *arguments)


def new_key() -> str:
    """An idempotency key that nobody has used."""
    return str(uuid.uuid4())


def together(calls: Sequence[Callable[[], T]]) -> list[T]:
    """Make all calls at once, each in a thread; their answers in order."""
    with ThreadPoolExecutor(max_workers=len(calls)) as pool:
        return [future.result() for future in [pool.submit(call) for call in calls]]


@contextmanager
def running_world(
    database: Database,
    *,
    web_servers: int = 1,
    sidecar: Sidecar | None = None,
    around_shop: Callable[[WSGIApplication], WSGIApplication] = lambda app: app,
    **sections: Any,
) -> Iterator[World]:
    """The world, started; everything is stopped afterwards. `around_shop` goes around each of the web servers."""
    with ExitStack() as stack:
        engine = create_engine(database.shop_url, pool_size=64, max_overflow=64)
        stack.callback(engine.dispose)
        tables = shop_tables("ps_")
        tables.metadata.create_all(engine)
        seed(engine, tables)
        mollie = MollieSimulator(webhook_time_scale=0.05 / 60)
        stack.callback(mollie.close)
        mollie_url = stack.enter_context(serve_in_thread(create_mollie(mollie))).url
        settings = {
            "database": {"url": database.url},
            **sections,
            "mollie": {"endpoint": mollie_url, **sections.get("mollie", {})},
        }
        process = sidecar or Sidecar()
        process.sections = settings
        stack.enter_context(process)
        shops = [_web_server(stack, engine, mollie_url, process, around_shop) for _ in range(web_servers)]
        yield World(
            database=database, engine=engine, mollie=mollie, mollie_url=mollie_url, sidecar=process, shops=shops
        )


def _web_server(
    stack: ExitStack,
    engine: Engine,
    mollie_url: str,
    sidecar: Sidecar,
    around: Callable[[WSGIApplication], WSGIApplication],
) -> ToyShop:
    folder = Path(stack.enter_context(TemporaryDirectory(prefix="molbridge-shop-")))
    shop = ToyShop(engine=engine, mollie_api_url=mollie_url, temp_dir=folder)
    shim = BridgeShim(base_url=sidecar.url, token=SHOP_TOKEN)
    server = stack.enter_context(serve_in_thread(around(create_shop(shop, shim))))
    shop.base_url = server.url
    return shop
