"""The sidecar is stopped, killed, hangs or talks nonsense: the shop sells or refuses kindly, and no news is lost."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from tests.integration.sidecar import SHOP_TOKEN
from tests.integration.world import together
from tests.services.mariadb import Database
from tests.services.waiting import BOUNDED, takes_at_most, wait_until
from tests.shim.shopper import Shopper, Visit
from tests.shim.wire import GARBAGE, Wire, raw, wire_to
from tests.shim.world import ShimWorld, running_world

pytestmark = [pytest.mark.mariadb, pytest.mark.php, pytest.mark.nginx, pytest.mark.slow, pytest.mark.timeout(300)]

LONGER = 3.0
"""Seconds that a request may take more than without the shim."""


@pytest.fixture(scope="module")
def world(module_database: Database) -> Iterator[ShimWorld]:
    # A claim whose answer was lost holds the cart until its lease ends: a minute, where nobody waits for it.
    short = {"locks": {"lifetime": 6.0}, "webhooks": {"shop_timeout": 4.0}}
    with running_world(module_database, guarded=True, sidecar=short) as running:
        yield running


@pytest.fixture(scope="module")
def open_wire(world: ShimWorld) -> Iterator[Wire]:
    assert world.sidecar is not None
    with wire_to(world.sidecar.port) as wire:
        world.server.admin("configure", {"MOLLIEBRIDGE_ENDPOINT": wire.url, "MOLLIEBRIDGE_TOKEN": SHOP_TOKEN})
        yield wire


@pytest.fixture
def wire(world: ShimWorld, open_wire: Wire) -> Iterator[Wire]:
    yield open_wire
    open_wire.clear()
    if world.sidecar is not None:
        world.sidecar.start()
    world.set(gap_ms=None, before_mollie_ms=None)
    world.server.admin("configure", {"MOLLIEBRIDGE_POLICY": "open"})
    assert "PHP Fatal" not in world.server.errors, world.server.errors[-2000:]


def _stop(world: ShimWorld, _: Wire) -> None:
    assert world.sidecar is not None
    world.sidecar.stop()


def _hang(_: ShimWorld, wire: Wire) -> None:
    wire.hang()


def _drop(_: ShimWorld, wire: Wire) -> None:
    wire.rule(".*", lambda _: None)


def _drop_after_the_work(_: ShimWorld, wire: Wire) -> None:
    def work(asked: object) -> None:
        asked.forward()  # type: ignore[attr-defined]

    wire.rule(".*", work)


def _say(answer: bytes) -> Callable[[ShimWorld, Wire], None]:
    return lambda _, wire: wire.rule(".*", lambda _: answer)


OUTAGES: dict[str, Callable[[ShimWorld, Wire], None]] = {
    "stopped": _stop,
    "hanging": _hang,
    "killed before the work": _drop,
    "killed after the work": _drop_after_the_work,
    **{f"says {name}": _say(answer) for name, answer in GARBAGE.items()},
    "wrong token": _say(raw(401, b'{"type":"/problems/unauthorized","title":"t","status":401,"detail":"d"}')),
}
outage = pytest.mark.parametrize("outage", OUTAGES)


def usual_seconds(world: ShimWorld) -> float:
    """How long the request takes in this shop without the shim."""
    world.server.admin("disable")
    try:
        return max(world.new_shopper().pay().seconds for _ in range(3))
    finally:
        world.server.admin("enable")


def paid(world: ShimWorld) -> tuple[Shopper, str]:
    """A shopper whose payment is made and paid, nobody told yet."""
    shopper = world.new_shopper()
    transaction = str(shopper.pay().checkout_id)
    world.mollie.pay(transaction)
    return shopper, transaction


def is_worked_on(world: ShimWorld, shopper: Shopper) -> bool:
    """Whether the paid payment has reached the shop: one order, and the module's row says so."""
    rows = world.books.payments_of(shopper.cart_id)
    return len(world.references(shopper.cart_id)) == 1 and {row["bank_status"] for row in rows} == {"paid"}


@outage
@pytest.mark.req("B1")
def test_open_the_shop_sells(world: ShimWorld, wire: Wire, outage: str) -> None:
    usual = usual_seconds(world)
    OUTAGES[outage](world, wire)

    def seconds() -> float:
        shopper = world.new_shopper()
        visit = shopper.pay()
        assert visit.checkout_id in world.payments_at_mollie(shopper.cart_id)
        return visit.seconds

    assert takes_at_most(usual + LONGER, seconds)


