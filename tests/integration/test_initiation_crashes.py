"""kill -9 at every point of an initiation; then the next request gets a right answer and nothing is lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
import requests

from tests.integration.crashing import POINTS
from tests.integration.sidecar import Reply, Sidecar
from tests.integration.world import World, running_world
from tests.services.mariadb import Database
from tests.services.waiting import wait_until

pytestmark = [pytest.mark.mariadb, pytest.mark.slow, pytest.mark.timeout(600)]

NEVER = 10_000
ENOUGH = 6
"""Every run has more points than that; one that ends without a crash at an earlier one is a failure."""

RESERVATION = 0.6
"""Seconds that a reservation lasts in these tests, so that a crashed one can be seen to end."""

CREATION = {"description": "Order", "redirect_url": "https://shop.example/return"}


@pytest.fixture(scope="module")
def crashing(module_database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    points = tmp_path_factory.mktemp("crashes") / "points"
    sidecar = Sidecar(module="tests.integration.crashing", environment={POINTS: str(points)})
    gate = {"reservation_lifetime": RESERVATION, "wait": 0.1}
    with running_world(module_database, sidecar=sidecar, gate=gate, idempotency={"running": 0.5}) as world:
        yield world


def arm(world: World, number: int) -> Path:
    points = Path(world.sidecar.environment[POINTS])
    points.unlink(missing_ok=True)
    points.with_suffix(".armed").write_text(str(number))
    return points


def disarm(world: World) -> None:
    Path(world.sidecar.environment[POINTS]).with_suffix(".armed").unlink(missing_ok=True)


def points_of(world: World, call: Callable[[], Reply]) -> list[str]:
    """The points that a call passes; the sidecar is a fresh one afterwards."""
    world.sidecar.restart()
    points = arm(world, NEVER)
    call()
    disarm(world)
    world.sidecar.restart()
    return points.read_text().splitlines()


def crash_at(world: World, number: int, call: Callable[[], Reply]) -> None:
    """Make the call on a sidecar that nobody has called yet; it dies at that point and is started again."""
    points = arm(world, number)
    try:
        call()
    except requests.ConnectionError:
        assert len(points.read_text().splitlines()) == number
    else:  # a slow machine made the dry run repeat a question: this run has fewer points
        assert number > ENOUGH
    disarm(world)
    world.sidecar.kill()
    world.sidecar.start()


def live_attempts(world: World, cart_id: int) -> int:
    ((count,),) = world.rows("SELECT COUNT(*) FROM {p}attempt WHERE id_cart = %s AND live_cart_id IS NOT NULL", cart_id)
    return int(count)


@pytest.mark.long
@pytest.mark.req("P1", "P12", "L2")
def test_a_reservation_survives_a_crash_at_every_point(crashing: World) -> None:
    cart_id, _ = crashing.new_cart()
    points = points_of(crashing, lambda: crashing.initiate(cart_id, key=f"dry-run-{cart_id}"))
    assert len(points) > ENOUGH

    for number, point in enumerate(points, start=1):
        cart_id, _ = crashing.new_cart()
        crash_at(crashing, number, partial(crashing.initiate, cart_id, key=f"tab-1-{cart_id}"))

        again = crashing.initiate(cart_id, key=f"tab-2-{cart_id}")
        if again.status == 409:  # the reservation was committed: it stands until its lifetime is over
            assert again.data["action"] == "retry_later", point
            again = wait_until(partial(created, crashing, cart_id), RESERVATION + 5) or again

        assert again.status == 201, point
        assert live_attempts(crashing, cart_id) == 1


def created(world: World, cart_id: int) -> Reply | None:
    reply = world.initiate(cart_id)
    return reply if reply.status == 201 else None


@pytest.mark.long
@pytest.mark.req("P12", "B9")
def test_a_payment_that_the_bridge_makes_is_made_once_whatever_point_it_dies_at(crashing: World) -> None:
    cart_id, _ = crashing.new_cart()
    points = points_of(crashing, lambda: crashing.initiate(cart_id, key=f"dry-run-{cart_id}", mollie=CREATION))
    assert any("before the call to Mollie" in point for point in points)

    for number, point in enumerate(points, start=1):
        cart_id, _ = crashing.new_cart()
        call = partial(crashing.initiate, cart_id, key=f"key-{cart_id}", mollie=CREATION)
        crash_at(crashing, number, call)

        reply = wait_until(partial(with_page, call), RESERVATION + 10, what=point, interval=0.1)

        at_mollie = [p for p in crashing.mollie.payments() if p.metadata.get("cart_id") == cart_id]
        assert len(at_mollie) == 1, point
        assert reply is not None
        assert reply.data["transaction_id"] == at_mollie[0].id
        assert live_attempts(crashing, cart_id) == 1


def with_page(call: Callable[[], Reply]) -> Reply | None:
    """The call's answer, once it has a page to pay on."""
    reply = call()
    return reply if reply.status in (201, 409) and reply.body.get("data", {}).get("checkout_url") else None
