"""The walk of reconciling: page by page, patient, at its pace, and taken up where it was broken off."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bridge.domain.errors import MollieError, MollieUnavailable
from bridge.ports.mollie import PaymentPage
from bridge.ports.shop import ShopAnswer
from bridge.services.reconciliation import Walk
from tests.fakes.mollie import FakeMollie
from tests.unit.builders import CART
from tests.unit.walks import K, only, walk
from tests.unit.world import World


@pytest.mark.req("B7")
def test_a_walk_goes_page_by_page_and_can_be_taken_up_at_any(world: World) -> None:
    for number in range(10):
        world.mollie.add(f"tr_{number}", "paid", cart_id=None)
    pages = list(world.services.reconciliation.pages(Walk(shop_id=1, page_size=4, rate=1e9)))

    assert [page.payments for page in pages] == [4, 4, 2]
    begins = [page.next_begin for page in pages]
    rest = walk(world, begin=begins[0], page_size=4)
    assert [each.transaction_id for each in rest] == [f"tr_{number}" for number in range(5, -1, -1)]
    assert begins[-1] is None


@pytest.mark.req("B7")
def test_a_walk_stops_at_its_day(world: World) -> None:
    now = world.clock.now()
    for number in range(6):
        payment = world.mollie.add(f"tr_{number}", "paid", cart_id=None)
        world.mollie.payments[payment.transaction_id] = replace(payment, created_at=now - timedelta(days=5 - number))

    assert len(walk(world, since=now - timedelta(days=2), page_size=2)) == 3
    assert [request.transaction_id for request in world.mollie.requests_of("list_payments")] == [None, "tr_3"]


@pytest.mark.req("B7")
def test_a_walk_waits_as_long_as_mollie_says(world: World) -> None:
    world.mollie.add("tr_1", "paid", cart_id=None)
    before = world.clock.monotonic()
    for _ in range(3):
        world.mollie.fail("list_payments", MollieUnavailable("429", retry_after=7.0))

    assert len(walk(world)) == 1
    assert world.clock.monotonic() - before >= 21.0


def test_a_mollie_that_stays_away_ends_the_walk(world: World) -> None:
    world.mollie.fail_always("list_payments", MollieUnavailable("503"))

    with pytest.raises(MollieUnavailable):
        walk(world)


def test_a_walk_keeps_its_pace(world: World) -> None:
    for number in range(6):
        world.mollie.add(f"tr_{number}", "open")
    before = world.clock.monotonic()
    list(world.services.reconciliation.pages(Walk(shop_id=1, page_size=2, rate=2.0)))

    assert world.clock.monotonic() - before == pytest.approx(1.0)


@pytest.mark.req("B7")
def test_an_order_of_the_orders_api_is_looked_at_once_for_all_of_its_payments(world: World) -> None:
    world.mollie.add("ord_1", "paid")
    world.shop.add_payment(CART, "ord_1")
    for number in (1, 2):
        payment = world.mollie.add(f"tr_{number}", "paid")
        world.mollie.payments[f"tr_{number}"] = replace(payment, order_id="ord_1")

    finding = only(world)

    assert (finding.transaction_id, finding.kind) == ("ord_1", K.PAID_WITHOUT_ORDER)


@pytest.mark.req("B7")
def test_a_shop_that_fails_leaves_the_finding_and_its_reason(world: World) -> None:
    world.add_payment("tr_1", "paid")
    world.webhook.script = [ShopAnswer(status=500, body="")]
    finding = only(world)

    fixed = world.services.reconciliation.fix(finding, shop_id=1)

    assert fixed.left == finding
    assert "the shop answered 500" in (fixed.error or "")


@pytest.mark.req("B7")
def test_the_money_of_an_order_that_mollie_does_not_show_is_seen_by_its_payment(world: World) -> None:
    for number, status in ((1, "paid"), (2, "expired")):
        payment = world.mollie.add(f"tr_{number}", status)
        world.mollie.payments[f"tr_{number}"] = replace(payment, order_id="ord_1")
    world.shop.add_payment(CART, "ord_1")

    finding = only(world)
    fixed = world.services.reconciliation.fix(finding, shop_id=1)

    assert (finding.transaction_id, finding.kind, finding.at_risk) == ("ord_1", K.PAID_WITHOUT_ORDER, True)
    assert (fixed.left, fixed.error, world.told) == (finding, "Mollie does not show it any more", [])


def test_a_list_that_goes_round_in_a_circle_ends_the_walk(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    page = PaymentPage(payments=(world.mollie.add("tr_1", "open"),), next_id="tr_1")
    monkeypatch.setattr(FakeMollie, "list_payments", lambda *_, **__: page)

    with pytest.raises(MollieError, match="round in a circle at tr_1"):
        walk(world)