@outage
@pytest.mark.req("B1")
def test_closed_the_shop_refuses_kindly(world: ShimWorld, wire: Wire, outage: str) -> None:
    world.server.admin("configure", {"MOLLIEBRIDGE_POLICY": "closed"})
    OUTAGES[outage](world, wire)

    def seconds() -> float:
        shopper = world.new_shopper()
        visit = shopper.pay()
        assert (visit.status, visit.page, world.payments_at_mollie(shopper.cart_id)) == (302, "order", [])
        told = shopper.follow(visit.location, session=visit.session).text
        assert "Payments are not possible for a moment" in told
        return visit.seconds

    assert takes_at_most(LONGER, seconds)


@outage
@pytest.mark.req("B1")
def test_a_webhook_is_never_taken_without_having_been_worked_on(world: ShimWorld, wire: Wire, outage: str) -> None:
    def seconds() -> float:
        shopper, transaction = paid(world)
        OUTAGES[outage](world, wire)
        visit = world.announce(transaction)
        assert visit.status in {200, 503}
        assert visit.status != 200 or is_worked_on(world, shopper)
        restore(world, wire)
        world.announce_until_taken(transaction)
        assert is_worked_on(world, shopper)
        return visit.seconds

    assert takes_at_most(LONGER + 0.5, seconds)


@outage
def test_the_shopper_who_is_back_does_not_wait_for_long(world: ShimWorld, wire: Wire, outage: str) -> None:
    def seconds() -> float:
        restore(world, wire)
        shopper, transaction = paid(world)
        OUTAGES[outage](world, wire)
        visit = shopper.follow(str(world.mollie.payment(transaction).redirect_url))
        assert visit.status in {200, 302}
        return visit.seconds

    assert takes_at_most(LONGER, seconds)


def restore(world: ShimWorld, wire: Wire) -> None:
    """The sidecar is there again."""
    assert world.sidecar is not None
    wire.clear()
    world.sidecar.start()


@pytest.mark.req("B1")
@pytest.mark.parametrize("outage", ["stopped", "hanging"])
def test_two_tabs_without_the_sidecar_resume_one_payment(world: ShimWorld, wire: Wire, outage: str) -> None:
    world.set(before_mollie_ms=300)
    shopper = world.new_shopper()
    OUTAGES[outage](world, wire)

    visits = together([shopper.pay, shopper.pay])

    assert len(world.payments_at_mollie(shopper.cart_id)) == 1, [visit.location for visit in visits]


@pytest.mark.req("B1")
def test_a_webhook_without_the_sidecar_is_worked_on_under_the_file_lock(world: ShimWorld, wire: Wire) -> None:
    shopper, transaction = paid(world)
    OUTAGES["stopped"](world, wire)

    assert world.announce(transaction).status == 200
    assert is_worked_on(world, shopper)


@pytest.mark.req("B1")
def test_two_webhooks_without_the_sidecar_make_one_order(world: ShimWorld, wire: Wire) -> None:
    world.set(gap_ms=100)
    shopper, transaction = paid(world)
    OUTAGES["stopped"](world, wire)

    together([lambda: world.announce_until_taken(transaction)] * 3)

    assert is_worked_on(world, shopper)


@pytest.mark.req("B1")
def test_killed_while_it_claims_the_next_call_is_worked_on(world: ShimWorld, wire: Wire) -> None:
    assert world.sidecar is not None
    shopper, transaction = paid(world)

    with _slow_mollie(world, transaction):
        first: list[Visit] = []
        call = together_in_background(lambda: first.append(world.announce(transaction)))
        wait_until(lambda: wire.paths("POST /v1/webhooks/claim"), what="the claim")
        world.sidecar.kill()
        call()
    restore(world, wire)

    assert first[0].status != 200 or is_worked_on(world, shopper)
    world.announce_until_taken(transaction)
    assert is_worked_on(world, shopper)


@pytest.mark.req("B1")
def test_killed_while_it_decides_the_shopper_gets_to_one_payment(world: ShimWorld, wire: Wire) -> None:
    assert world.sidecar is not None
    shopper = world.new_shopper()
    transaction = str(shopper.pay().checkout_id)

    with _slow_mollie(world, transaction):
        second: list[Visit] = []
        call = together_in_background(lambda: second.append(shopper.pay()))
        wait_until(lambda: len(wire.paths("POST /v1/payments")) == 2, what="the second initiation")
        world.sidecar.kill()
        call()
    restore(world, wire)

    assert second[0].checkout_id in world.payments_at_mollie(shopper.cart_id)
    assert second[0].seconds < BOUNDED


@contextmanager
def _slow_mollie(world: ShimWorld, transaction: str) -> Iterator[None]:
    world.mollie.faults.delay(1.0, method="GET", path=f"/v2/payments/{transaction}")
    yield
    world.mollie.faults.clear()


def together_in_background(call: Callable[[], object]) -> Callable[[], None]:
    """Begin the call; what is returned waits for its end."""
    thread = threading.Thread(target=call)
    thread.start()
    return lambda: thread.join(30)
