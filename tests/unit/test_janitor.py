"""The janitor: what a crash, a lost webhook or a shopper who never came back left lying is found and put right."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bridge.domain.attempt import AttemptState
from bridge.domain.cart import OrderPhase
from bridge.domain.errors import (
    MollieUnavailable,
    StoreDown,
)
from bridge.domain.records import AuditEntry, DeliveryState
from bridge.ports.shop import ShopAnswer
from bridge.services.janitor import TASK, Sweep
from bridge.telemetry import METRICS
from tests.unit.builders import CART
from tests.unit.money_back import paid_twice
from tests.unit.world import Killed, World

S = AttemptState


def sweep(world: World) -> Sweep:
    """A pass that is this process's own."""
    done = world.services.janitor.sweep()
    assert done is not None
    return done


def work_off(world: World) -> None:
    world.services.inbox.work_due()


# --- one at a time ----------------------------------------------------------------------------------------------------


@pytest.mark.req("B6")
def test_a_pass_is_left_to_the_sidecar_that_is_at_it(world: World) -> None:
    now = world.clock.now()
    world.ledger.queues.take_task(TASK, "another", now, now + timedelta(seconds=300))

    assert world.services.janitor.sweep() is None
    world.clock.advance(seconds=299)
    assert world.services.janitor.sweep() is None
    world.clock.advance(seconds=1)
    assert world.services.janitor.sweep() is not None


@pytest.mark.req("B6")
def test_a_pass_that_is_over_leaves_the_next_to_anybody(world: World) -> None:
    sweep(world)
    now = world.clock.now()

    assert world.ledger.queues.take_task(TASK, "another", now, now + timedelta(seconds=300))


