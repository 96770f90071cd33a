"""What runs on two hosts: a sidecar and a web server of the shop each, over one MariaDB and one Redis on a third.

Run as a program it is one web server of the shop; its settings come as JSON.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import redis
import requests
from sqlalchemy import create_engine

from bridge.demo.serving import serve_in_thread
from bridge.demo.simulator import MollieSimulator
from bridge.demo.simulator import create_app as create_mollie
from bridge.demo.storefront import BridgeShim, Stage, ToyShop, seed, shop_tables
from bridge.demo.storefront.web import create_app as create_shop
from tests.integration.sidecar import SHOP_TOKEN, Sidecar
from tests.integration.world import World
from tests.services.mariadb import PrivateMariaDB
from tests.services.netns import Host, Network, free_addresses, two_hosts
from tests.services.process import PrivateServer, accepts_connections
from tests.services.redis import PrivateRedis

ROOT = Path(__file__).parents[2]
OWN_TMP = Path("/tmp")
"""On a host: nobody else's. File locks in it exclude nobody on the other host."""

GAP = 0.02
"""Seconds that the guarded module pauses between its last look for an order and the insert."""
MEETING = 10.0
"""Seconds that the unguarded module waits there for the one on the other host."""


class HostedSidecar(Sidecar):
    """A sidecar on a host of its own, its file locks (where it has any) in that host's /tmp."""

    on: Host
    anew = True

    def __init__(self, address: str) -> None:
        super().__init__()
        self.host = address

    def command(self) -> list[str]:
        return self.on.inside(*super().command())


class WebServer(PrivateServer):
    """A web server of the shop on a host of its own, guarded by that host's sidecar."""

    name = "web"
    on: Host

    def __init__(self, address: str) -> None:
        super().__init__()
        self.host = address
        self.settings: dict[str, Any] = {}

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    def command(self) -> list[str]:
        settings = {"host": self.host, "port": self.port, **self.settings}
        return self.on.inside(
            *("env", f"PYTHONPATH={ROOT}", sys.executable, "-m", "tests.integration.host", json.dumps(settings))
        )

    def answers(self) -> bool:
        return accepts_connections(self.host, self.port)

    def guard(self, *, on: bool) -> None:
        """Take the bridge into use on this web server, or out of it."""
        requests.post(f"{self.url}/bridge", data={"on": "1" if on else "0"}, timeout=10).raise_for_status()


class SharedMariaDB(PrivateMariaDB):
    """MariaDB for the hosts of a network."""

    def __init__(self, address: str) -> None:
        super().__init__()
        self.host = address

    def prepare(self) -> None:
        super().prepare()
        network = self.host.rpartition(".")[0]
        with self._init_file.open("a") as file:
            file.write(f"CREATE OR REPLACE USER 'root'@'{network}.%' IDENTIFIED BY '{self.password}';\n")
            file.write(f"GRANT ALL ON *.* TO 'root'@'{network}.%' WITH GRANT OPTION;\n")


class SharedRedis(PrivateRedis):
    """Redis for the hosts of a network."""

    def __init__(self, address: str) -> None:
        super().__init__()
        self.host = address


@dataclass(kw_only=True)
class Hosts:
    """Two hosts; `world.shops` are their web servers as seen by whoever fills carts and looks at orders."""

    world: World
    network: Network
    sidecars: tuple[HostedSidecar, HostedSidecar]
    web_servers: tuple[WebServer, WebServer]

    def guard(self, *, on: bool) -> None:
        """Take the bridge into use on both web servers, or out of it."""
        for server in self.web_servers:
            server.guard(on=on)


@contextmanager
def running_hosts(**sections: Any) -> Iterator[Hosts]:
    """The two hosts, their servers and Mollie, started; everything is stopped and gone afterwards."""
    here, *there = free_addresses()
    sidecars = (HostedSidecar(there[0]), HostedSidecar(there[1]))
    web_servers = (WebServer(there[0]), WebServer(there[1]))
    with ExitStack() as stack:
        for program in (*sidecars, *web_servers):
            stack.callback(program.close)
        in_sight = [ROOT, Path(sys.prefix), *(program.folder for program in (*sidecars, *web_servers))]
        network = stack.enter_context(two_hosts((here, there[0], there[1]), in_sight))
        mariadb = stack.enter_context(SharedMariaDB(here))
        shared_redis = stack.enter_context(SharedRedis(here))
        database = mariadb.create_database("shop")
        engine = create_engine(database.shop_url, pool_size=16)
        stack.callback(engine.dispose)
        tables = shop_tables("ps_")
        tables.metadata.create_all(engine)
        seed(engine, tables)
        mollie = MollieSimulator(webhook_time_scale=0.05 / 60)
        stack.callback(mollie.close)
        mollie_url = stack.enter_context(serve_in_thread(create_mollie(mollie), host=here)).url
        for host, sidecar, web in zip(network.hosts, sidecars, web_servers, strict=True):
            sidecar.on = web.on = host
            sidecar.sections = {
                "database": {"url": database.url},
                "mollie": {"endpoint": mollie_url},
                "locks": {"backend": "redis", "redis_url": shared_redis.url, "directory": str(OWN_TMP)},
                **sections,
            }
            stack.enter_context(sidecar)
            web.settings = {
                "database": database.shop_url,
                "mollie": mollie_url,
                "sidecar": sidecar.url,
                "redis": shared_redis.url,
            }
            stack.enter_context(web)
        shops = [
            ToyShop(engine=engine, mollie_api_url=mollie_url, temp_dir=web.folder, base_url=web.url)
            for web in web_servers
        ]
        world = World(
            database=database, engine=engine, mollie=mollie, mollie_url=mollie_url, sidecar=sidecars[0], shops=shops
        )
        yield Hosts(world=world, network=network, sidecars=sidecars, web_servers=web_servers)


def meet(client: redis.Redis) -> None:
    """Wait for another web server to come here too, in pairs."""
    number = int(client.incr("arrivals"))
    deadline = time.monotonic() + MEETING
    while int(client.get("arrivals") or 0) < number + number % 2 and time.monotonic() < deadline:
        time.sleep(0.002)


def main() -> None:
    """One web server of the shop, until it is killed."""
    settings = json.loads(sys.argv[1])
    engine = create_engine(settings["database"], pool_size=16)
    shop = ToyShop(engine=engine, mollie_api_url=settings["mollie"], temp_dir=OWN_TMP)
    app = create_shop(shop, BridgeShim(base_url=settings["sidecar"], token=SHOP_TOKEN, shared_files=False))
    meeting_place = redis.Redis.from_url(settings["redis"], decode_responses=True)

    def pause(stage: Stage) -> None:
        if stage is not Stage.CHECKED:
            return
        if app.extensions["front_desk"].guarded:
            time.sleep(GAP)
        else:
            meet(meeting_place)

    shop.pause = pause
    with serve_in_thread(app, host=settings["host"], port=settings["port"]) as server:
        shop.base_url = server.url
        threading.Event().wait()


if __name__ == "__main__":
    main()
