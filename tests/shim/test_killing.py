"""The sidecar is killed and started again, over and over, while shoppers pay and Mollie calls: one order each."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from tests.integration.sidecar import Sidecar
from tests.integration.world import together
from tests.services.mariadb import Database
from tests.services.waiting import wait_until
from tests.shim.world import ShimWorld, running_world

pytestmark = [
    *(pytest.mark.mariadb, pytest.mark.php, pytest.mark.nginx, pytest.mark.slow),
    pytest.mark.alone,
    pytest.mark.timeout(400),
]

CARTS = 30
KILLS = 8
UP_SECONDS = 1.5
"""Between a start and the next kill: long enough for a few requests to be in the middle of something."""


@pytest.fixture(scope="module")
def world(module_database: Database) -> Iterator[ShimWorld]:
    # What a killed sidecar held is free again when its lease has ended: not a minute later, here.
    short = {"locks": {"lifetime": 4.0}, "webhooks": {"shop_timeout": 3.0}}
    with running_world(module_database, guarded=True, gap_ms=30, sidecar=short) as running:
        yield running


@contextmanager
def killed_over_and_over(sidecar: Sidecar) -> Iterator[Callable[[], int]]:
    """Inside the block; what is handed over tells how often it was killed."""
    kills = 0
    stop = threading.Event()

    def kill_and_start() -> None:
        nonlocal kills
        while not stop.wait(UP_SECONDS):
            sidecar.kill()
            kills += 1
            stop.wait(UP_SECONDS / 2)
            sidecar.start()

    thread = threading.Thread(target=kill_and_start)
    thread.start()
    try:
        yield lambda: kills
    finally:
        stop.set()
        thread.join(60)
        sidecar.start()


def announced(world: ShimWorld, transaction: str) -> None:
    """Mollie calls until it is answered 200, for longer than a lease may stand forgotten."""
    wait_until(lambda: world.announce(transaction).status == 200, 60, what=f"{transaction} to be taken", interval=0.1)


def one_cart(world: ShimWorld) -> str:
    """Two tabs, everything paid, everything announced twice; "" when one order came of it."""
    shopper = world.new_shopper()
    together([shopper.pay, shopper.pay])
    shopper.pay()
    payments = world.payments_at_mollie(shopper.cart_id)
    for transaction in payments:
        world.mollie.pay(transaction)
    together([lambda each=each: announced(world, each) for each in payments * 2])  # type: ignore[misc]
    references = world.references(shopper.cart_id)
    settled = [row for row in world.books.payments_of(shopper.cart_id) if row["bank_status"] == "paid"]
    return "" if len(references) == 1 and settled else f"{len(payments)} payments, orders {references}, {settled}"


@pytest.mark.req("B8", "P3")
def test_one_order_for_each_cart_whenever_the_sidecar_dies(world: ShimWorld, publish: Callable[[str], None]) -> None:
    assert world.sidecar is not None
    outcomes: list[str] = []
    with killed_over_and_over(world.sidecar) as kills:
        while len(outcomes) < CARTS or kills() < KILLS:
            outcomes += together([lambda: one_cart(world)] * 3)
        killed = kills()

    wrong = [outcome for outcome in outcomes if outcome]
    carts = len(outcomes)
    publish(f"one order: {carts - len(wrong)} of {carts} carts, the sidecar killed {killed} times meanwhile")
    assert wrong == []
