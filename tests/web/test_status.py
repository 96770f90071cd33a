"""`GET /v1/status`: what the shop's back office shows."""

from __future__ import annotations

import pytest

from tests.fakes.services import World
from tests.web.caller import Caller, json_of


@pytest.mark.req("B13", "L17")
def test_the_shim_sees_how_the_bridge_is_set_and_what_it_did(shim: Caller, world: World) -> None:
    world.shop.add_order(42)
    shim.pay()

    data = json_of(shim.get("/v1/status"))["data"]

    assert (data["mode"], data["percentage"], data["lock_backend"]) == ("enforce", 100, "flock")
    assert data["figures"] == {
        "days": 30,
        "prevented": 1,
        "resumed": 0,
        "superseded": 0,
        "surplus": 0,
        "refunded": 0,
        "awaiting_approval": 0,
        "dead_deliveries": 0,
    }


def test_figures_are_counted_again_after_half_a_minute(shim: Caller, world: World) -> None:
    world.shop.add_order(42)
    shim.get("/v1/status")
    shim.pay()
    assert json_of(shim.get("/v1/status"))["data"]["figures"]["prevented"] == 0

    world.clock.advance(seconds=30)
    assert json_of(shim.get("/v1/status"))["data"]["figures"]["prevented"] == 1


def test_a_stranger_sees_nothing(stranger: Caller) -> None:
    assert stranger.get("/v1/status").status_code == 401
