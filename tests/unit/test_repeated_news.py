"""News that the shop has heard is not passed on again; news that it has not heard always is."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bridge.domain.cart import OrderPhase
from bridge.ports.shop import ShopAnswer
from tests.unit.builders import CART
from tests.unit.world import World


def told_after(world: World, status: str, *, refunded: int = 0, charged_back: int = 0) -> int:
    """How often the shop hears of it when Mollie announces this."""
    before = len(world.told)
    world.mollie.set("tr_1", status, refunded=refunded, charged_back=charged_back)
    world.deliver("tr_1")
    return len(world.told) - before


@pytest.mark.req("B5", "P3")
@pytest.mark.parametrize("status", ["paid", "authorized", "canceled", "expired", "failed", "pending"])
def test_the_same_news_reaches_the_shop_once(world: World, status: str) -> None:
    world.add_payment("tr_1")

    assert [told_after(world, status) for _ in range(3)] == [1, 0, 0]
    assert world.undone() == []


@pytest.mark.req("B5")
def test_every_amount_that_goes_back_reaches_the_shop(world: World) -> None:
    world.add_payment("tr_1")

    assert told_after(world, "paid") == 1
    assert told_after(world, "paid", refunded=500) == 1
    assert told_after(world, "paid", refunded=900) == 1
    assert told_after(world, "paid", refunded=900, charged_back=100) == 1
    assert told_after(world, "paid", refunded=900, charged_back=540) == 1
    assert told_after(world, "paid", refunded=900, charged_back=540) == 0


@pytest.mark.req("B5")
def test_a_refund_and_a_chargeback_of_one_amount_are_two_pieces_of_news(world: World) -> None:
    world.add_payment("tr_1", "paid")
    world.deliver("tr_1")

    assert told_after(world, "paid", refunded=500) == 1
    assert told_after(world, "paid", charged_back=500) == 1


@pytest.mark.req("B5")
def test_a_capture_reaches_the_shop(world: World) -> None:
    world.add_payment("tr_1")

    assert told_after(world, "authorized") == 1
    assert told_after(world, "paid") == 1


@pytest.mark.req("B5")
def test_money_after_an_end_reaches_the_shop(world: World) -> None:
    world.add_payment("tr_1")

    assert told_after(world, "expired") == 1
    assert told_after(world, "paid") == 1
    assert world.state.order_phase is OrderPhase.DONE


@pytest.mark.req("B5")
def test_every_word_of_the_orders_api_reaches_the_shop(world: World) -> None:
    """An order is `paid`, `shipping` and `completed`: one payment status, three pieces of news."""
    world.add_payment("tr_1", "paid")
    heard = []
    for word in ("paid", "shipping", "completed", "completed"):
        world.mollie.payments["tr_1"] = replace(world.mollie.payments["tr_1"], word=word)
        before = len(world.told)
        world.deliver("tr_1")
        heard.append(len(world.told) - before)

    assert heard == [1, 1, 1, 0]


@pytest.mark.req("B5")
def test_another_payments_news_is_another_matter(world: World) -> None:
    world.add_payment("tr_1", "expired")
    world.add_payment("tr_2", "expired", state="superseded")
    world.deliver("tr_1")
    world.deliver("tr_2")

    assert world.told == ["tr_1", "tr_2"]


@pytest.mark.req("B6", "B8")
def test_what_the_shop_did_not_do_is_passed_on_again(world: World) -> None:
    world.add_payment("tr_1", "paid")
    world.webhook.script = [ShopAnswer(status=500, body="")]
    world.deliver("tr_1")
    world.work_off()
    world.deliver("tr_1")

    assert world.told == ["tr_1", "tr_1"]
    assert world.state.order_phase is OrderPhase.DONE


@pytest.mark.req("B8")
def test_a_settlement_that_is_not_verified_is_passed_on_however_often_it_comes(world: World) -> None:
    work, world.webhook.work = world.webhook.work, None
    world.add_payment("tr_1", "paid")
    for _ in range(3):
        world.deliver("tr_1")
    heard = len(world.told)
    world.webhook.work = work
    world.deliver("tr_1")

    assert heard >= 3
    assert world.state.order_phase is OrderPhase.DONE


@pytest.mark.req("B6")
def test_a_replay_is_passed_on_whatever_was_done_before(world: World) -> None:
    world.add_payment("tr_1", "paid")
    world.deliver("tr_1")
    repeated = world.deliver("tr_1")
    assert world.told == ["tr_1"]
    world.services.replays.one(repeated.id)
    world.work_off()

    assert world.told == ["tr_1", "tr_1"]
    assert len(world.shop.orders_of(CART)) == 1


@pytest.mark.req("B6", "P3")
def test_a_replay_of_surplus_money_reaches_nobody(world: World) -> None:
    world.add_payment("tr_1", "paid")
    world.deliver("tr_1")
    world.add_payment("tr_2", "paid", state="superseded")
    done = world.deliver("tr_2")
    world.services.replays.one(done.id)
    world.work_off()

    assert world.told == ["tr_1"]


@pytest.mark.req("B15")
@pytest.mark.parametrize("status", ["open", "pending"])
def test_a_question_of_our_own_is_no_news(world: World, status: str) -> None:
    world.add_payment("tr_1", status)
    world.services.inbox.settle(CART)
    assert world.told == []

    world.deliver("tr_1")
    assert world.told == ["tr_1"], "Mollie's own announcement was taken for a repetition"


@pytest.mark.req("P10")
def test_the_trail_says_that_it_was_a_repetition(world: World) -> None:
    world.add_payment("tr_1", "paid")
    world.deliver("tr_1")
    world.deliver("tr_1")

    assert [entry.get("repeated") for entry in world.audited("settlement.decided")] == [None, True]


@pytest.mark.req("B4", "B5")
def test_repeated_news_that_is_claimed_is_skipped(world: World) -> None:
    world.add_payment("tr_1", "paid")
    world.deliver("tr_1")

    assert not world.claims.claim("tr_1").process
    world.mollie.set("tr_1", "paid", refunded=500)
    assert world.claims.claim("tr_1").process


@pytest.mark.req("P3", "B5")
def test_an_order_of_the_orders_api_whose_money_is_all_back_becomes_no_order(world: World) -> None:
    """The module makes an order of an `ord_` payment that is `paid`, whether its money is back or not."""
    work, world.webhook.work = world.webhook.work, None
    world.add_payment("ord_1", "paid")
    world.deliver("ord_1")
    world.webhook.work = work
    world.mollie.set("ord_1", "paid", refunded=1440)
    world.deliver("ord_1")
    world.work_off()

    assert world.shop.orders_of(CART) == ()
    assert world.state.settled_transaction_id is None
    assert world.attempt("ord_1").state == "refunded"
