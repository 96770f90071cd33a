"""Taking deliveries in: stored first, no more of one payment than are needed, each try counted, dead after the last."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bridge.domain.errors import MollieUnavailable, StoreDown, TooManyUnknown
from bridge.domain.records import DeliveryState
from bridge.ports.shop import ShopAnswer
from tests.fakes.mollie import MollieRequest
from tests.unit.builders import CART
from tests.unit.deliveries import failed_once, few_tries, inbox_of
from tests.unit.money_back import notices
from tests.unit.world import Killed, World

D = DeliveryState


# --- no more than are needed ------------------------------------------------------------------------------------------


@pytest.mark.req("B6")
def test_a_delivery_is_stored_as_taken_before_anything_is_asked(world: World) -> None:
    taken = world.services.webhooks.take("tr_1", source="mollie", query="a=b")

    assert inbox_of(world) == [taken]
    assert (taken.state, taken.tries, taken.query) == (D.WORKING, 1, "a=b")
    assert taken.next_try_at == world.clock.now() + timedelta(seconds=90)
    assert world.mollie.requests == []


@pytest.mark.req("B6")
def test_one_that_waits_is_taken_up_instead_of_another(world: World) -> None:
    world.add_payment("tr_1", "paid")
    world.webhook.script = [ShopAnswer(status=500, body="")]
    first = world.deliver("tr_1")
    again = world.services.webhooks.take("tr_1", source="mollie")

    # Before its time, so that whoever asks often does not use its tries up.
    assert (again.id, again.tries) == (first.id, 1)
    assert len(inbox_of(world)) == 1


@pytest.mark.req("B6")
def test_what_comes_while_one_is_worked_on_is_stored_beside_it(world: World) -> None:
    """What that one has seen may be old by now."""
    first = world.services.webhooks.take("tr_1", source="mollie")
    second = world.services.webhooks.take("tr_1", source="mollie")

    assert first.id != second.id
    assert [each.state for each in inbox_of(world)] == [D.WORKING, D.WORKING]


@pytest.mark.req("B6")
def test_what_is_over_is_not_taken_up_by_new_news(world: World) -> None:
    world.add_payment("tr_1", "paid")
    done = world.deliver("tr_1")
    again = world.services.webhooks.take("tr_1", source="mollie")

    assert again.id != done.id


@pytest.mark.req("B6")
def test_one_that_waits_is_made_due_by_a_question_of_our_own(world: World) -> None:
    world.add_payment("tr_1", "paid")
    world.webhook.script = [ShopAnswer(status=500, body="")]
    world.deliver("tr_1")
    assert world.services.inbox.work_due() == 0
    world.services.inbox.ask_later("tr_1", source="janitor")

    assert len(inbox_of(world)) == 1
    assert world.services.inbox.work_due() == 1
    assert inbox_of(world)[0].state is D.DONE


@pytest.mark.req("B6")
@pytest.mark.parametrize(
    ("waits", "comes", "stands"),
    [
        ("return", "mollie", "mollie"),
        ("janitor", "shim", "shim"),
        ("mollie", "return", "mollie"),
        ("mollie", "shim", "mollie"),
        ("mollie", "reconcile", "reconcile"),
        ("replay", "mollie", "replay"),
    ],
)
def test_what_is_taken_up_is_worked_on_for_the_one_who_has_more_to_say(
    world: World, waits: str, comes: str, stands: str
) -> None:
    world.services.inbox.ask_later("tr_1", source=waits)

    taken = world.services.webhooks.take("tr_1", source=comes)

    assert [taken] == inbox_of(world)
    assert taken.source == stands


@pytest.mark.req("B6")
def test_what_can_not_be_stored_is_not_answered(world: World) -> None:
    world.ledger.down = True
    with pytest.raises(StoreDown):
        world.services.inbox.receive("tr_1", source="mollie")
    world.ledger.down = False

    assert inbox_of(world) == []


# --- tries ------------------------------------------------------------------------------------------------------------


@pytest.mark.req("B6", "B9")
def test_after_so_many_tries_a_delivery_is_dead_and_the_merchant_is_told() -> None:
    world = failed_once(4, failures=10)
    for _ in range(6):
        world.clock.advance(hours=2)
        world.services.inbox.work_due()

    (dead,) = inbox_of(world)
    assert (dead.state, dead.tries, dead.next_try_at) == (D.DEAD, 4, None)
    assert len(world.told) == 4
    assert [(n.kind.value, n.detail["delivery_id"], n.detail["tries"]) for n in notices(world)] == [
        ("delivery_dead", dead.id, 4)
    ]
    world.close()


@pytest.mark.req("B6", "B9")
def test_the_last_try_may_still_do_it() -> None:
    world = failed_once(3, failures=2)
    for _ in range(2):
        world.clock.advance(hours=2)
        world.services.inbox.work_due()

    assert inbox_of(world)[0].state is D.DONE
    assert notices(world) == []
    world.close()


@pytest.mark.req("B6")
def test_a_delivery_that_kills_its_worker_each_time_dies_in_the_end() -> None:
    world = few_tries(6)
    world.add_payment("tr_1", "paid")
    deaths = 0

    def poison(_: MollieRequest) -> None:
        world.fuse.set(1, kills=True)
        world.fuse.cross(StoreDown("never said"))

    world.mollie.before = poison
    for _ in range(20):
        try:
            if not inbox_of(world):
                world.deliver("tr_1")
            for delivery in world.ledger.queues.due_deliveries(world.clock.now(), 10):
                world.services.webhooks.work_due(delivery)
        except Killed:
            deaths += 1
            world.run()
        world.clock.advance(hours=2)

    (dead,) = inbox_of(world)
    assert (dead.state, dead.tries) in ((D.DEAD, 6), (D.DEAD, 7))
    assert deaths >= 3
    assert [notice.kind.value for notice in notices(world)] == ["delivery_dead"]
    world.close()


@pytest.mark.req("B6")
def test_a_delivery_whose_first_worker_died_is_worked_on_at_once(world: World) -> None:
    world.add_payment("tr_1", "paid")
    world.services.webhooks.take("tr_1", source="mollie")
    world.clock.advance(seconds=89)
    assert world.services.inbox.work_due() == 0
    world.clock.advance(seconds=1)

    assert world.services.inbox.work_due() == 1
    assert [each.state for each in inbox_of(world)] == [D.DONE]


@pytest.mark.req("B6")
def test_mollies_retry_after_is_the_least_pause(world: World) -> None:
    world.add_payment("tr_1", "paid")
    world.mollie.fail("find_payment", MollieUnavailable("429", retry_after=900))
    failed = world.deliver("tr_1")

    assert failed.next_try_at == world.clock.now() + timedelta(seconds=900)


@pytest.mark.req("B6", "B8")
def test_a_slow_worker_does_not_reopen_what_somebody_else_has_finished(world: World) -> None:
    """It stood still for longer than a delivery is somebody's, and then finds that its lease is gone."""
    world.add_payment("tr_1", "paid")
    slow = world.services.webhooks.take("tr_1", source="mollie")
    world.clock.advance(seconds=90)
    world.services.inbox.work_due()
    assert inbox_of(world)[0].state is D.DONE

    world.webhooks._endings.put_back(slow, StoreDown("too late"))
    assert inbox_of(world)[0].state is D.DONE


