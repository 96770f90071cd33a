"""Claims and leases."""

from __future__ import annotations

import pytest

from bridge.domain.cart import CartRef
from bridge.domain.settlement import (
    Hold,
    Ignore,
    RecordOnly,
    Settle,
    SettlementDecision,
    Surplus,
    Unknown,
    Unmatched,
    Update,
)
from bridge.web.leases import reason_of
from tests.fakes.services import World
from tests.web.caller import Caller, assert_problem, json_of

LEASE = {"cart_id": 42, "shop_id": 1, "purpose": "return-page"}


@pytest.fixture
def paid(shim: Caller, world: World) -> str:
    """A transaction of cart 42, paid at Mollie; the shop does not know yet."""
    world.mollie.add("tr_1")
    shim.post(f"/v1/payments/{shim.paid()['payment_id']}/bind", {"transaction_id": "tr_1"})
    world.mollie.pay("tr_1")
    return "tr_1"


def claim(shim: Caller, transaction_id: str) -> dict[str, object]:
    answer = shim.post("/v1/webhooks/claim", {"transaction_id": transaction_id})
    assert answer.status_code == 200, answer.text
    data: dict[str, object] = json_of(answer)["data"]
    return data


def token_of(data: dict[str, object]) -> str:
    lease = data["lease"]
    assert isinstance(lease, dict)
    return str(lease["token"])


def test_a_paid_payment_is_claimed_for_the_module_to_work(shim: Caller, paid: str) -> None:
    data = claim(shim, paid)

    assert (data["decision"], data["reason"], data["cart_id"]) == ("process", "settle", 42)
    lease = data["lease"]
    assert isinstance(lease, dict)
    assert set(lease) == {"token", "expires_at"}
    assert lease["expires_at"] == "2026-03-01T12:01:00Z"


def test_a_second_claim_meets_the_lease_and_is_told_when_to_come_again(shim: Caller, paid: str) -> None:
    claim(shim, paid)

    answer = shim.post("/v1/webhooks/claim", {"transaction_id": paid})

    assert_problem(answer, 409, "lease-held")
    assert answer.headers["Retry-After"] == "2"


def test_an_id_that_mollie_does_not_know_is_skipped(shim: Caller) -> None:
    assert claim(shim, "tr_nobody") == {"decision": "skip", "reason": "unknown", "cart_id": None, "lease": None}


def test_what_the_module_did_is_verified(shim: Caller, world: World, paid: str) -> None:
    token = token_of(claim(shim, paid))
    world.shop.add_payment(42, paid)
    world.shop.add_order(42, paid_by=paid)

    answer = shim.post(f"/v1/leases/{token}/complete", {"outcome": "done", "http_status": 200})

    assert json_of(answer) == {"data": {"verified": True, "mismatches": []}, "message": "Verified"}


def test_what_the_module_did_not_do_is_named(shim: Caller, paid: str) -> None:
    token = token_of(claim(shim, paid))

    answer = shim.post(f"/v1/leases/{token}/complete", {"outcome": "done", "http_status": 200})

    assert answer.status_code == 200
    assert json_of(answer)["data"] == {"verified": False, "mismatches": ["no order for the cart"]}


def test_a_failed_work_is_never_verified(shim: Caller, world: World, paid: str) -> None:
    token = token_of(claim(shim, paid))
    world.shop.add_payment(42, paid)
    world.shop.add_order(42, paid_by=paid)

    answer = shim.post(f"/v1/leases/{token}/complete", {"outcome": "failed", "http_status": 500})

    assert json_of(answer)["data"]["verified"] is False


def test_completing_twice_is_a_lost_lease(shim: Caller, paid: str) -> None:
    token = token_of(claim(shim, paid))
    shim.post(f"/v1/leases/{token}/complete", {"outcome": "done"})

    assert_problem(shim.post(f"/v1/leases/{token}/complete", {"outcome": "done"}), 409, "lease-lost")


@pytest.mark.parametrize(
    ("body", "status", "slug"),
    [
        ({}, 400, "malformed-request"),
        ({"outcome": "perhaps"}, 422, "invalid-request"),
        ({"outcome": "done", "http_status": "200"}, 400, "malformed-request"),
        ({"outcome": "done", "http_status": 99}, 422, "invalid-request"),
    ],
)
def test_an_outcome_that_is_none_is_refused(shim: Caller, body: dict[str, object], status: int, slug: str) -> None:
    assert_problem(shim.post("/v1/leases/x/complete", body), status, slug)


def test_a_lease_can_be_taken_renewed_and_given_back(shim: Caller, world: World) -> None:
    taken = shim.post("/v1/leases", LEASE)
    assert taken.status_code == 201
    data = json_of(taken)["data"]
    assert (data["cart_id"], data["shop_id"], data["expires_at"]) == (42, 1, "2026-03-01T12:01:00Z")

    world.clock.advance(seconds=30)
    renewed = shim.post(f"/v1/leases/{data['token']}/renew")
    assert json_of(renewed)["data"]["expires_at"] == "2026-03-01T12:01:30Z"

    completed = shim.post(f"/v1/leases/{data['token']}/complete", {"outcome": "done"})
    assert json_of(completed)["data"] == {"verified": True, "mismatches": []}
    assert shim.post("/v1/leases", LEASE).status_code == 201


def test_a_held_cart_gives_no_second_lease(shim: Caller) -> None:
    shim.post("/v1/leases", LEASE)

    answer = shim.post("/v1/leases", LEASE)

    assert_problem(answer, 409, "lease-held")
    assert answer.headers["Retry-After"] == "2"


@pytest.mark.parametrize(("cart_id", "shop_id"), [(43, 1), (42, 2)])
def test_an_unknown_cart_gives_no_lease_and_writes_nothing(
    shim: Caller, world: World, cart_id: int, shop_id: int
) -> None:
    answer = shim.post("/v1/leases", LEASE | {"cart_id": cart_id, "shop_id": shop_id})

    assert_problem(answer, 404, "cart-not-found")
    assert world.ledger.find_state(CartRef(shop_id=shop_id, cart_id=cart_id)) is None


@pytest.mark.parametrize("purpose", ["", "webhook:1", "Two Words", "p" * 33, "-a"])
def test_a_purpose_is_a_word(shim: Caller, purpose: str) -> None:
    assert_problem(shim.post("/v1/leases", LEASE | {"purpose": purpose}), 422, "invalid-request")


@pytest.mark.parametrize("action", ["renew", "complete"])
def test_an_unknown_token_is_a_lost_lease(shim: Caller, action: str) -> None:
    assert_problem(shim.post(f"/v1/leases/nonsense/{action}", {"outcome": "done"}), 409, "lease-lost")


@pytest.mark.parametrize("wrong", ["", "re_1", "tr_", "1", "tr_a/b"])
def test_a_claim_of_something_else_is_invalid(shim: Caller, wrong: str) -> None:
    assert_problem(shim.post("/v1/webhooks/claim", {"transaction_id": wrong}), 422, "invalid-request")


@pytest.mark.parametrize(
    ("decision", "name"),
    [
        (Settle(), "settle"),
        (Update(), "update"),
        (Surplus("tr_1"), "surplus"),
        (Hold("id"), "hold"),
        (Ignore(), "ignore"),
        (RecordOnly(), "record_only"),
        (Unknown(), "unknown"),
        (Unmatched(), "unmatched"),
    ],
)
def test_every_decision_has_its_name(decision: SettlementDecision, name: str) -> None:
    assert reason_of(decision) == name
