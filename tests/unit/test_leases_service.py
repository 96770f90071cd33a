"""Leases: one holder per cart, a fence that only rises, and a row that survives the holder's lock."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bridge.domain.cart import CartRef
from bridge.domain.errors import LeaseLost, LockTimeout, StoreDown
from bridge.services.leases import Lease, Leases, check_fence, raise_fence, shown_lease
from bridge.telemetry import METRICS
from tests.unit.builders import CART
from tests.unit.world import World


@pytest.fixture
def leases(world: World) -> Leases:
    return world.services.leases


def take(leases: Leases, cart: CartRef = CART, *, purpose: str = "webhook:1", keep: bool = False) -> Lease:
    lease = leases.take(cart, purpose=purpose, timeout=0, keep=keep)
    assert lease is not None
    return lease


@pytest.mark.req("B8")
def test_a_lease_is_shown_in_the_carts_row_and_raises_its_fence(world: World, leases: Leases) -> None:
    lease = take(leases)

    shown = world.state.lease
    assert shown is not None
    assert (shown.token, shown.purpose) == (lease.token, "webhook:1")
    assert (shown.taken_at, shown.expires_at) == (world.clock.now(), world.clock.now() + timedelta(seconds=60))
    assert world.state.fence == lease.fence == 1


@pytest.mark.req("B8")
def test_every_lease_has_a_higher_fence(world: World, leases: Leases) -> None:
    fences = []
    for _ in range(3):
        lease = take(leases)
        fences.append(lease.fence)
        leases.give_back(lease)

    assert fences == [1, 2, 3]
    assert world.state.lease is None


@pytest.mark.req("P2", "P10")
def test_a_cart_has_one_holder_and_the_conflict_is_counted(leases: Leases) -> None:
    counter = METRICS.resource_conflicts.labels(purpose="webhook")
    before = counter._value.get()
    take(leases)

    assert leases.take(CART, purpose="webhook:2", timeout=0, keep=True) is None
    assert counter._value.get() == before + 1


def test_other_carts_are_free(world: World, leases: Leases) -> None:
    take(leases)

    take(leases, world.shop.add_cart(43))


@pytest.mark.req("B8")
def test_a_lease_outlives_the_lock_of_a_process_that_died(world: World, leases: Leases) -> None:
    take(leases, keep=True)
    world.run()
    after = world.services.leases

    assert after.take(CART, purpose="webhook:2", timeout=0, keep=True) is None
    world.clock.advance(seconds=60)
    assert take(after).fence == 2


@pytest.mark.req("B8")
def test_a_lease_that_nobody_gave_back_ends_with_its_lifetime(world: World, leases: Leases) -> None:
    first = take(leases)
    world.clock.advance(seconds=60)

    with pytest.raises(LeaseLost):
        leases.find(first.token)
    assert take(leases).fence == 2


def test_giving_back_too_late_leaves_the_next_holder_alone(world: World, leases: Leases) -> None:
    first = take(leases)
    world.clock.advance(seconds=60)
    second = take(leases)

    leases.give_back(first)

    assert leases.find(second.token) == second
    assert leases.take(CART, purpose="webhook:3", timeout=0, keep=True) is None


def test_a_lease_is_found_by_its_token(leases: Leases) -> None:
    lease = take(leases)

    assert leases.find(lease.token) == lease
    with pytest.raises(LeaseLost):
        leases.find("another")


def test_a_lease_that_was_given_back_is_not_found(leases: Leases) -> None:
    lease = take(leases)
    leases.give_back(lease)

    with pytest.raises(LeaseLost):
        leases.find(lease.token)


def test_a_renewed_lease_lasts_its_lifetime_from_now(world: World, leases: Leases) -> None:
    lease = take(leases)
    world.clock.advance(seconds=50)

    renewed = leases.renew(lease.token)
    world.clock.advance(seconds=50)

    assert renewed.fence == lease.fence
    assert leases.find(lease.token).expires_at == renewed.expires_at


def test_a_lease_that_is_over_can_not_be_renewed(world: World, leases: Leases) -> None:
    lease = take(leases)
    world.clock.advance(seconds=60)

    with pytest.raises(LeaseLost):
        leases.renew(lease.token)


def test_the_lock_is_free_again_when_the_lease_could_not_be_written(world: World, leases: Leases) -> None:
    world.ledger.down = True
    with pytest.raises(StoreDown):
        leases.take(CART, purpose="webhook:1", timeout=0, keep=True)
    world.ledger.down = False

    assert world.locks.held() == ()
    take(leases)


@pytest.mark.req("L3")
def test_short_work_waits_for_no_holder_beyond_its_limit(leases: Leases) -> None:
    with leases.locked(CART, purpose="initiation"):
        with pytest.raises(LockTimeout, match="Lock acquisition timeout"), leases.locked(CART, purpose="initiation"):
            raise AssertionError
        with leases.locked_soon(CART, purpose="initiation", timeout=0) as held:
            assert not held
    with leases.locked_soon(CART, purpose="initiation", timeout=0) as held:
        assert held


def test_the_lock_is_free_again_after_work_that_failed(world: World, leases: Leases) -> None:
    with pytest.raises(ZeroDivisionError), leases.locked(CART, purpose="initiation"):
        raise ZeroDivisionError

    assert world.locks.held() == ()


@pytest.mark.req("B8")
def test_short_work_under_the_lock_raises_the_fence_and_is_refused_beside_a_shown_lease(
    world: World, leases: Leases
) -> None:
    take(leases)
    with pytest.raises(LockTimeout):
        world.ledger.in_cart(CART, lambda tx: raise_fence(tx, world.clock.now()))

    world.clock.advance(seconds=60)
    assert world.ledger.in_cart(CART, lambda tx: raise_fence(tx, world.clock.now())) == 2
    assert world.state.lease is None


@pytest.mark.req("B8")
def test_an_older_fence_may_write_nothing(world: World, leases: Leases) -> None:
    old = take(leases)
    world.clock.advance(seconds=60)
    take(leases)

    with pytest.raises(LeaseLost):
        world.ledger.in_cart(CART, lambda tx: check_fence(tx, old.fence))


def test_a_lease_is_shown_until_the_moment_it_expires(world: World, leases: Leases) -> None:
    lease = take(leases)

    assert shown_lease(world.state, lease.expires_at - timedelta(microseconds=1)) is not None
    assert shown_lease(world.state, lease.expires_at) is None
