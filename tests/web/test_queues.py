"""What an admin sees of the queues, and what he may do about it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from bridge.domain.errors import MollieRefused, MollieTimeout, MollieUnauthorized, MollieUnavailable
from bridge.domain.records import Delivery, DeliveryState, Refund, RefundState
from bridge.domain.surplus import SurplusPolicy
from bridge.ports.shop import ShopAnswer
from bridge.services.settings import RefundLimits
from tests.fakes.services import Limits, World, make_world
from tests.unit.builders import CART
from tests.web.caller import UNKNOWN_PAYMENT, Caller, assert_problem, json_of


@pytest.fixture
def world() -> Iterator[World]:
    """The policy proposes refunds; nothing happened yet."""
    with make_world(Limits(refunds=RefundLimits(policy=SurplusPolicy.PROPOSE))) as made:
        yield made


def receive(world: World, transaction_id: str) -> Delivery:
    worked = world.services.inbox.receive(transaction_id, source="mollie", query="security_token=s3cret")
    assert worked is not None
    return worked.delivery


def pay(world: World, transaction_id: str) -> Delivery:
    """A payment of cart 42 is paid, and its webhook comes."""
    world.mollie.add(transaction_id, "paid")
    world.shop.add_payment(CART, transaction_id)
    return receive(world, transaction_id)


@pytest.fixture
def proposed(world: World) -> Refund:
    """Cart 42 was paid twice."""
    pay(world, "tr_1")
    pay(world, "tr_2")
    (refund,) = world.services.refunds.for_a_person()
    return refund


@pytest.fixture
def dead(world: World) -> Delivery:
    """News of cart 42 that the inbox has given up: the shop was broken."""
    world.shop_webhook.script = [ShopAnswer(status=500, body="")]
    failed = pay(world, "tr_1")
    dead = replace(failed, state=DeliveryState.DEAD, tries=30, next_try_at=None)
    world.ledger.save_delivery(dead)
    return dead


def state_of(world: World, delivery: Delivery) -> str:
    found = world.ledger.find_delivery(delivery.id)
    assert found is not None
    return found.state.value


# --- deliveries -------------------------------------------------------------------------------------------------------


@pytest.mark.req("B6", "P10")
def test_dead_deliveries_are_listed_with_what_a_person_needs(admin: Caller, dead: Delivery) -> None:
    answer = admin.get("/v1/deliveries")

    assert answer.status_code == 200
    body = json_of(answer)
    assert body["message"] == "1 delivery"
    assert body["data"]["deliveries"] == [
        {
            "delivery_id": dead.id,
            "transaction_id": "tr_1",
            "shop_id": 1,
            "cart_id": 42,
            "source": "mollie",
            "state": "dead",
            "decision": "Settle",
            "tries": 30,
            "received_at": "2026-03-01T12:00:00Z",
            "next_try_at": None,
            "last_error": "ShopDown: the shop answered 500",
        }
    ]
    assert "s3cret" not in answer.text


@pytest.mark.req("B6")
@pytest.mark.parametrize(("state", "count"), [("done", 1), ("dead", 0), ("received", 0), ("working", 0), ("failed", 0)])
def test_deliveries_are_listed_by_state(admin: Caller, world: World, state: str, count: int) -> None:
    pay(world, "tr_1")
    body = json_of(admin.get(f"/v1/deliveries?state={state}"))

    assert len(body["data"]["deliveries"]) == count
    assert body["message"] == ("1 delivery" if count == 1 else "0 deliveries")


@pytest.mark.parametrize("query", ["state=lost", "state=", "state=dead&limit=1"])
@pytest.mark.parametrize("path", ["/v1/deliveries", "/v1/refunds"])
def test_a_query_that_can_not_be_meant_is_refused(admin: Caller, path: str, query: str) -> None:
    assert admin.get(f"{path}?{query}").status_code in (400, 422)


@pytest.mark.req("B6")
def test_a_delivery_is_replayed_by_its_id(admin: Caller, world: World, dead: Delivery) -> None:
    answer = admin.post("/v1/deliveries/replay", {"delivery_id": dead.id})

    assert answer.status_code == 200
    (row,) = json_of(answer)["data"]["deliveries"]
    assert (row["state"], row["source"], row["tries"]) == ("received", "replay", 0)
    assert json_of(answer)["message"] == "1 delivery replayed"
    world.services.inbox.work_due()
    assert state_of(world, dead) == "done"
    assert len(world.shop.orders_of(CART)) == 1


@pytest.mark.req("B6")
@pytest.mark.parametrize("body", [{"cart_id": 42}, {"dead": True}])
def test_what_failed_of_a_cart_or_all_that_is_dead_is_replayed(
    admin: Caller, world: World, dead: Delivery, body: dict[str, object]
) -> None:
    assert json_of(admin.post("/v1/deliveries/replay", body))["message"] == "1 delivery replayed"
    assert json_of(admin.post("/v1/deliveries/replay", body))["message"] == "0 deliveries replayed"
    world.services.inbox.work_due()
    assert state_of(world, dead) == "done"


@pytest.mark.req("B6")
def test_replaying_what_does_not_exist_or_is_at_work(admin: Caller, world: World, dead: Delivery) -> None:
    post = "/v1/deliveries/replay"
    assert_problem(admin.post(post, {"delivery_id": UNKNOWN_PAYMENT}), 404, "delivery-not-found")
    assert_problem(admin.post(post, {"cart_id": 4711}), 404, "cart-not-found")
    world.ledger.save_delivery(replace(dead, state=DeliveryState.WORKING))
    assert_problem(admin.post(post, {"delivery_id": dead.id}), 409, "conflict")


@pytest.mark.parametrize(
    "body", [{"delivery_id": 1}, {"cart_id": "x"}, {"cart_id": 0}, {"carts": 1}, {"cart_id": True}]
)
def test_a_replay_that_can_not_be_meant_is_refused(admin: Caller, body: dict[str, object]) -> None:
    assert admin.post("/v1/deliveries/replay", body).status_code in (400, 422)


# --- refunds ----------------------------------------------------------------------------------------------------------


@pytest.mark.req("P3", "L8")
def test_a_proposed_refund_is_listed_with_what_a_person_needs(admin: Caller, proposed: Refund) -> None:
    body = json_of(admin.get("/v1/refunds"))

    assert body["message"] == "1 refund"
    (row,) = body["data"]["refunds"]
    assert (row["refund_id"], row["transaction_id"], row["cart_id"]) == (proposed.id, "tr_2", 42)
    assert (row["amount"], row["currency"], row["kind"], row["status"]) == ("14.40", "EUR", "refund", "proposed")
    assert (row["next_try_at"], row["mollie_refund_id"], row["last_error"]) == (None, None, None)
    assert proposed.key not in str(body)


@pytest.mark.req("P3", "L8")
@pytest.mark.parametrize("state", list(RefundState))
def test_refunds_are_listed_by_state(admin: Caller, world: World, proposed: Refund, state: RefundState) -> None:
    world.ledger.in_cart(CART, lambda tx: tx.save_refund(replace(proposed, state=state)))

    assert [row["status"] for row in json_of(admin.get(f"/v1/refunds?state={state}"))["data"]["refunds"]] == [state]
    listed = json_of(admin.get("/v1/refunds"))["data"]["refunds"]
    assert bool(listed) is (state in {"proposed", "failed", "uncertain"})


@pytest.mark.req("P3", "L8")
def test_an_approved_refund_is_made_and_approving_it_again_changes_nothing(
    admin: Caller, world: World, proposed: Refund
) -> None:
    for _ in range(2):
        answer = admin.post(f"/v1/refunds/{proposed.id.upper()}/approve")
        assert answer.status_code == 200
        assert json_of(answer)["message"] == "Approved: the refund is refunded"
        assert json_of(answer)["data"]["status"] == "refunded"

    assert world.mollie.payments["tr_2"].refunded_minor == 1440
    assert_problem(admin.post(f"/v1/refunds/{proposed.id}/reject"), 409, "conflict")


@pytest.mark.req("P3", "L8")
def test_a_rejected_refund_is_dropped(admin: Caller, world: World, proposed: Refund) -> None:
    for _ in range(2):
        answer = admin.post(f"/v1/refunds/{proposed.id}/reject")
        assert (answer.status_code, json_of(answer)["data"]["status"]) == (200, "dropped")
        assert json_of(answer)["data"]["next_try_at"] is None

    assert_problem(admin.post(f"/v1/refunds/{proposed.id}/approve"), 409, "conflict")
    assert world.mollie.payments["tr_2"].refunded_minor == 0


@pytest.mark.req("L8")
@pytest.mark.parametrize("word", ["approve", "reject"])
@pytest.mark.parametrize("unknown", [UNKNOWN_PAYMENT, "1", "x" * 500, "tr_1", "%00"])
def test_an_unknown_refund_is_not_found(admin: Caller, word: str, unknown: str) -> None:
    assert_problem(admin.post(f"/v1/refunds/{unknown}/{word}"), 404, "refund-not-found")


@pytest.mark.req("P3", "L8", "B9")
@pytest.mark.parametrize(
    ("error", "status", "slug", "state"),
    [
        (MollieTimeout("slow"), 503, "unavailable", "uncertain"),
        (MollieUnavailable("503", retry_after=7), 503, "mollie-unavailable", "queued"),
        (MollieUnauthorized("401"), 503, "mollie-unauthorized", "queued"),
        (MollieRefused("no", status=422), 422, "mollie-refused", "failed"),
    ],
)
def test_an_approval_that_mollie_does_not_follow(
    admin: Caller, world: World, proposed: Refund, error: Exception, status: int, slug: str, state: str
) -> None:
    world.mollie.fail("create_refund", error)  # type: ignore[arg-type]
    answer = admin.post(f"/v1/refunds/{proposed.id}/approve")

    assert_problem(answer, status, slug)
    found = world.services.refunds.find(proposed.id)
    assert found.state == state
    assert ("Retry-After" in answer.headers) is (status == 503)


@pytest.mark.req("P3", "L8")
def test_a_proposal_with_nothing_left_is_answered_as_dropped(admin: Caller, world: World, proposed: Refund) -> None:
    world.mollie.set("tr_2", "paid", refunded=1440)
    answer = admin.post(f"/v1/refunds/{proposed.id}/approve")

    assert json_of(answer)["message"] == "Approved: the refund is dropped"
    assert json_of(answer)["data"]["last_error"] == "nothing is left to give back"
