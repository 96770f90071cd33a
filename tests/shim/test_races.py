"""The real shim and a real sidecar in the stand-in shop: one payment, one order, in every course, on every cart."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest

from tests.services.mariadb import Database, PrivateMariaDB
from tests.shim import courses
from tests.shim.world import ShimWorld, running_world

pytestmark = [pytest.mark.mariadb, pytest.mark.php, pytest.mark.nginx, pytest.mark.slow, pytest.mark.timeout(400)]

CARTS = int(os.environ.get("CARTS", "25"))

COURSES: dict[str, courses.Course] = {
    "two tabs": courses.tabs(2),
    "three tabs": courses.tabs(3),
    "bank transfer": courses.bank_transfer,
    "code and button": courses.code_and_button,
    "back button": courses.back_button,
    "changed cart": courses.changed_cart,
    "refresh on return": courses.refresh_on_return,
    "pending on return": courses.pending_on_return,
}

WEB_SERVERS = {"one web server": 1, "two web servers": 2}


@pytest.fixture(scope="module", params=WEB_SERVERS)
def world(mariadb: PrivateMariaDB, request: pytest.FixtureRequest) -> Iterator[ShimWorld]:
    name = f"shim_races_{request.param.partition(' ')[0]}"
    database: Database = mariadb.create_database(name)
    # Without the bridge such a gap between the last look and the insert gives most carts two orders.
    with running_world(database, web_servers=WEB_SERVERS[request.param], guarded=True, gap_ms=30) as running:
        yield running
    mariadb.drop_database(name)


@pytest.mark.req("P1", "P5", "B3")
@pytest.mark.parametrize("course", COURSES)
def test_one_payment_and_one_order(world: ShimWorld, course: str, publish: Callable[[str], None]) -> None:
    wrong = courses.run_often(world, COURSES[course], CARTS, publish=publish)

    publish(f"one payment and one order: {CARTS - len(wrong)} of {CARTS} carts")
    assert wrong == []
    for server in world.servers:
        assert "PHP Fatal" not in server.errors, server.errors[-2000:]


@pytest.fixture(scope="module")
def unguarded(mariadb: PrivateMariaDB) -> Iterator[ShimWorld]:
    mariadb.start()
    database = mariadb.create_database("shim_races_unguarded")
    with running_world(database, web_servers=2, gap_ms=30) as running:
        yield running
    mariadb.drop_database("shim_races_unguarded")


@pytest.mark.req("P5")
@pytest.mark.parametrize("course", COURSES)
def test_without_the_bridge_the_same_course_ends_badly(
    unguarded: ShimWorld, course: str, publish: Callable[[str], None]
) -> None:
    wrong = courses.run_often(unguarded, COURSES[course], 10)

    publish(f"without the bridge one payment and one order: {10 - len(wrong)} of 10 carts")
    assert wrong