def test_a_pass_that_failed_leaves_the_next_to_anybody(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> Sweep:
        raise ZeroDivisionError

    monkeypatch.setattr(world.services.janitor, "_sweep", fail)
    with pytest.raises(ZeroDivisionError):
        world.services.janitor.sweep()
    now = world.clock.now()

    assert world.ledger.queues.take_task(TASK, "another", now, now + timedelta(seconds=300))


# --- orders that were begun ---------------------------------------------------------------------------------------


def begin_order(world: World, *, then: DeliveryState | None) -> None:
    """`tr_1` settles the cart, the process dies before the shop is through; `then`: what became of the delivery."""
    world.add_payment("tr_1", "paid")
    world.webhook.script = [ShopAnswer(status=500, body="")]
    delivery = world.deliver("tr_1")
    if then is None:
        del world.ledger._tables.deliveries[delivery.id]
    else:
        world.ledger.save_delivery(replace(delivery, state=then))
    assert world.state.order_phase is OrderPhase.STARTED


@pytest.mark.req("B6", "B8")
@pytest.mark.parametrize("then", [None, DeliveryState.DONE])
def test_an_order_that_was_begun_and_left_is_taken_up_again(world: World, then: DeliveryState | None) -> None:
    begin_order(world, then=then)

    assert sweep(world).orders == 1
    work_off(world)

    assert world.state.order_phase is OrderPhase.DONE
    assert len(world.shop.orders_of(CART)) == 1
    assert sweep(world).orders == 0


@pytest.mark.req("B6")
@pytest.mark.parametrize("then", [DeliveryState.FAILED, DeliveryState.WORKING, DeliveryState.RECEIVED])
def test_an_order_with_a_delivery_to_be_worked_on_is_left_to_the_inbox(world: World, then: DeliveryState) -> None:
    begin_order(world, then=then)

    assert sweep(world).orders == 0


@pytest.mark.req("B6")
def test_an_order_whose_delivery_is_dead_waits_for_a_person(world: World) -> None:
    begin_order(world, then=DeliveryState.DEAD)

    assert sweep(world).orders == 0


@pytest.mark.req("B4")
def test_an_order_that_somebody_works_on_under_a_lease_is_left_to_him(world: World) -> None:
    begin_order(world, then=None)
    lease = world.services.leases.take(CART, purpose="caller:x", timeout=0, keep=False)
    assert lease is not None
    assert sweep(world).orders == 0

    world.clock.advance(seconds=61)
    assert sweep(world).orders == 1


# --- steps ------------------------------------------------------------------------------------------------------------


@pytest.mark.req("B6")
@pytest.mark.parametrize(
    ("step", "method"), [("orders", "unfinished_carts"), ("payments", "unchecked_attempts"), ("removed", "prune")]
)
def test_a_step_that_fails_does_not_stop_the_others(
    world: World, monkeypatch: pytest.MonkeyPatch, step: str, method: str
) -> None:
    begin_order(world, then=None)
    world.add_payment("tr_2", "paid", state="superseded")
    world.ledger.audit(AuditEntry(at=world.clock.now() - timedelta(days=500), event="old"))
    world.clock.advance(hours=1)
    queues = type(world.ledger.queues)

    def fail(*_: object, **__: object) -> object:
        raise StoreDown("for this test")

    monkeypatch.setattr(queues, method, fail)
    done = sweep(world)

    assert done.failed == (step,)
    worked = {"orders": done.orders, "payments": done.payments, "removed": done.removed}
    assert {name for name, number in worked.items() if number} == {"orders", "payments", "removed"} - {step}


@pytest.mark.req("B6", "B8")
def test_a_pass_that_is_killed_anywhere_is_made_good_by_the_next() -> None:
    for at in range(1, 80):
        world = World()
        world.add_payment("tr_1", "paid")
        world.clock.advance(hours=1)
        world.fuse.set(at, kills=True)
        try:
            world.services.janitor.sweep()
            world.services.inbox.work_due()
        except Killed:
            pass
        world.fuse.set(None, kills=False)
        world.close()
        world.run()
        for _ in range(4):
            world.clock.advance(hours=1)
            world.services.janitor.sweep()
            world.services.inbox.work_due()
        assert world.state.order_phase is OrderPhase.DONE, f"at crossing {at}"
        assert len(world.shop.orders_of(CART)) == 1
        world.close()


# --- old rows, and figures --------------------------------------------------------------------------------------------


@pytest.mark.req("B6", "P10")
def test_old_rows_go_and_what_is_still_needed_stays(world: World) -> None:
    now = world.clock.now()
    for days in (399, 401):
        world.ledger.audit(AuditEntry(at=now - timedelta(days=days), event=f"{days}"))
    world.add_payment("tr_1", "expired")
    for state, age in ((DeliveryState.DONE, 91), (DeliveryState.DONE, 89), (DeliveryState.DEAD, 400)):
        done = world.deliver("tr_1")
        received_at = now - timedelta(days=age)
        world.ledger.save_delivery(replace(done, state=state, received_at=received_at))

    assert sweep(world).removed == 2
    assert [entry.event for entry in world.ledger.trail if entry.event.isdigit()] == ["399"]
    left = {(d.state, (now - d.received_at).days) for d in world.ledger._tables.deliveries.values()}
    assert left == {(DeliveryState.DONE, 89), (DeliveryState.DEAD, 400)}


@pytest.mark.req("P10")
def test_the_gauges_say_what_is_there() -> None:
    world = paid_twice("refund")
    world.add_payment("tr_3")
    world.services.janitor.measure()

    assert METRICS.pending_payments._value.get() == 1
    assert METRICS.refund_queue.labels(state="queued")._value.get() == 1
    assert METRICS.notice_queue.labels(state="waiting")._value.get() == 1
    world.services.refunds.work_due()
    world.services.notices.work_due()
    world.services.janitor.measure()
    assert METRICS.refund_queue.labels(state="queued")._value.get() == 0
    assert METRICS.notice_queue.labels(state="waiting")._value.get() == 0
    world.close()


@pytest.mark.req("P10")
def test_every_sidecar_measures_and_one_sweeps(world: World) -> None:
    now = world.clock.now()
    world.ledger.queues.take_task(TASK, "another", now, now + timedelta(seconds=300))
    world.add_payment("tr_1", "paid")
    world.clock.advance(minutes=4)
    METRICS.pending_payments.set(99)
    world.services.janitor.round()

    assert METRICS.pending_payments._value.get() == 1


# --- a clock that was wrong -------------------------------------------------------------------------------------------


@pytest.mark.req("B6", "B8", "L8")
def test_what_a_wrong_clock_put_off_for_years_is_done_when_the_clock_is_right() -> None:
    """The machine came up a year ahead; a refund could not be sent, which was told, and a janitor died at work."""
    world = paid_twice("refund")
    world.clock.advance(hours=365 * 24)
    world.ledger.queues.take_task(TASK, "dead", world.clock.now(), world.clock.now() + timedelta(minutes=5))
    world.mollie.fail("create_refund", MollieUnavailable("503"))
    world.services.refunds.work_due()
    world.clock.advance(hours=-365 * 24)
    assert world.services.refunds.work_due() == 0

    assert sweep(world).strays == 2
    assert world.services.refunds.work_due() == 1
    assert world.mollie.payments["tr_2"].refunded_minor == 1440
    world.close()
