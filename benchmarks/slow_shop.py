"""Initiations while webhooks wait for a slow shop, beside the same initiations on an idle sidecar.

Two webhooks a second come in for carts of their own, and the shop takes ten seconds for each (`SHOP_TAKES`): there are
fewer threads for webhooks than are at work then, and some have to wait. Initiations come one after the other, each over
a connection of its own as PHP makes it. Idle and busy are measured in turns of `TURN` seconds, so that whatever else
the machine does hits both alike.
"""

from __future__ import annotations

import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import count

import requests

from benchmarks.initiation import call
from benchmarks.measuring import Timing, print_table
from bridge.demo.storefront import Stage
from bridge.telemetry import configure_logging
from tests.integration.findings import wait_until_all_done
from tests.integration.world import World, new_key, running_world
from tests.services.mariadb import PrivateMariaDB
from tests.services.waiting import wait_until

PER_SECOND = 2.0
SHOP_TAKES = float(os.environ.get("SHOP_TAKES", "10"))
TURN = float(os.environ.get("TURN", "20"))
TURNS = int(os.environ.get("TURNS", "2"))
PAUSE = 0.02
"""Seconds between two initiations: a busy shop, not a load test."""
WARM_UP = 100
GOAL = 2.0


class SlowShop:
    """Webhooks at a steady pace, each for a paid cart of its own; the shop takes its time for each."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._pool = ThreadPoolExecutor(64)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._send)
        self._paid: list[str] = []
        self._sent = count()
        self.at_work = 0
        world.shop.pause = self._pause

    def prepare(self, number: int) -> None:
        """So many paid carts of which nobody has been told."""
        for _ in range(number):
            cart_id, _ = self._world.new_cart()
            transaction_id = self._world.shop.pay(cart_id).transaction_id
            self._world.mollie.webhooks.lose(transaction_id)
            self._world.mollie.pay(transaction_id)
            self._paid.append(transaction_id)

    def begin(self) -> None:
        """Send until `end`; returns when the shop is as busy as it is going to be."""
        self._stop.clear()
        self._thread = threading.Thread(target=self._send)
        self._thread.start()
        wait_until(lambda: self.at_work >= min(16, PER_SECOND * SHOP_TAKES * 0.8), 30 + SHOP_TAKES)

    def end(self) -> None:
        """Send no more, and wait until all is worked off."""
        self._stop.set()
        self._thread.join()
        wait_until_all_done(self._world, 120 + 10 * SHOP_TAKES)

    def close(self) -> None:
        self._pool.shutdown()

    def _send(self) -> None:
        while not self._stop.wait(1 / PER_SECOND):
            self._pool.submit(self._announce, self._paid.pop())

    def _announce(self, transaction_id: str) -> None:
        requests.post(f"{self._world.sidecar.url}/webhooks/mollie", data={"id": transaction_id}, timeout=30)

    def _pause(self, stage: Stage) -> None:
        if stage is Stage.CHECKED:
            self.at_work += 1
            time.sleep(SHOP_TAKES)
            self.at_work -= 1


def initiate(world: World, cart_id: int, customer_id: int) -> None:
    """What the shim sends; it must be granted."""
    body: dict[str, object] = {
        "shop_id": 1,
        "cart_id": cart_id,
        "customer_id": customer_id,
        "amount": "14.40",
        "currency": "EUR",
        "method": "ideal",
        "idempotency_key": new_key(),
    }
    call(world.sidecar.port, "POST", "/v1/payments", body, 201)


def turn(world: World, carts: list[tuple[int, int]]) -> list[float]:
    """The seconds of each initiation of a turn."""
    took = []
    until = time.monotonic() + TURN
    while time.monotonic() < until:
        cart = carts.pop()
        begun = time.perf_counter()
        initiate(world, *cart)
        took.append(time.perf_counter() - begun)
        time.sleep(PAUSE)
    return took


def run() -> None:
    """Measure in turns and print."""
    configure_logging(level="error", as_json=True)
    with PrivateMariaDB() as server:
        database = server.create_database("slow_shop")
        with running_world(database, log={"level": "error"}) as world:
            shop = SlowShop(world)
            shop.prepare(int(TURNS * (TURN + 40 + SHOP_TAKES) * PER_SECOND))
            carts = [world.new_cart() for _ in range(WARM_UP + int(TURNS * 2 * TURN / PAUSE))]
            for _ in range(WARM_UP):
                initiate(world, *carts.pop())
            idle: list[float] = []
            busy: list[float] = []
            for _ in range(TURNS):
                idle += turn(world, carts)
                shop.begin()
                busy += turn(world, carts)
                print(f"the shop works on {shop.at_work} webhooks at once")
                shop.end()
            shop.close()
    print_table({"idle": Timing(sorted(idle)), "webhooks wait for the shop": Timing(sorted(busy))})
    ratio = Timing(sorted(busy)).p99 / Timing(sorted(idle)).p99
    print(
        f"p99 while the shop is slow / p99 idle, {len(idle)} and {len(busy)} initiations: {ratio:.2f} x (goal {GOAL} x)"
    )


if __name__ == "__main__":
    run()
