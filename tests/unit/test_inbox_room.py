"""Room for webhook work: what finds none is stored and taken up later, and whoever waits for it is told."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from bridge.domain.cart import OrderPhase
from bridge.services.settings import GateLimits, WebhookLimits
from bridge.services.webhooks import Worked
from tests.fakes.mollie import MollieRequest
from tests.fakes.services import Limits
from tests.unit.builders import CART
from tests.unit.world import World


class Turnstile:
    """Mollie answers about a payment when it is let through; counts who is there."""

    def __init__(self, world: World) -> None:
        self._doors: dict[str | None, threading.Event] = {}
        self._mutex = threading.Lock()
        self.asked: list[str | None] = []
        world.mollie.before = self

    def hold(self, transaction_id: str) -> None:
        self._doors[transaction_id] = threading.Event()

    def let(self, transaction_id: str) -> None:
        self._doors[transaction_id].set()

    def __call__(self, request: MollieRequest) -> None:
        with self._mutex:
            self.asked.append(request.transaction_id)
        door = self._doors.get(request.transaction_id)
        assert door is None or door.wait(30)


def until(condition: Callable[[], bool]) -> None:
    """Wait for it, ten seconds at most."""
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end, "it never came to be so"
        time.sleep(0.002)


def a_world(*, waiting: int = 24, inline: float = 10.0, settle_wait: float = 0.0) -> World:
    """One thread for webhook work."""
    limits = WebhookLimits(inline=inline, waiting=waiting, lease_wait=0.0, settle_wait=settle_wait)
    return World(Limits(gate=GateLimits(), webhooks=limits))


@pytest.fixture
def world() -> Iterator[World]:
    made = a_world()
    yield made
    made.close()


@pytest.fixture
def callers() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(8) as pool:
        yield pool


def receive(world: World, callers: ThreadPoolExecutor, transaction_id: str) -> Future[Worked | None]:
    """A webhook, on a thread of the server."""
    return callers.submit(world.services.inbox.receive, transaction_id, source="mollie")


def held_up(world: World, callers: ThreadPoolExecutor) -> tuple[Turnstile, Future[Worked | None]]:
    """The webhook of `tr_1` is worked on, and Mollie keeps it waiting."""
    door = Turnstile(world)
    door.hold("tr_1")
    webhook = receive(world, callers, "tr_1")
    until(lambda: door.asked == ["tr_1"])
    return door, webhook


def states(world: World) -> dict[str, str]:
    """The deliveries' states by transaction (the newest of each)."""
    return {each.transaction_id: each.state.value for each in world.ledger._tables.deliveries.values()}


def expired(world: World, *transaction_ids: str) -> None:
    for transaction_id in transaction_ids:
        world.add_payment(transaction_id, "expired", state="superseded")


@pytest.mark.req("B6")
def test_what_finds_no_thread_is_stored_and_whoever_waits_is_told(world: World, callers: ThreadPoolExecutor) -> None:
    expired(world, "tr_1", "tr_2")
    door, first = held_up(world, callers)
    second = receive(world, callers, "tr_2")
    until(lambda: states(world).get("tr_2") == "received")
    assert world.services.inbox.dispatch() == []

    door.let("tr_1")
    assert first.result(30)
    until(lambda: bool(world.services.inbox.dispatch()))
    worked = second.result(30)

    assert worked is not None
    assert worked.done
    assert states(world) == {"tr_1": "done", "tr_2": "done"}


@pytest.mark.req("B6")
def test_who_waits_is_told_by_whoever_takes_it_up(world: World, callers: ThreadPoolExecutor) -> None:
    """There is room again, and the next announcement of the same payment comes before anybody looks."""
    expired(world, "tr_1", "tr_2")
    door, first = held_up(world, callers)
    waits = receive(world, callers, "tr_2")
    until(lambda: states(world).get("tr_2") == "received")
    door.let("tr_1")
    first.result(30)
    until(lambda: world.services.inbox._works == 0)

    again = receive(world, callers, "tr_2")

    assert again.result(30)
    assert waits.result(30)
    assert len(world.ledger._tables.deliveries) == 2
    assert dict(world.services.inbox._waited_for) == {}


@pytest.mark.req("B6")
def test_a_request_without_a_seat_is_answered_at_once_and_its_delivery_is_stored(callers: ThreadPoolExecutor) -> None:
    world = a_world(waiting=1)
    expired(world, "tr_1", "tr_2", "tr_3")
    door, first = held_up(world, callers)

    assert world.services.inbox.receive("tr_2", source="mollie") is None
    assert world.services.inbox.receive("tr_3", source="mollie") is None
    assert states(world) == {"tr_1": "working", "tr_2": "received", "tr_3": "received"}

    door.let("tr_1")
    assert first.result(30)
    until(lambda: world.services.inbox._works == 0)
    assert world.services.inbox.work_due() == 2
    assert set(states(world).values()) == {"done"}
    assert world.services.inbox.receive("tr_1", source="mollie"), "the seat was not given back"
    world.close()


