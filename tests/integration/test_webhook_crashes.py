"""kill -9 of the sidecar between every two statements of the webhook path; then Mollie comes again, or the janitor.

Every point of every course is struck as often with Mollie's retries to follow as with nobody but the janitor.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from tests.integration.crash_cases import Case, Crashing
from tests.integration.mortal import Life, MortalSidecar
from tests.integration.unflushed import unflushed
from tests.integration.world import World, running_world
from tests.services.mariadb import Database

pytestmark = [pytest.mark.mariadb, pytest.mark.slow, pytest.mark.timeout(600)]

Publish = Callable[[str], None]

KILLS = 100
"""Of each of the five courses, at least: 500 in all."""


@pytest.fixture(scope="module")
def world(module_database: Database) -> Iterator[World]:
    sidecar, surplus = MortalSidecar(), {"policy": "refund"}
    with unflushed(module_database) as database, running_world(database, sidecar=sidecar, surplus=surplus) as running:
        yield running


@pytest.fixture
def routed(world: World) -> Crashing:
    """Mollie's call goes to the sidecar."""
    assert isinstance(world.sidecar, MortalSidecar)
    return Crashing(world=world, sidecar=world.sidecar, call=world.route)


@pytest.fixture
def delegated(world: World) -> Crashing:
    """Mollie's call goes to the shop, whose shim claims it and completes it."""
    assert isinstance(world.sidecar, MortalSidecar)

    def call(transaction_id: str) -> int | None:
        return world.mollie.webhooks.deliver(transaction_id).status

    return Crashing(world=world, sidecar=world.sidecar, call=call)


def kill_everywhere(
    crashing: Crashing,
    prepare: Callable[[int], list[Case]],
    strike: Callable[[Case, int], Life],
    check: Callable[[Case], None],
    publish: Publish,
) -> None:
    """Strike at every point, for each way of healing, and at least `KILLS` times; then heal, then look."""
    crashing.set_clock_ahead(0)
    (dry,) = prepare(1)
    points = strike(dry, 0).points
    ways = (crashing.come_again, crashing.sweep)
    strikes = max(len(points), KILLS // len(ways))
    kills = 0
    for heal in ways:
        crashing.set_clock_ahead(0)
        cases = prepare(strikes)
        struck_at = [number * len(points) // strikes for number in range(strikes)]
        for case, position in zip(cases, struck_at, strict=True):
            kills += strike(case, position + 1).was_killed
        heal(cases)
        for case, position in zip(cases, struck_at, strict=True):
            with naming(f"killed at point {position + 1}, {points[position]}; then {heal.__name__}"):
                check(case)
    publish(f"kills of the sidecar: {kills}, at {len(points)} points; one right outcome after each")
    assert kills >= KILLS


@contextmanager
def naming(what: str) -> Iterator[None]:
    """Say in a failure what had been done before."""
    try:
        yield
    except AssertionError as error:
        error.add_note(what)
        raise


@pytest.mark.long
@pytest.mark.req("B6", "B8", "B14", "P2")
def test_a_paid_webhook_survives_a_kill_at_every_point(routed: Crashing, publish: Publish) -> None:
    kill_everywhere(routed, routed.paid, routed.strike, routed.is_settled_once, publish)


@pytest.mark.long
@pytest.mark.req("B5", "B6", "B8", "B14")
def test_an_expired_webhook_survives_a_kill_at_every_point(routed: Crashing, publish: Publish) -> None:
    kill_everywhere(routed, routed.expired, routed.strike, routed.is_free, publish)


@pytest.mark.long
@pytest.mark.req("P3", "B4", "B8", "B14")
def test_the_webhook_of_a_surplus_payment_survives_a_kill_at_every_point(routed: Crashing, publish: Publish) -> None:
    kill_everywhere(routed, routed.paid_twice, routed.strike, routed.is_given_back_once, publish)


@pytest.mark.long
@pytest.mark.req("B4", "B8", "B9", "B14")
def test_a_refund_from_the_queue_survives_a_kill_at_every_point(routed: Crashing, publish: Publish) -> None:
    def strike(_: Case, die_at: int) -> Life:
        # The queue takes the oldest refund that nobody has; those that were struck are taken for a minute.
        return routed.sidecar.work("refunds", die_at=die_at)

    kill_everywhere(routed, routed.to_be_refunded, strike, routed.is_given_back_once, publish)


@pytest.mark.long
@pytest.mark.req("B6", "B8", "B14", "P2")
def test_a_claimed_webhook_survives_a_kill_at_every_point(delegated: Crashing, publish: Publish) -> None:
    kill_everywhere(delegated, delegated.paid, delegated.strike, delegated.is_settled_once, publish)
