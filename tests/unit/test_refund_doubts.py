"""Refunds that Mollie took and that came to nothing there: each is known by its own id, whatever the sums say."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bridge.domain.errors import StoreDown
from bridge.domain.records import RefundState
from tests.unit.builders import CART, eur
from tests.unit.doubting import end_ours, lists, ours, sweep, told
from tests.unit.money_back import (
    a_world,
    ask,
    by_hand,
    during,
    given_back,
    pay_again,
    pay_first,
    states_of,
)
from tests.unit.world import Killed, World

S = RefundState


# --- behind equal sums --------------------------------------------------------------------------------------------


@pytest.mark.req("L8", "B9")
def test_one_that_failed_is_found_out_though_the_same_amount_was_given_back_by_hand(given: World) -> None:
    """Mollie counts 5.00 as given back, before and after: sums say nothing."""
    by_hand(given, "5.00")
    end_ours(given)
    assert given_back(given) == 500
    given.deliver("tr_2")
    given.clock.advance(minutes=5)
    sweep(given)

    assert states_of(given) == ["failed"]
    assert ours(given).last_error == "Mollie took the refund and ended it as failed"
    assert told(given) == ["surplus", "refund_failed"]
    given.clock.advance(hours=1)
    assert ask(given, "5.00", key="again").state is S.REFUNDED


@pytest.mark.req("L8", "B9")
@pytest.mark.parametrize("status", ["failed", "canceled"])
def test_it_is_found_out_without_any_news_within_a_day(given: World, status: str) -> None:
    """Mollie does not announce a refund that was canceled."""
    by_hand(given, "5.00")
    end_ours(given, status)
    given.clock.advance(hours=23)
    assert sweep(given) == 0

    given.clock.advance(hours=1)
    assert sweep(given) == 1
    assert states_of(given) == ["failed"]
    assert told(given) == ["surplus", "refund_failed"]


@pytest.mark.req("L8", "B9")
def test_one_that_mollie_lists_no_more_was_canceled_and_is_not_sent_again(given: World) -> None:
    given.mollie.refunds["tr_2"] = []
    given.mollie.set("tr_2", "paid", refunded=0)
    given.clock.advance(hours=24)
    sweep(given)

    assert states_of(given) == ["failed"]
    assert "canceled there" in (ours(given).last_error or "")
    assert given.mollie.requests_of("create_refund") == []


@pytest.mark.req("L8", "B9")
def test_a_list_that_is_late_is_no_reason_to_take_one_for_canceled(given: World) -> None:
    hidden, given.mollie.refunds["tr_2"] = given.mollie.refunds["tr_2"], []
    given.deliver("tr_2")
    given.clock.advance(minutes=5)
    assert sweep(given) == 1
    assert states_of(given) == ["refunded"]

    given.mollie.refunds["tr_2"] = hidden
    given.clock.advance(hours=24)
    sweep(given)
    assert states_of(given) == ["refunded"]


@pytest.mark.req("L8", "B9")
@pytest.mark.parametrize("minutes", [10, 90])
def test_one_that_was_canceled_is_not_sent_again_by_the_queue(given: World, minutes: int) -> None:
    """The sums say that something failed: the queue looks for it, and Mollie's list has it no more."""
    given.mollie.refunds["tr_2"] = []
    given.mollie.set("tr_2", "paid", refunded=0)
    given.mollie._refunded.clear()
    given.clock.advance(minutes=minutes)
    given.deliver("tr_2")
    for _ in range(6):
        given.services.refunds.work_due()
        given.clock.advance(minutes=70)

    assert states_of(given) == ["failed"]
    assert given.mollie.requests_of("create_refund") == []
    assert given_back(given) == 0


@pytest.mark.req("L8", "P3")
def test_each_of_several_refunds_is_told_apart_with_one_question(given: World) -> None:
    ask(given, "2.00", key="key-2")
    given.mollie.refunds["tr_2"] = [
        replace(each, status="failed") if each.money == eur("2.00") else each for each in given.mollie.refunds["tr_2"]
    ]
    by_hand(given, "2.00")
    given.mollie.set("tr_2", "paid", refunded=700)
    given.clock.advance(hours=24)
    sweep(given)

    assert states_of(given) == ["refunded", "failed"]
    assert lists(given) == 1


@pytest.mark.req("P3", "L8")
def test_a_surplus_payment_whose_refund_failed_unannounced_is_surplus_again(refunding: World) -> None:
    refunding.services.refunds.work_due()
    assert refunding.attempt("tr_2").state == "refunded"
    end_ours(refunding)
    refunding.clock.advance(hours=24)
    sweep(refunding)
    refunding.work_off()

    assert states_of(refunding) == ["failed"]
    assert refunding.attempt("tr_2").state == "surplus"
    row = refunding.shop.find_payment("tr_2")
    assert row is not None
    assert row.bank_status == "paid"


@pytest.mark.req("L8")
def test_what_stands_beside_one_that_was_undone_is_ours_all_the_same(given: World) -> None:
    """Sent twice under one key, hours apart; the first was undone by hand: the refund was made."""
    (made,) = given.mollie.refunds["tr_2"]
    given.mollie.refunds["tr_2"] = [replace(made, status="canceled"), replace(made, refund_id="re_second")]
    given.clock.advance(hours=24)
    sweep(given)

    assert states_of(given) == ["refunded"]


# --- two at once, and deaths ------------------------------------------------------------------------------------------


@pytest.mark.req("L8", "B4")
def test_what_is_made_while_the_list_is_on_its_way_is_not_missed_in_it(given: World) -> None:
    """The list was asked for before the second refund was made, and came after it."""
    given.clock.advance(hours=24)
    before = tuple(given.mollie.refunds["tr_2"])

    def another() -> None:
        ask(given, "2.00", key="key-2")
        later = given.mollie.refunds["tr_2"]
        given.clock.advance(hours=2)
        given.mollie.refunds["tr_2"] = list(before)
        given.mollie.before = lambda _: given.mollie.refunds.update({"tr_2": later})

    during(given, "refunds_of", another)
    sweep(given)

    assert states_of(given) == ["refunded", "refunded"]


@pytest.mark.slow
@pytest.mark.req("B8", "L8")
@pytest.mark.parametrize("kills", [True, False])
def test_a_look_that_breaks_off_anywhere_is_made_again(*, kills: bool) -> None:
    for at in range(1, 40):
        world = a_world("report")
        pay_first(world)
        pay_again(world)
        ask(world, "5.00")
        by_hand(world, "5.00")
        end_ours(world)
        world.clock.advance(hours=24)
        world.fuse.set(at, kills=kills)
        try:
            world.services.janitor.sweep()
        except Killed:
            world.run()
        except StoreDown:
            pass
        world.fuse.set(None, kills=False)
        for _ in range(3):
            world.clock.advance(minutes=6)
            world.services.janitor.sweep()
        world.work_off()
        assert states_of(world) == ["failed"], f"at crossing {at}"
        assert told(world) == ["surplus", "refund_failed"], f"at crossing {at}"
        world.close()


@pytest.mark.req("L8")
def test_a_refund_in_a_currency_without_decimals_is_looked_after_too() -> None:
    world = a_world("report")
    pay_first(world)
    world.mollie.add("tr_2", "paid", "1440", currency="JPY", cart_id=CART.cart_id)
    world.shop.add_payment(CART, "tr_2")
    world.deliver("tr_2")
    assert ask(world, "500").money.value == "500"
    end_ours(world)
    world.clock.advance(hours=24)
    sweep(world)

    assert states_of(world) == ["failed"]
    world.close()
