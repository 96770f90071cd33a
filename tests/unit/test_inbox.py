"""The inbox: deliveries are worked on at once where that is quick, later where it is not, and never forgotten."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from bridge.domain.cart import OrderPhase
from bridge.domain.errors import Unavailable
from bridge.ports.shop import ShopAnswer
from bridge.services.settings import GateLimits, WebhookLimits
from tests.fakes.mollie import MollieRequest
from tests.fakes.services import Limits
from tests.fakes.shop_webhook import WebhookCall
from tests.unit.builders import CART, OTHER_PRICE
from tests.unit.world import World


class SlowShop:
    """A shop whose webhook answers when it is told to."""

    def __init__(self, world: World) -> None:
        self.called = threading.Event()
        self.go_on = threading.Event()
        self._work = world.webhook.work
        world.webhook.work = self

    def __call__(self, call: WebhookCall) -> ShopAnswer | None:
        self.called.set()
        assert self.go_on.wait(30)
        return self._work(call) if self._work else None


@pytest.fixture
def hasty() -> Iterator[World]:
    """Nobody waits for an answer."""
    made = World(Limits(gate=GateLimits(), webhooks=WebhookLimits(inline=0.0, settle_wait=0.0)))
    yield made
    made.close()


@pytest.mark.req("B6")
def test_a_webhook_is_stored_and_worked_on_at_once(world: World) -> None:
    world.add_payment("tr_1", "paid")

    worked = world.services.inbox.receive("tr_1", source="mollie", query="a=b")

    assert worked is not None
    assert worked.done
    assert (worked.delivery.source, worked.delivery.query) == ("mollie", "a=b")
    assert worked.closed_order


@pytest.mark.req("B6")
def test_a_slow_shop_is_not_waited_for_and_the_work_goes_on(hasty: World) -> None:
    hasty.add_payment("tr_1", "paid")
    shop = SlowShop(hasty)

    assert hasty.services.inbox.receive("tr_1", source="mollie") is None
    assert shop.called.wait(30)
    assert hasty.state.order_phase is OrderPhase.STARTED
    shop.go_on.set()
    hasty.services.inbox.close()

    assert hasty.undone() == []


def test_who_must_have_an_answer_is_told_to_come_again(hasty: World) -> None:
    hasty.add_payment("tr_1", "paid")
    shop = SlowShop(hasty)

    with pytest.raises(Unavailable) as raised:
        hasty.services.inbox.work_now("tr_1", source="confirm")
    shop.go_on.set()

    assert raised.value.retry_after == 2.0


@pytest.mark.req("B6")
def test_what_is_due_is_taken_up(world: World) -> None:
    world.add_payment("tr_1", "paid")
    world.webhook.script = [ShopAnswer(status=500, body="")]
    worked = world.services.inbox.receive("tr_1", source="mollie")
    assert worked is not None
    assert not worked.done

    assert world.services.inbox.work_due() == 0
    world.clock.advance(seconds=5)
    assert world.services.inbox.work_due() == 1
    assert world.state.order_phase is OrderPhase.DONE
    assert world.services.inbox.work_due() == 0


@pytest.mark.req("B6", "B8")
def test_an_unforeseen_error_leaves_a_delivery_due_and_does_not_stop_the_others(world: World) -> None:
    for transaction_id in ("tr_1", "tr_2"):
        world.add_payment(transaction_id, "expired", state="superseded")
        world.services.inbox.ask_later(transaction_id, source="mollie")

    def break_down(request: MollieRequest) -> None:
        if request.transaction_id == "tr_1":
            raise ZeroDivisionError

    world.mollie.before = break_down
    assert world.services.inbox.work_due() == 2
    assert [delivery.transaction_id for delivery in world.undone()] == ["tr_1"]

    world.mollie.before = None
    assert [delivery.last_error for delivery in world.undone()] == ["ZeroDivisionError: "]
    world.clock.advance(seconds=90)
    world.services.inbox.work_due()
    assert world.undone() == []


# --- the shopper is back ----------------------------------------------------------------------------------------------


@pytest.mark.req("B15")
def test_a_shopper_who_is_back_before_the_webhook_finds_his_order(world: World) -> None:
    world.add_payment("tr_1", "paid")

    assert world.services.inbox.settle(CART)
    assert world.state.order_phase is OrderPhase.DONE
    assert world.audited("settlement.decided") == [{"decision": "Settle", "source": "return"}]


@pytest.mark.req("B15")
@pytest.mark.parametrize("state", ["superseded", "held", None])
def test_a_shopper_who_paid_another_page_than_the_live_one_finds_his_order(world: World, state: str | None) -> None:
    world.add_payment("tr_1", "paid", state=state)

    assert world.services.inbox.settle(CART)


@pytest.mark.req("B15")
def test_a_shopper_whose_payment_was_never_bound_finds_his_order(world: World) -> None:
    world.add_attempt(None, "reserved", attempt_id="mine")
    world.add_payment("tr_1", "paid", state=None)

    assert world.services.inbox.settle(CART)
    assert world.attempt("tr_1").id == "mine"


def test_a_cart_that_is_settled_asks_nobody(world: World) -> None:
    world.add_payment("tr_1", "paid")
    world.services.inbox.settle(CART)
    world.mollie.requests.clear()

    assert world.services.inbox.settle(CART)
    assert world.mollie.requests == []


@pytest.mark.parametrize("status", ["open", "canceled", "expired", "failed"])
def test_a_shopper_who_did_not_pay_has_no_order(world: World, status: str) -> None:
    world.add_payment("tr_1", status)

    assert not world.services.inbox.settle(CART)
    assert world.attempt("tr_1").state == status


def test_surplus_is_not_asked_about_again(world: World) -> None:
    world.add_attempt("tr_2", "surplus")

    assert not world.services.inbox.settle(CART)
    assert world.asked == []


def test_held_money_does_not_make_the_shopper_wait(world: World) -> None:
    world.add_payment("tr_old", "paid", state="superseded")
    world.add_payment("tr_new", "open", money=OTHER_PRICE)

    assert not world.services.inbox.settle(CART)
    assert world.attempt("tr_old").state == "held"


@pytest.mark.req("B15")
def test_a_slow_shop_does_not_hold_the_shopper_and_the_settling_goes_on(hasty: World) -> None:
    hasty.add_payment("tr_1", "paid")
    shop = SlowShop(hasty)

    assert not hasty.services.inbox.settle(CART)
    shop.go_on.set()
    hasty.services.inbox.close()

    assert hasty.state.order_phase is OrderPhase.DONE
