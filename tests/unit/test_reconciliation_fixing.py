"""Putting right what reconciling found, safely, and leaving alone what is not ours to put right."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bridge.domain.cart import CartRef
from bridge.domain.errors import MollieUnavailable
from bridge.domain.observed import PaymentStatus
from bridge.domain.rollout import Rollout, RolloutMode
from bridge.services.reconciliation import Walk
from bridge.services.settings import GateLimits
from tests.fakes.mollie import FakeMollie, MollieRequest
from tests.fakes.services import Limits
from tests.unit.builders import CART
from tests.unit.walks import K, only
from tests.unit.world import World


@pytest.mark.req("B7")
def test_what_somebody_has_put_right_since_is_not_done_again(world: World) -> None:
    world.add_payment("tr_1", "paid")
    finding = only(world)
    world.deliver("tr_1")
    told = list(world.told)

    assert world.services.reconciliation.fix(finding, shop_id=1).left is None
    assert world.told == told


@pytest.mark.req("B7")
def test_a_row_is_not_corrected_over_money_that_came_in_late(world: World) -> None:
    world.add_payment("tr_1", "expired", state=None)
    finding = only(world)
    asked = 0

    def money_comes_in(request: MollieRequest) -> None:
        nonlocal asked
        asked += request.call == "find_payment"
        if asked == 2:  # what was seen before the lease was taken is not what is true under it
            world.mollie.payments["tr_1"] = replace(world.mollie.payments["tr_1"], status=PaymentStatus.PAID)
            world.shop.set_payment("tr_1", bank_status="paid")

    world.mollie.before = money_comes_in
    world.services.reconciliation.fix(finding, shop_id=1)

    row = world.shop.find_payment("tr_1")
    assert row is not None
    assert row.bank_status == "paid"


@pytest.mark.slow
@pytest.mark.req("B7")
def test_a_row_is_not_corrected_while_somebody_works_on_the_cart(world: World) -> None:
    world.add_payment("tr_1", "expired", state=None)
    finding = only(world)
    lease = world.services.leases.take(CART, purpose="webhook", timeout=0, keep=False)
    assert lease is not None

    fixed = world.services.reconciliation.fix(finding, shop_id=1)
    world.services.leases.give_back(lease)

    assert fixed.left == finding
    assert "is being worked on" in (fixed.error or "")
    assert world.services.reconciliation.fix(finding, shop_id=1).left is None


@pytest.mark.req("B7")
@pytest.mark.parametrize("status", ["paid", "expired"])
def test_nothing_is_put_right_for_a_cart_that_is_only_watched(status: str) -> None:
    world = World(Limits(gate=GateLimits(), rollout=Rollout(mode=RolloutMode.OBSERVE)))
    world.add_payment("tr_1", status, state=None)
    finding = only(world)

    fixed = world.services.reconciliation.fix(finding, shop_id=1)

    row = world.shop.find_payment("tr_1")
    assert row is not None
    assert (fixed.left, row.bank_status, world.told) == (finding, "open", [])
    assert "does not guard the cart" in (fixed.error or "")
    world.close()


@pytest.mark.req("B7")
def test_an_orphan_of_a_shop_with_a_key_of_its_own_stays_a_finding(world: World) -> None:
    second = FakeMollie()
    second.add("tr_1", "paid", cart_id=None)
    world.accounts.by_shop[2] = second
    finding = only(world, shop_id=2)

    (fixed,) = world.services.reconciliation.fixes([finding], Walk(shop_id=2, rate=1e9))

    assert (finding.kind, fixed.left, fixed.error) == (K.ORPHAN, finding, None)


@pytest.mark.req("B7")
def test_a_payment_is_asked_about_with_the_key_of_the_list_that_it_stood_in(world: World) -> None:
    second = FakeMollie()
    second.add("tr_1", "expired", cart_id=43)
    world.accounts.by_shop[2] = second
    world.shop.add_cart(43, shop_id=2, customer_id=7)
    world.shop.add_payment(CartRef(shop_id=2, cart_id=43), "tr_1")
    finding = only(world, shop_id=2)

    assert world.services.reconciliation.fix(finding, shop_id=2).left is None
    assert world.mollie.requests == []


@pytest.mark.req("B7")
def test_putting_right_is_patient_and_keeps_the_pace_too(world: World) -> None:
    world.add_payment("tr_1", "expired", state=None)
    finding = only(world)
    world.mollie.fail("find_payment", MollieUnavailable("429", retry_after=7.0))
    before = world.clock.monotonic()

    (fixed,) = world.services.reconciliation.fixes([finding], Walk(shop_id=1, rate=0.1))

    assert fixed.left is None
    assert world.clock.monotonic() - before == pytest.approx(30.0)
