"""The rows of payments that the module does not hear of say the truth; the others are left to the module."""

from __future__ import annotations

from typing import Any

import pytest

from bridge.domain.errors import MollieTimeout, StoreDown
from bridge.ports.shop import ShopAnswer
from bridge.services.shop_rows import RETURNED, STALE, SURPLUS
from tests.unit.builders import CART, OTHER_PRICE
from tests.unit.money_back import an_hour_later, paid_twice
from tests.unit.world import World


def row(world: World, transaction_id: str = "tr_2") -> tuple[str, str | None]:
    """A row's status, and the reason beside it."""
    found = world.shop.find_payment(transaction_id)
    assert found is not None
    return found.bank_status, world.shop.reason_of(transaction_id)


def corrections(world: World) -> int:
    return world.shop.calls.count("correct_payment")


def second(world: World, status: str, *, refunded: int = 0) -> None:
    """The cart is paid with `tr_1`; news of `tr_2` comes after it."""
    world.add_payment("tr_1", "paid")
    world.deliver("tr_1")
    world.add_payment("tr_2", "open", state="superseded")
    world.mollie.set("tr_2", status, refunded=refunded)
    world.deliver("tr_2")


@pytest.mark.req("P3", "P10")
@pytest.mark.parametrize(
    ("status", "refunded", "expected"),
    [
        ("paid", 0, ("paid", SURPLUS)),
        ("paid", 500, ("paid", SURPLUS)),
        ("authorized", 0, ("authorized", SURPLUS)),
        ("paid", 1440, ("refunded", RETURNED)),
        ("canceled", 0, ("canceled", STALE)),
        ("expired", 0, ("expired", STALE)),
        ("failed", 0, ("failed", STALE)),
        ("open", 0, ("open", None)),
        ("pending", 0, ("open", None)),
    ],
)
def test_the_row_of_a_payment_beside_the_settling_one(
    world: World, status: str, refunded: int, expected: tuple[str, str | None]
) -> None:
    second(world, status, refunded=refunded)

    assert row(world) == expected
    assert world.told == ["tr_1"]


@pytest.mark.req("P3")
def test_the_row_says_when_the_money_is_back() -> None:
    world = paid_twice("refund")
    world.services.refunds.work_due()

    assert row(world) == ("refunded", RETURNED)
    world.close()


@pytest.mark.req("P3")
def test_the_row_does_not_say_so_while_nobody_knows() -> None:
    world = paid_twice("refund")
    world.mollie.fail("create_refund", MollieTimeout("slow"))
    world.services.refunds.work_due()
    assert row(world) == ("paid", SURPLUS)

    an_hour_later(world)
    world.services.refunds.work_due()
    assert row(world) == ("refunded", RETURNED)
    world.close()


@pytest.mark.req("P3")
@pytest.mark.parametrize("status", ["paid", "authorized", "canceled", "expired", "failed", "open"])
def test_what_the_module_hears_of_is_left_to_the_module(world: World, status: str) -> None:
    world.add_payment("tr_1", status)
    world.deliver("tr_1")
    world.mollie.set("tr_1", status, refunded=500 if status == "paid" else 0)
    world.deliver("tr_1")

    assert corrections(world) == 0


def test_the_row_of_the_settling_payment_is_never_touched(world: World) -> None:
    second(world, "paid")
    world.mollie.set("tr_1", "paid", refunded=1440)
    world.deliver("tr_1")

    assert world.shop.reason_of("tr_1") is None


def test_a_row_that_is_right_is_not_written(world: World) -> None:
    second(world, "paid")
    before = corrections(world)
    world.deliver("tr_2")

    assert (before, corrections(world)) == (1, 1)


def test_a_payment_without_a_row_gets_none(world: World) -> None:
    world.add_payment("tr_1", "paid")
    world.deliver("tr_1")
    world.add_payment("tr_2", "paid", state="superseded", row=False)
    world.deliver("tr_2")

    assert world.shop.find_payment("tr_2") is None
    assert corrections(world) == 0


@pytest.mark.req("B8")
def test_a_row_that_can_not_be_written_stops_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> bool:
        raise StoreDown("UPDATE command denied")

    monkeypatch.setattr(world.shop, "correct_payment", refuse)
    second(world, "paid")

    assert world.undone() == []
    assert world.attempt("tr_2").state == "surplus"


@pytest.mark.req("P3")
def test_held_money_is_not_shown_before_it_is_decided(world: World) -> None:
    world.add_payment("tr_1", "paid", state="superseded")
    world.add_payment("tr_2", "open", money=OTHER_PRICE)
    world.deliver("tr_1")

    assert world.attempt("tr_1").state == "held"
    assert row(world, "tr_1") == ("open", None)


def test_the_rows_of_an_answer_that_failed_are_left_too(world: World) -> None:
    world.add_payment("tr_1", "paid")
    world.webhook.script = [ShopAnswer(status=500, body="")]
    world.deliver("tr_1")

    assert corrections(world) == 0
    assert world.shop.orders_of(CART) == ()
