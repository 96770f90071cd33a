"""A thousand webhooks at once: what is answered 2xx is done, what is answered 503 is stored, and all is worked off."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from itertools import cycle

import pytest
import requests

from bridge.demo.simulator.records import PaymentStatus
from tests.integration.findings import paid_by, wait_until_all_done
from tests.integration.unflushed import unflushed
from tests.integration.world import World, running_world
from tests.services.mariadb import Database

pytestmark = [pytest.mark.mariadb, pytest.mark.slow, pytest.mark.timeout(300)]

CARTS = 150
PAYMENTS = 500
DELIVERIES = 1000
"""Each payment is announced twice."""
CALLERS = 250


@pytest.fixture(scope="module")
def world(module_database: Database) -> Iterator[World]:
    """As many threads as the default; the unknown are no part of it."""
    surplus, webhooks = {"policy": "refund"}, {"first_pause": 0.2}
    with unflushed(module_database) as database, running_world(database, surplus=surplus, webhooks=webhooks) as running:
        yield running


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What Mollie was answered, and when."""

    transaction_id: str
    status: int
    at: datetime
    retry_after: str | None


def opened(world: World) -> dict[str, int]:
    """Payments with their carts: of each cart three or more, one of them paid, some paid twice, the others over."""
    ends: dict[str, int] = {}
    carts = [world.new_cart()[0] for _ in range(CARTS)]
    fates = cycle(("pay", "expire", "cancel", "fail"))
    for number in range(PAYMENTS):
        transaction_id = world.shop.pay(carts[number % CARTS]).transaction_id
        world.mollie.webhooks.lose(transaction_id)
        fate = "pay" if number < CARTS or number % 50 == 0 else next(fates)
        getattr(world.mollie, fate)(transaction_id)
        ends[transaction_id] = carts[number % CARTS]
    return ends


def announce(world: World, transaction_id: str) -> Answer:
    """Mollie's call."""
    answer = requests.post(f"{world.sidecar.url}/webhooks/mollie", data={"id": transaction_id}, timeout=60)
    return Answer(
        transaction_id=transaction_id,
        status=answer.status_code,
        at=datetime.now(UTC).replace(tzinfo=None),
        retry_after=answer.headers.get("Retry-After"),
    )


@pytest.mark.long
@pytest.mark.req("P2", "P3", "B6")
def test_a_thousand_webhooks_at_once_are_all_worked_off(world: World, publish: Callable[[str], None]) -> None:
    payments = opened(world)
    twice = [*payments, *payments]

    with ThreadPoolExecutor(CALLERS) as pool:
        answers = list(pool.map(partial(announce, world), twice))

    stored = deliveries_of(world)
    for answer in answers:
        received_at, state, done_at = stored[answer.transaction_id]
        assert received_at <= answer.at
        if answer.status == 200:
            assert (state, done_at <= answer.at) == ("done", True)
        else:
            assert answer.status == 503
            assert int(answer.retry_after or 0) > 0
    counted = Counter(answer.status for answer in answers)
    assert counted.total() == DELIVERIES

    wait_until_all_done(world, 200)
    for cart_id in set(payments.values()):
        assert len(world.references(cart_id)) == 1
        assert len(paid_by(world, cart_id)) == 1
    gives_back = Counter(cart for tr, cart in payments.items() if world.mollie.payment(tr).status is PaymentStatus.PAID)
    refunds = world.mollie.counters().refunds
    assert refunds == sum(gives_back.values()) - CARTS
    publish(
        f"{DELIVERIES} webhooks at once: {counted[200]} done when answered, {counted[503]} stored and done later; "
        f"{CARTS} orders, {refunds} surplus payments given back"
    )


def deliveries_of(world: World) -> dict[str, tuple[datetime, str, datetime]]:
    """Of each payment: when its first delivery was stored, and whether and since when one is done."""
    rows = world.rows(
        "SELECT transaction_id, MIN(received_at), MAX(state = 'done'), MIN(IF(state = 'done', updated_at, NULL)) "
        "FROM {p}delivery GROUP BY transaction_id"
    )
    return {tr: (received_at, "done" if done else "waiting", done_at) for tr, received_at, done, done_at in rows}
