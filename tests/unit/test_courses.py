"""Which carts are tried again when a course is run on many, and which are not."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.shim.courses import run_often


@dataclass
class Shop:
    """Has as many outages as were counted; the shop's only web server is itself."""

    counted: int = 0
    servers: list[Shop] = field(default_factory=list)

    def outages(self) -> int:
        return self.counted


def a_world() -> Any:
    world = Shop()
    world.servers.append(world)
    return world


def test_what_went_wrong_is_told() -> None:
    outcomes = iter(["", "two orders", ""])

    assert run_often(a_world(), lambda _: next(outcomes), 3, at_once=1) == ["two orders"]


def test_beside_an_outage_it_is_tried_again_and_that_is_told() -> None:
    told: list[str] = []
    outcomes = iter(["two orders", "", ""])

    def course(world: Any) -> str:
        outcome = next(outcomes)
        world.counted += bool(outcome)
        return outcome

    assert run_often(a_world(), course, 2, at_once=1, publish=told.append) == []
    assert told == ["tried again, for the sidecar was not heard in time: 1 carts"]


def test_not_for_ever() -> None:
    def course(world: Any) -> str:
        world.counted += 1
        return "two orders"

    assert run_often(a_world(), course, 2, at_once=1) == ["two orders"] * 2
