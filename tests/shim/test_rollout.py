"""Observed carts in the stand-in shop: the bridge notes what it would have done, and the shop is as without it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from bridge.domain.cart import CartRef
from bridge.domain.rollout import Rollout, RolloutMode
from tests.services.mariadb import PrivateMariaDB
from tests.services.waiting import wait_until
from tests.shim.shopper import Shopper
from tests.shim.world import ShimWorld, running_world

pytestmark = [pytest.mark.mariadb, pytest.mark.php, pytest.mark.nginx, pytest.mark.slow, pytest.mark.timeout(300)]

CARTS = 24
HALF = 50


@contextmanager
def rolled_out(mariadb: PrivateMariaDB, name: str, rollout: dict[str, Any]) -> Iterator[ShimWorld]:
    mariadb.start()
    database = mariadb.create_database(name)
    with running_world(database, guarded=True, sidecar={"rollout": rollout}) as running:
        yield running
    mariadb.drop_database(name)


@pytest.fixture(scope="module")
def observing(mariadb: PrivateMariaDB) -> Iterator[ShimWorld]:
    with rolled_out(mariadb, "shim_observing", {"mode": "observe"}) as running:
        yield running


@pytest.fixture(scope="module")
def by_halves(mariadb: PrivateMariaDB) -> Iterator[ShimWorld]:
    with rolled_out(mariadb, "shim_halves", {"percentage": HALF}) as running:
        yield running


def pay_twice(world: ShimWorld, shopper: Shopper) -> list[str]:
    """The button in two tabs, one after the other, all paid and announced; the payments at Mollie."""
    shopper.pay()
    shopper.pay()
    payments = world.payments_at_mollie(shopper.cart_id)
    for transaction in payments:
        world.mollie.pay(transaction)
        world.announce_until_taken(transaction)
    return payments


@pytest.mark.req("L17")
def test_observing_two_tabs_make_two_payments_and_the_second_is_absorbed(observing: ShimWorld) -> None:
    shopper = observing.new_shopper()

    payments = pay_twice(observing, shopper)

    assert len(payments) == 2
    assert {row["bank_status"] for row in observing.books.payments_of(shopper.cart_id)} == {"paid"}
    assert len(observing.references(shopper.cart_id)) == 1


@pytest.mark.req("L17")
def test_observing_the_bridge_notes_what_it_would_have_done(observing: ShimWorld) -> None:
    shopper = observing.new_shopper()

    pay_twice(observing, shopper)

    noted = observing.database.execute("SELECT event FROM ps_molbridge_audit WHERE id_cart = %s", shopper.cart_id)
    assert ("initiation.observed",) in noted


@pytest.mark.req("L17")
def test_observing_the_answers_of_the_webhook_are_the_modules_own(observing: ShimWorld) -> None:
    shopper = observing.new_shopper()
    transaction = str(shopper.pay().checkout_id)
    observing.mollie.pay(transaction)
    observing.set(fatal_in_invoice=True)

    died = observing.announce(transaction)
    observing.set(fatal_in_invoice=None)

    assert died.status == 200


@pytest.mark.req("L17")
def test_observing_a_shopper_who_is_back_sees_what_he_would_see(observing: ShimWorld) -> None:
    shopper = observing.new_shopper()
    transaction = str(shopper.pay().checkout_id)
    observing.mollie.start(transaction)

    returned = shopper.follow(str(observing.mollie.payment(transaction).redirect_url))

    assert returned.page == "order-confirmation"


@pytest.mark.req("L17")
def test_half_of_the_carts_are_guarded_and_always_the_same(
    by_halves: ShimWorld, publish: Callable[[str], None]
) -> None:
    rollout = Rollout(mode=RolloutMode.ENFORCE, percentage=HALF)
    shoppers = [by_halves.new_shopper() for _ in range(CARTS)]

    guarded = {shopper.cart_id for shopper in shoppers if len(pay_twice(by_halves, shopper)) == 1}

    publish(f"guarded: {len(guarded)} of {CARTS} carts")
    assert guarded == {s.cart_id for s in shoppers if rollout.guards(CartRef(shop_id=1, cart_id=s.cart_id))}
    assert 0 < len(guarded) < CARTS


@pytest.fixture(params=[{"mode": "observe"}, {"percentage": 0}], ids=["observing", "at 0 percent"])
def watching(mariadb: PrivateMariaDB, request: pytest.FixtureRequest) -> Iterator[ShimWorld]:
    database = mariadb.create_database("shim_watching")
    with running_world(database, guarded=True, sidecar={"rollout": request.param}) as running:
        yield running
    mariadb.drop_database("shim_watching")


@pytest.mark.req("L17")
def test_a_cart_that_is_only_watched_is_never_held_up(watching: ShimWorld) -> None:
    shopper = watching.new_shopper()

    visits = [shopper.pay(), shopper.pay()]

    payments = watching.payments_at_mollie(shopper.cart_id)
    assert sorted(payments) == sorted(str(visit.checkout_id) for visit in visits)
    assert len(payments) == 2
    for transaction in payments:
        watching.mollie.pay(transaction)
        assert watching.announce(transaction).status == 200
    assert {row["bank_status"] for row in watching.books.payments_of(shopper.cart_id)} == {"paid"}
    assert watching.database.execute("SELECT COUNT(*) FROM ps_molbridge_cart WHERE lease_token IS NOT NULL")[0][0] == 0


# --- the sidecar is stopped, and the shop is to refuse sales without it


@contextmanager
def closed_and_stopped(world: ShimWorld) -> Iterator[None]:
    """Policy `closed`, and nobody who answers; afterwards the sidecar is there again."""
    assert world.sidecar is not None
    world.server.admin("configure", {"MOLLIEBRIDGE_POLICY": "closed"})
    world.sidecar.stop()
    try:
        yield
    finally:
        world.sidecar.start()
        world.server.admin("configure", {"MOLLIEBRIDGE_POLICY": "open"})


@pytest.mark.req("L17", "B1")
def test_how_the_sidecar_is_set_is_learned_from_the_first_payment(watching: ShimWorld) -> None:
    assert watching.learned == ""

    watching.new_shopper().pay()

    wait_until(lambda: watching.learned in {"observe", "0"}, what="the roll-out to be learned")


@pytest.mark.req("L17", "B1")
def test_a_shop_that_only_watches_sells_without_the_sidecar_too(watching: ShimWorld) -> None:
    watching.wait_until_learned()
    shopper = watching.new_shopper()

    with closed_and_stopped(watching):
        visits = [shopper.pay(), shopper.pay()]
        for transaction in watching.payments_at_mollie(shopper.cart_id):
            watching.mollie.pay(transaction)
            assert watching.announce(transaction).status == 200

    assert len({visit.checkout_id for visit in visits} - {None}) == 2
    assert {row["bank_status"] for row in watching.books.payments_of(shopper.cart_id)} == {"paid"}
    assert len(watching.references(shopper.cart_id)) == 1


@pytest.mark.req("L17", "B1")
def test_of_the_carts_only_those_that_are_guarded_are_refused(by_halves: ShimWorld) -> None:
    rollout = Rollout(mode=RolloutMode.ENFORCE, percentage=HALF)
    by_halves.new_shopper().pay()
    wait_until(lambda: by_halves.learned == str(HALF), what="the roll-out to be learned")
    shoppers = [by_halves.new_shopper() for _ in range(8)]

    with closed_and_stopped(by_halves):
        sold = {shopper.cart_id for shopper in shoppers if shopper.pay().checkout_id}

    assert sold == {s.cart_id for s in shoppers if not rollout.guards(CartRef(shop_id=1, cart_id=s.cart_id))}


@pytest.mark.req("L17", "B1")
def test_what_is_remembered_of_a_sidecar_that_guards_now_is_forgotten(by_halves: ShimWorld) -> None:
    by_halves.server.admin("configure", {"MOLLIEBRIDGE_ROLLOUT": "observe"})
    rollout = Rollout(mode=RolloutMode.ENFORCE, percentage=HALF)
    shoppers = (by_halves.new_shopper() for _ in range(CARTS))
    guarded = next(s for s in shoppers if rollout.guards(CartRef(shop_id=1, cart_id=s.cart_id)))

    guarded.pay()

    wait_until(lambda: by_halves.learned == str(HALF), what="the roll-out to be learned anew")
