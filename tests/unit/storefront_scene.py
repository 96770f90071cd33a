"""Mollie's simulator and one or two web servers of a toy shop over one SQLite file, for the storefront's tests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event

from bridge.demo.serving import serve_in_thread
from bridge.demo.simulator import MollieSimulator, create_app
from bridge.demo.storefront import ToyShop, seed, shop_tables

PREFIX = "toy_"


@dataclass(frozen=True, kw_only=True)
class Scene:
    """`shop` and `twin` are two web servers of one shop: one database, two temporary directories."""

    mollie: MollieSimulator
    mollie_url: str
    shop: ToyShop
    twin: ToyShop

    def calm(self) -> None:
        """Take back what a test has set on the shops."""
        for shop in (self.shop, self.twin):
            shop.pause, shop.api_key = 0.0, None
            shop.failures.clear()

    def pay_at_mollie(self, transaction_id: str) -> None:
        """The shopper pays; nobody is told yet."""
        self.mollie.pay(transaction_id)

    def paid(self, cart_id: int, method: str = "ideal") -> str:
        """A payment of the cart that is paid, and not yet announced; its transaction."""
        transaction_id = self.shop.pay(cart_id, method).transaction_id
        self.pay_at_mollie(transaction_id)
        return transaction_id

    def announce(self, transaction_id: str, cart_id: int) -> int:
        """Bring Mollie's call to the first web server; the status of its answer."""
        return self.shop.webhook(transaction_id, self.shop.token_of(cart_id)).status

    def references(self, cart_id: int) -> set[str]:
        """The order references of the cart."""
        return {str(order["reference"]) for order in self.shop.orders_of(cart_id)}

    def order_payments(self, cart_id: int) -> list[dict[str, Any]]:
        """The rows of `ps_order_payment` of all orders of the cart."""
        return [row for ref in sorted(self.references(cart_id)) for row in self.shop.orders.order_payments(ref)]


@contextmanager
def open_scene(engine: Engine, folder: Path, *, prefix: str = PREFIX, pause: float = 0.0) -> Iterator[Scene]:
    """Serve Mollie and open the two shops; webhooks are held back, the tests bring them."""
    seed(engine, shop_tables(prefix))
    mollie = MollieSimulator()
    mollie.webhooks.hold()
    with serve_in_thread(create_app(mollie)) as server:
        shops = []
        for name in ("one", "two"):
            (folder / name).mkdir()
            base = f"http://shop-{name}.test"
            shops.append(
                ToyShop(
                    engine=engine,
                    mollie_api_url=server.url,
                    temp_dir=folder / name,
                    base_url=base,
                    prefix=prefix,
                    pause=pause,
                )
            )
        yield Scene(mollie=mollie, mollie_url=server.url, shop=shops[0], twin=shops[1])
        mollie.close()
    engine.dispose()


def sqlite_engine(folder: Path) -> Engine:
    """A file database, as the demo has it, but one that does not wait for the disk."""
    engine = create_engine(f"sqlite:///{folder / 'shop.sqlite'}", connect_args={"timeout": 30})

    @event.listens_for(engine, "connect")
    def hurry(connection: Any, _record: Any) -> None:
        connection.execute("PRAGMA synchronous=OFF")

    return engine
