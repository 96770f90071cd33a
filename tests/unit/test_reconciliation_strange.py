"""Payments of a status that this version does not know: shown, and no reason to stop the walk."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bridge.services.reconciliation import Walk
from tests.unit.builders import CART
from tests.unit.walks import K, R, walk
from tests.unit.world import World


@pytest.mark.req("B7")
def test_a_status_that_is_not_known_is_a_finding_and_the_walk_goes_on(world: World) -> None:
    world.add_payment("tr_1", "paid")
    world.add_payment("tr_2", "paid", state="superseded")
    world.add_payment("tr_3", "paid", state="superseded")
    world.mollie.strange["tr_2"] = "partially_paid"

    found = walk(world, page_size=1)

    assert [(each.transaction_id, each.kind) for each in found] == [
        ("tr_3", K.PAID_WITHOUT_ORDER),
        ("tr_2", K.UNKNOWN_STATUS),
        ("tr_1", K.PAID_WITHOUT_ORDER),
    ]
    assert (found[1].remedy, found[1].cart, found[1].at_risk) == (R.PERSON, CART, False)
    assert "partially_paid" in found[1].seen


@pytest.mark.req("B7")
def test_it_is_left_to_a_person(world: World) -> None:
    world.add_payment("tr_1", "paid")
    world.mollie.strange["tr_1"] = "partially_paid"
    (finding,) = walk(world)

    assert world.services.reconciliation.fix(finding, shop_id=1).left == finding
    assert world.told == []


@pytest.mark.req("B7")
def test_an_order_of_a_status_that_is_not_known_is_found_once(world: World) -> None:
    for payment in ("tr_1", "tr_2"):
        world.add_payment(payment, "paid", state=None, row=False)
        world.mollie.payments[payment] = replace(world.mollie.payments[payment], order_id="ord_1")
    world.mollie.strange["ord_1"] = "half_shipped"

    (finding,) = walk(world)

    assert (finding.transaction_id, finding.kind, finding.cart) == ("ord_1", K.UNKNOWN_STATUS, CART)


@pytest.mark.req("B7")
def test_what_is_too_old_ends_the_walk_whatever_its_status(world: World) -> None:
    world.add_payment("tr_1", "paid")
    old = world.mollie.payments["tr_1"]
    world.mollie.payments["tr_1"] = replace(old, created_at=world.clock.now() - timedelta(days=9))
    world.mollie.strange["tr_1"] = "partially_paid"

    pages = list(world.services.reconciliation.pages(Walk(shop_id=1, rate=1e9, since=world.clock.now())))

    assert [(page.payments, page.findings) for page in pages] == [(0, ())]
