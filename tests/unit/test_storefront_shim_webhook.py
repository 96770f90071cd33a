"""Webhooks with the shim: claimed before the module works, verified after it, and safe without the sidecar."""

from __future__ import annotations

import hashlib
import hmac
from contextlib import suppress

import pytest

from bridge.demo.storefront import Answer, BridgeShim, ConnectionBroken, Failure
from bridge.demo.storefront.flock import held
from tests.unit.fake_sidecar import NOBODY, TOKEN, Bridge, FakeSidecar
from tests.unit.storefront_scene import Scene

LEASE = {"token": "lease-1", "expires_at": "2026-11-21T22:00:00Z"}


def claimed(sidecar: FakeSidecar, cart: int) -> None:
    sidecar.says("claim", 200, {"decision": "process", "reason": "settle", "cart_id": cart, "lease": LEASE})


def test_a_claimed_webhook_is_worked_on_and_verified(scene: Scene, bridge: Bridge, paid: tuple[int, str]) -> None:
    sidecar, shim = bridge
    cart, transaction_id = paid
    claimed(sidecar, cart)
    sidecar.says("complete", 200, {"verified": True, "mismatches": []})

    assert shim.webhook(scene.shop, transaction_id, "t").status == 200

    assert len(scene.references(cart)) == 1
    assert [call.body for call in sidecar.called("claim")] == [{"transaction_id": transaction_id}]
    (completed,) = sidecar.called("complete")
    assert completed.path == "v1/leases/lease-1/complete"
    assert completed.body == {"outcome": "done", "http_status": 200}


def test_a_webhook_to_be_skipped_never_reaches_the_module(scene: Scene, bridge: Bridge, paid: tuple[int, str]) -> None:
    sidecar, shim = bridge
    cart, transaction_id = paid
    sidecar.says("claim", 200, {"decision": "skip", "reason": "surplus", "cart_id": cart, "lease": None})

    assert shim.webhook(scene.shop, transaction_id, "t").status == 200
    assert scene.references(cart) == set()


@pytest.mark.parametrize("status", [409, 503])
def test_a_held_lease_sends_mollie_away_for_now(
    scene: Scene, bridge: Bridge, paid: tuple[int, str], status: int
) -> None:
    sidecar, shim = bridge
    cart, transaction_id = paid
    sidecar.says("claim", status, Retry_After="3")

    answer = shim.webhook(scene.shop, transaction_id, "t")

    assert (answer.status, dict(answer.headers)) == (503, {"Retry-After": "3"})
    assert scene.references(cart) == set()


def test_a_result_that_does_not_verify_is_not_answered_200(scene: Scene, bridge: Bridge, paid: tuple[int, str]) -> None:
    sidecar, shim = bridge
    cart, transaction_id = paid
    claimed(sidecar, cart)
    sidecar.says("complete", 200, {"verified": False, "mismatches": ["the payment's row is still open"]})
    scene.shop.failures.next(Failure.HALF_DONE)

    answer = shim.webhook(scene.shop, transaction_id, "t")

    assert answer.status == 503
    assert "Retry-After" in dict(answer.headers)


def test_a_lost_lease_is_not_answered_200(scene: Scene, bridge: Bridge, paid: tuple[int, str]) -> None:
    sidecar, shim = bridge
    cart, transaction_id = paid
    claimed(sidecar, cart)
    sidecar.says("complete", 409)

    assert shim.webhook(scene.shop, transaction_id, "t").status == 503


def test_the_modules_own_error_is_reported_and_passed_on(scene: Scene, bridge: Bridge, paid: tuple[int, str]) -> None:
    sidecar, shim = bridge
    cart, transaction_id = paid
    claimed(sidecar, cart)
    sidecar.says("complete", 200, {"verified": False, "mismatches": ["no order"]})
    scene.shop.failures.next(Failure.ANSWER_500)

    assert shim.webhook(scene.shop, transaction_id, "t").status == 500
    (completed,) = sidecar.called("complete")
    assert completed.body == {"outcome": "failed", "http_status": 500}


def test_a_script_that_dies_completes_nothing(scene: Scene, bridge: Bridge, paid: tuple[int, str]) -> None:
    sidecar, shim = bridge
    cart, transaction_id = paid
    claimed(sidecar, cart)
    scene.shop.failures.next(Failure.CLOSE)

    with suppress(ConnectionBroken):
        shim.webhook(scene.shop, transaction_id, "t")
    assert sidecar.called("complete") == []


def signed(scene: Scene, transaction_id: str, *, age: int = 0, token: str = TOKEN, lasts: float = 60.0) -> str:
    now = scene.shop.now().timestamp()
    stamp, until = int(now) - age, int((now + lasts) * 1000)
    mac = hmac.new(token.encode(), f"{stamp}.{transaction_id}.1.{until}".encode(), hashlib.sha256).hexdigest()
    return f"t={stamp},tx={transaction_id},cart=1,until={until},v1={mac}"


def test_the_sidecars_own_call_goes_to_the_module_at_once(scene: Scene, bridge: Bridge, paid: tuple[int, str]) -> None:
    sidecar, shim = bridge
    cart, transaction_id = paid

    assert shim.webhook(scene.shop, transaction_id, "t", signed(scene, transaction_id)).status == 200
    assert len(scene.references(cart)) == 1
    assert sidecar.calls == []


def test_a_stale_forged_or_foreign_signature_opens_nothing(scene: Scene, bridge: Bridge, paid: tuple[int, str]) -> None:
    sidecar, shim = bridge
    cart, transaction_id = paid
    sidecar.says("claim", 200, {"decision": "skip", "reason": "unknown", "cart_id": cart, "lease": None})

    for header in (
        signed(scene, transaction_id, age=301),
        signed(scene, transaction_id, lasts=-0.001),
        signed(scene, transaction_id, token="another"),
        signed(scene, "tr_other"),
        "nonsense",
        "",
    ):
        shim.webhook(scene.shop, transaction_id, "t", header)

    assert len(sidecar.called("claim")) == 6
    assert scene.references(cart) == set()


@pytest.mark.slow
def test_without_the_sidecar_the_module_works_under_the_carts_file_lock(scene: Scene, paid: tuple[int, str]) -> None:
    cart, transaction_id = paid
    shim = BridgeShim(base_url=NOBODY, token=TOKEN)

    with held(scene.shop.temp_dir, f"webhook-cart-{cart}"):
        refused = shim.webhook(scene.shop, transaction_id, "t")
    answered = shim.webhook(scene.shop, transaction_id, "t")

    assert (refused.status, answered.status) == (503, 200)
    assert len(scene.references(cart)) == 1


def test_without_the_sidecar_and_without_shared_files_mollie_is_asked_to_come_again(
    scene: Scene, paid: tuple[int, str]
) -> None:
    cart, transaction_id = paid

    answer = BridgeShim(base_url=NOBODY, token=TOKEN, shared_files=False).webhook(scene.shop, transaction_id, "t")

    assert isinstance(answer, Answer)
    assert answer.status == 503
    assert scene.references(cart) == set()


def test_the_returning_shopper_has_the_cart_settled(scene: Scene, bridge: Bridge) -> None:
    sidecar, shim = bridge
    sidecar.says("settle", 200)

    assert shim.settle(scene.shop, 42)
    assert [call.path for call in sidecar.calls] == ["v1/carts/42/settle"]
    assert not BridgeShim(base_url=NOBODY, token=TOKEN).settle(scene.shop, 42)
