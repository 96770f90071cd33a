"""The same guards elsewhere: under PHP's own server, which can not answer before its end, and with locks in Redis."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.services.mariadb import PrivateMariaDB
from tests.services.redis import PrivateRedis
from tests.shim import courses
from tests.shim.world import ShimWorld, running_world

pytestmark = [
    *(pytest.mark.mariadb, pytest.mark.php, pytest.mark.nginx, pytest.mark.redis),
    pytest.mark.slow,
    pytest.mark.timeout(400),
]

CARTS = 20
COURSES: dict[str, courses.Course] = {
    "three tabs": courses.tabs(3),
    "back button": courses.back_button,
    "changed cart": courses.changed_cart,
    "refresh on return": courses.refresh_on_return,
}


@pytest.fixture(scope="module")
def phps_own_server(mariadb: PrivateMariaDB) -> Iterator[ShimWorld]:
    mariadb.start()
    database = mariadb.create_database("shim_own_server")
    with running_world(database, fpm=False, guarded=True, version="8.2.1", gap_ms=30) as running:
        yield running
    mariadb.drop_database("shim_own_server")


@pytest.fixture(scope="module")
def with_redis(mariadb: PrivateMariaDB, redis_process: PrivateRedis) -> Iterator[ShimWorld]:
    mariadb.start()
    redis_process.start()
    database = mariadb.create_database("shim_redis")
    locks = {"locks": {"backend": "redis", "redis_url": redis_process.url}}
    with running_world(database, web_servers=2, guarded=True, sidecar=locks, gap_ms=30) as running:
        running.server.admin("configure", {"MOLLIEBRIDGE_BACKEND": "redis"})
        yield running
    mariadb.drop_database("shim_redis")


@pytest.mark.req("P1", "P5")
@pytest.mark.parametrize("course", COURSES)
def test_under_phps_own_server(phps_own_server: ShimWorld, course: str, publish: Callable[[str], None]) -> None:
    wrong = courses.run_often(phps_own_server, COURSES[course], CARTS, at_once=2)

    publish(f"one payment and one order: {CARTS - len(wrong)} of {CARTS} carts")
    assert wrong == []


@pytest.mark.req("P1", "P5", "L3")
@pytest.mark.parametrize("course", COURSES)
def test_on_two_web_servers_with_locks_in_redis(
    with_redis: ShimWorld, course: str, publish: Callable[[str], None]
) -> None:
    wrong = courses.run_often(with_redis, COURSES[course], CARTS)

    publish(f"one payment and one order: {CARTS - len(wrong)} of {CARTS} carts")
    assert wrong == []


@pytest.mark.req("P5")
def test_without_the_sidecar_nobody_guards_what_redis_locks_and_mollie_comes_again(with_redis: ShimWorld) -> None:
    assert with_redis.sidecar is not None
    shopper = with_redis.new_shopper()
    transaction = str(shopper.pay().checkout_id)
    with_redis.mollie.pay(transaction)

    with_redis.sidecar.stop()
    refused = with_redis.announce(transaction)
    with_redis.sidecar.start()

    assert (refused.status, "Retry-After" in refused.headers) == (503, True)
    assert with_redis.references(shopper.cart_id) == []
    assert with_redis.announce_until_taken(transaction)[-1] == 200
