"""Gradual roll-out: some carts are guarded, the others only watched, and nobody is held up by being watched."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bridge.domain.cart import CartRef
from bridge.domain.errors import BridgeError, MollieTimeout, MollieUnauthorized, MollieUnavailable
from bridge.domain.records import DeliveryState
from bridge.domain.rollout import Rollout, RolloutMode
from bridge.ports.shop import ShopAnswer
from bridge.services.settings import GateLimits
from tests.fakes.services import Limits
from tests.unit.builders import CART, a_request
from tests.unit.world import World

OBSERVE = Rollout(mode=RolloutMode.OBSERVE)
CARTS = [CartRef(shop_id=1, cart_id=number) for number in range(1, 10_001)]


@pytest.fixture
def watched() -> Iterator[World]:
    """A world in which no cart is guarded."""
    made = World(Limits(gate=GateLimits(), rollout=OBSERVE))
    yield made
    made.close()


@pytest.mark.req("L17")
@pytest.mark.parametrize("percentage", [0, 1, 10, 50, 99, 100])
def test_about_as_many_carts_are_guarded_as_the_percentage_says(percentage: int) -> None:
    guarded = sum(Rollout(percentage=percentage).guards(cart) for cart in CARTS)

    assert abs(guarded - percentage * 100) <= 150
    assert guarded == percentage * 100 or percentage not in (0, 100)


@pytest.mark.req("L17")
def test_a_cart_that_is_guarded_stays_so_as_the_percentage_is_raised() -> None:
    steps = [{cart for cart in CARTS if Rollout(percentage=percentage).guards(cart)} for percentage in (10, 50, 100)]

    assert steps[0] < steps[1] < steps[2]


@pytest.mark.req("L17")
def test_observing_guards_no_cart_whatever_the_percentage() -> None:
    assert not any(OBSERVE.guards(cart) for cart in CARTS)


@pytest.mark.req("L17")
@pytest.mark.parametrize(
    ("stands_there", "decision"),
    [("nothing", "Proceed"), ("open", "Resume"), ("order", "AlreadyOrdered"), ("paid", "AlreadyPaid")],
)
def test_a_watched_cart_may_always_be_paid_and_the_decision_is_kept(
    watched: World, stands_there: str, decision: str
) -> None:
    if stands_there == "order":
        watched.shop.add_order(CART)
    elif stands_there != "nothing":
        watched.add_payment("tr_1", stands_there)
        watched.clock.advance(seconds=120)

    answer = watched.services.initiation.initiate(a_request())

    assert (answer.is_new, answer.action, answer.payment_id) == (True, "create", None)
    assert [detail["decision"] for detail in watched.audited("initiation.observed")] == [decision]
    assert watched.audited("initiation.decided") == []
    assert all(attempt.state != "reserved" for attempt in watched.attempts)


@pytest.mark.req("L17")
def test_watching_refuses_nobody(watched: World) -> None:
    assert watched.services.initiation.initiate(a_request(customer_id=999)).is_new
    assert watched.services.initiation.initiate(a_request(cart=CartRef(shop_id=1, cart_id=777))).is_new


@pytest.mark.req("L17")
def test_a_payment_that_the_bridge_makes_itself_is_always_guarded(watched: World) -> None:
    first = watched.services.initiation.initiate(a_request("one", by_bridge=True))
    second = watched.services.initiation.initiate(a_request("two", by_bridge=True))

    assert (first.is_new, second.is_new, second.action) == (True, False, "resume")


@pytest.mark.req("L17")
def test_the_module_works_on_a_watched_webhook_without_a_lease(watched: World) -> None:
    watched.add_payment("tr_1", "paid", state=None)

    claim = watched.claims.claim("tr_1")

    assert (claim.process, claim.lease) == (True, None)
    assert watched.audited("settlement.observed") == [{"decision": "Settle", "source": "shim"}]
    assert (watched.state.fence, watched.attempts, watched.undone()) == (0, (), [])


@pytest.mark.req("L17")
def test_a_second_payment_of_a_watched_cart_reaches_the_module_and_is_noted(watched: World) -> None:
    watched.add_payment("tr_1", "paid", state=None)
    watched.shop.add_order(CART, paid_by="tr_1")
    watched.add_payment("tr_2", "paid", state=None)

    assert watched.claims.claim("tr_2").process
    assert [detail["decision"] for detail in watched.audited("settlement.observed")] == ["Surplus"]
    assert watched.shop.reason_of("tr_2") is None


@pytest.mark.req("L17")
def test_a_webhook_that_nobody_can_place_is_the_modules_business_while_observing(watched: World) -> None:
    assert watched.claims.claim("tr_unknown").process


@pytest.mark.req("L17")
@pytest.mark.parametrize("known", [True, False], ids=["of a known cart", "that only Mollie can place"])
@pytest.mark.parametrize("error", [MollieUnavailable("503"), MollieUnauthorized("401"), MollieTimeout("slow")])
def test_a_watched_webhook_reaches_the_module_though_mollie_can_not_be_asked(
    watched: World, error: BridgeError, known: bool
) -> None:
    watched.add_payment("tr_1", "paid", state=None, row=known)
    watched.mollie.fail_always("find_payment", error)

    claim = watched.claims.claim("tr_1")

    assert (claim.process, claim.lease) == (True, None)
    assert watched.undone() == []


@pytest.mark.req("L17")
def test_a_watched_webhook_reaches_the_module_though_nothing_can_be_stored(watched: World) -> None:
    watched.add_payment("tr_1", "paid", state=None)
    watched.ledger.down = True

    assert watched.claims.claim("tr_1").process


@pytest.mark.req("L17")
def test_nor_are_webhooks_of_unknown_payments_limited_for_the_module(watched: World) -> None:
    limit = watched.limits.webhooks.unknown_per_minute

    assert all(watched.claims.claim(f"tr_{number}").process for number in range(limit + 1))


@pytest.mark.req("L17")
def test_outside_of_the_percentage_mollies_silence_holds_nobody_up_and_inside_it_does() -> None:
    def claim(percentage: int) -> bool:
        world = World(Limits(gate=GateLimits(), rollout=Rollout(percentage=percentage)))
        world.add_payment("tr_1", "paid", state=None)
        world.mollie.fail_always("find_payment", MollieUnavailable("503"))
        try:
            return world.claims.claim("tr_1").process
        finally:
            world.close()

    assert claim(percentage=0)
    with pytest.raises(MollieUnavailable):
        claim(percentage=100)


@pytest.mark.req("L17")
def test_a_watched_webhook_that_is_routed_is_passed_on(watched: World) -> None:
    watched.add_payment("tr_1", "paid", state=None)

    delivery = watched.deliver("tr_1")

    assert (delivery.state, delivery.cart, delivery.decision) == (DeliveryState.DONE, CART, "Settle")
    assert watched.told == ["tr_1"]
    assert watched.state.fence == 0


@pytest.mark.req("L17")
def test_mollies_own_call_reaches_the_shop_of_a_watched_cart_though_a_question_of_ours_waited(watched: World) -> None:
    """The shopper came back while Mollie did not answer; what he had asked waits, and Mollie's call takes it up."""
    watched.add_payment("tr_1", "paid", state=None)
    watched.mollie.fail("find_payment", MollieUnavailable("Mollie does not answer"))
    watched.webhooks.work(watched.webhooks.take("tr_1", source="return"))

    delivery = watched.deliver("tr_1")

    assert delivery.state is DeliveryState.DONE
    assert watched.told == ["tr_1"]


@pytest.mark.req("L17")
def test_a_call_that_waits_beside_a_question_of_ours_reaches_the_shop_of_a_watched_cart(watched: World) -> None:
    watched.add_payment("tr_1", "paid", state=None)
    watched.services.inbox.ask_later("tr_1", source="return")
    watched.services.inbox.ask_later("tr_1", source="mollie")

    watched.work_off()

    assert watched.told == ["tr_1"]


@pytest.mark.req("B6", "L17")
def test_a_question_of_ours_does_not_close_the_call_of_a_watched_cart_that_the_shop_failed_to_take(
    watched: World,
) -> None:
    """Two processes: one works on Mollie's call, the other one on what the shopper who came back had asked."""
    watched.add_payment("tr_1", "paid", state=None)
    watched.webhook.script = [ShopAnswer(status=500, body="")]
    called = watched.webhooks.take("tr_1", source="mollie")
    asked = watched.webhooks.take("tr_1", source="return")
    watched.webhooks.work(called)
    watched.webhooks.work(asked)

    watched.work_off()

    assert watched.told == ["tr_1", "tr_1"]