@pytest.mark.req("P10")
def test_neither_the_query_nor_an_answer_is_in_what_is_kept_of_a_failure(world: World) -> None:
    world.add_payment("tr_1", "paid")
    world.webhook.script = [ShopAnswer(status=500, body="<html>customer@example.com" + "x" * 9000)]
    taken = world.services.webhooks.take("tr_1", source="mollie", query="security_token=s3cret")
    failed = world.services.webhooks.work(taken).delivery

    assert failed.last_error == "ShopDown: the shop answered 500"
    assert all("s3cret" not in str(entry) for entry in world.ledger.trail)


# --- payments that nobody knows -----------------------------------------------------------------------------------


def flood(world: World, count: int) -> int:
    """How many of so many invented payments get in."""
    let_in = 0
    for number in range(count):
        try:
            world.services.inbox.receive(f"tr_invented{number}", source="mollie")
            let_in += 1
        except TooManyUnknown:
            pass
    return let_in


@pytest.mark.req("B6", "B9")
def test_invented_payments_are_taken_in_slowly_and_cost_nothing_else(world: World) -> None:
    assert flood(world, 150) == 120
    assert len(world.asked) == 120
    assert len(world.ledger._tables.deliveries) == 120
    world.clock.advance(seconds=30)
    assert flood(world, 150) == 60


@pytest.mark.req("B6", "B9")
@pytest.mark.parametrize("row", [True, False])
def test_a_flood_of_invented_payments_does_not_keep_a_known_one_out(world: World, *, row: bool) -> None:
    flood(world, 130)
    world.add_payment("tr_1", "paid", row=row, state=None if row else "open")

    worked = world.services.inbox.receive("tr_1", source="mollie")

    assert worked is not None
    assert worked.done


@pytest.mark.req("B6")
def test_the_limit_holds_for_claims_too(world: World) -> None:
    flood(world, 130)

    with pytest.raises(TooManyUnknown) as raised:
        world.claims.claim("tr_another")
    assert raised.value.retry_after == 60.0
    world.add_payment("tr_1", "paid")
    assert world.claims.claim("tr_1").cart == CART