@pytest.mark.req("B6")
def test_seats_are_given_back_however_a_request_ends(callers: ThreadPoolExecutor) -> None:
    world = a_world(waiting=1, inline=0.0)
    expired(world, "tr_1")

    def burst(_: MollieRequest) -> None:
        raise ZeroDivisionError

    world.mollie.before = burst
    for _ in range(3):
        try:
            world.services.inbox.receive("tr_1", source="mollie")
        except ZeroDivisionError:
            continue
    until(lambda: world.services.inbox._works == 0)
    assert world.services.inbox._seats._value == 1
    world.close()


@pytest.mark.req("B6", "B15")
def test_a_shopper_who_is_back_joins_the_work_in_hand(callers: ThreadPoolExecutor) -> None:
    world = a_world(settle_wait=10.0)
    world.add_payment("tr_1", "paid")
    door, webhook = held_up(world, callers)
    back = callers.submit(world.services.inbox.settle, CART)
    assert not back.done()

    door.let("tr_1")

    assert back.result(30)
    assert webhook.result(30)
    assert door.asked == ["tr_1"]
    assert len(world.ledger._tables.deliveries) == 1
    world.close()


@pytest.mark.req("B6")
def test_news_that_comes_while_its_payment_is_worked_on_is_worked_on_afterwards(
    world: World, callers: ThreadPoolExecutor
) -> None:
    world.add_payment("tr_1", "open")
    door, first = held_up(world, callers)
    second = receive(world, callers, "tr_1")
    until(lambda: len(world.ledger._tables.deliveries) == 2)
    third = receive(world, callers, "tr_1")
    door.let("tr_1")
    assert first.result(30)
    world.mollie.pay("tr_1")
    until(lambda: bool(world.services.inbox.dispatch()) or second.done())

    assert second.result(30)
    assert third.result(30)
    assert len(world.ledger._tables.deliveries) == 2
    assert world.state.order_phase is OrderPhase.DONE


@pytest.mark.req("B4", "B6")
def test_two_due_deliveries_of_one_cart_are_worked_on_one_after_the_other_oldest_first() -> None:
    world = World(Limits(gate=GateLimits(), webhooks=WebhookLimits(lease_wait=0.0), webhook_threads=2))
    world.services.inbox._threads = 2
    expired(world, "tr_1", "tr_2")
    for transaction_id in ("tr_1", "tr_2"):
        world.deliver(transaction_id)
        (delivery,) = (d for d in world.ledger._tables.deliveries.values() if d.transaction_id == transaction_id)
        world.services.replays.one(delivery.id)
        world.clock.advance(seconds=1)
    door = Turnstile(world)
    door.hold("tr_1")

    begun = world.services.inbox.dispatch()
    until(lambda: door.asked == ["tr_1"])
    assert (len(begun), world.services.inbox.dispatch()) == (1, [])

    door.let("tr_1")
    begun[0].result(30)
    until(lambda: world.services.inbox._works == 0)
    assert len(world.services.inbox.dispatch()) == 1
    until(lambda: door.asked == ["tr_1", "tr_2"])
    world.close()


@pytest.mark.req("B6")
def test_what_is_due_is_picked_up_in_the_background_even_if_nobody_waits() -> None:
    world = a_world()
    world.add_payment("tr_1", "paid")
    world.services.inbox.start()
    world.services.inbox.ask_later("tr_1", source="janitor")

    until(lambda: states(world) == {"tr_1": "done"})
    world.close()
    assert world.state.order_phase is OrderPhase.DONE


@pytest.mark.slow
@pytest.mark.req("B6", "B8")
def test_a_database_that_is_away_does_not_stop_the_looking() -> None:
    world = a_world()
    world.add_payment("tr_1", "paid")
    world.services.inbox.ask_later("tr_1", source="janitor")
    world.ledger.down = True
    world.services.inbox.start()
    until(lambda: not world.services.inbox._news.is_set())
    world.ledger.down = False

    until(lambda: states(world) == {"tr_1": "done"})
    world.close()


@pytest.mark.req("B6")
def test_closing_finishes_the_work_in_hand_and_sends_away_who_waits_for_more(callers: ThreadPoolExecutor) -> None:
    world = a_world(inline=30.0)
    expired(world, "tr_1", "tr_2")
    door, first = held_up(world, callers)
    second = receive(world, callers, "tr_2")
    until(lambda: states(world).get("tr_2") == "received")
    closing = callers.submit(world.services.inbox.close)
    door.let("tr_1")

    closing.result(30)
    assert first.result(30)
    assert second.result(30) is None
    assert states(world) == {"tr_1": "done", "tr_2": "received"}
