"""Reconciling: each row of the table, and a walk that is patient, goes on where it was broken off, and fixes safely."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from bridge.domain.cart import CartRef
from bridge.domain.errors import MollieError, MollieUnavailable
from bridge.domain.observed import PaymentStatus
from bridge.domain.reconciliation import Finding, FindingKind, Remedy
from bridge.domain.rollout import Rollout, RolloutMode
from bridge.domain.surplus import SurplusPolicy
from bridge.ports.mollie import PaymentPage
from bridge.ports.shop import ShopAnswer
from bridge.services.reconciliation import Walk
from bridge.services.settings import GateLimits, RefundLimits
from tests.fakes.mollie import FakeMollie, MollieRequest
from tests.fakes.services import Limits
from tests.unit.builders import CART, eur
from tests.unit.world import World

K, R = FindingKind, Remedy


@pytest.fixture
def world() -> Iterator[World]:
    made = World()
    yield made
    made.close()


def walk(world: World, **named: object) -> list[Finding]:
    """All findings of a walk."""
    pages = world.services.reconciliation.pages(Walk(shop_id=1, rate=1e9, **named))  # type: ignore[arg-type]
    return [finding for page in pages for finding in page.findings]


def only(world: World) -> Finding:
    (finding,) = walk(world)
    return finding


# --- the table --------------------------------------------------------------------------------------------------------


@pytest.mark.req("B7")
def test_a_paid_payment_whose_order_is_right_is_no_finding(world: World) -> None:
    world.add_payment("tr_1", "paid")
    world.deliver("tr_1")

    assert walk(world) == []


@pytest.mark.req("B7")
def test_a_paid_payment_without_a_cart_is_an_orphan(world: World) -> None:
    world.mollie.add("tr_1", "paid", cart_id=None)
    world.mollie.add("tr_2", "paid", cart_id=777)

    assert [(each.kind, each.remedy, each.at_risk) for each in walk(world)] == [(K.ORPHAN, R.PERSON, True)] * 2


@pytest.mark.req("B7")
def test_a_paid_payment_without_an_order_is_passed_on_when_that_is_asked_for(world: World) -> None:
    world.add_payment("tr_1", "paid")
    finding = only(world)
    assert (finding.kind, finding.remedy, finding.at_risk, finding.money) == (
        K.PAID_WITHOUT_ORDER,
        R.REPLAY,
        True,
        eur("14.40"),
    )
    assert world.told == []

    fixed = world.services.reconciliation.fix(finding, shop_id=1)

    assert (fixed.left, fixed.error, world.told) == (None, None, ["tr_1"])
    assert walk(world) == []


@pytest.mark.req("B7")
def test_held_money_waits_and_is_nobodys_to_fix(world: World) -> None:
    world.add_payment("tr_old", "paid", state="held")
    world.add_payment("tr_new", "open", money=eur("20.00"))

    finding = only(world)

    assert (finding.transaction_id, finding.remedy, finding.at_risk) == ("tr_old", R.PERSON, False)


@pytest.mark.req("B7")
def test_an_order_whose_row_was_never_finished_is_a_missed_webhook(world: World) -> None:
    world.add_payment("tr_1", "paid")
    world.deliver("tr_1")
    world.shop.set_payment("tr_1", bank_status="open", order_id=world.shop.orders_of(CART)[0].order_id)
    finding = only(world)
    assert (finding.kind, finding.remedy) == (K.MISSED_WEBHOOK, R.REPLAY)

    assert world.services.reconciliation.fix(finding, shop_id=1).left is None
    assert world.told == ["tr_1", "tr_1"]


@pytest.mark.req("B7")
@pytest.mark.parametrize(("total", "currency"), [("14.41", "EUR"), ("14.40", "USD")])
def test_an_order_of_another_amount_or_currency_is_a_mismatch_for_a_person(
    world: World, total: str, currency: str
) -> None:
    world.add_payment("tr_1", "paid", state=None)
    world.shop.add_order(CART, total, currency=currency, paid_by="tr_1")

    finding = only(world)

    assert (finding.kind, finding.remedy) == (K.AMOUNT_MISMATCH, R.PERSON)


def surplus(world: World) -> None:
    world.add_payment("tr_1", "paid")
    world.deliver("tr_1")
    world.add_payment("tr_2", "paid", state="superseded")


@pytest.mark.req("B4", "B7")
def test_surplus_money_that_nobody_knew_of_is_decided_when_that_is_asked_for(world: World) -> None:
    surplus(world)
    finding = only(world)
    assert (finding.kind, finding.remedy, finding.at_risk) == (K.SURPLUS_NOT_REFUNDED, R.REPLAY, True)

    left = world.services.reconciliation.fix(finding, shop_id=1).left

    assert left is not None
    assert (left.remedy, world.attempt("tr_2").state, world.told) == (R.PERSON, "surplus", ["tr_1"])


@pytest.mark.req("B4", "B7")
def test_surplus_money_with_a_proposed_refund_names_the_command_that_approves_it() -> None:
    world = World(Limits(gate=GateLimits(), refunds=RefundLimits(policy=SurplusPolicy.PROPOSE)))
    surplus(world)
    world.deliver("tr_2")
    (refund,) = world.ledger.queues.refunds_of("tr_2")

    assert only(world).next_step == f"mollie-bridge refunds approve {refund.id}"
    world.services.refunds.approve(refund.id)
    assert walk(world) == []
    world.close()


@pytest.mark.req("B7")
def test_a_row_that_missed_the_end_of_its_payment_is_corrected_when_that_is_asked_for(world: World) -> None:
    world.add_payment("tr_1", "expired", state=None)
    finding = only(world)
    assert (finding.kind, finding.remedy, finding.at_risk) == (K.STATUS_DISAGREEMENT, R.CORRECT_ROW, False)

    assert world.services.reconciliation.fix(finding, shop_id=1).left is None
    row = world.shop.find_payment("tr_1")
    assert row is not None
    assert (row.bank_status, world.told) == ("expired", [])


@pytest.mark.req("B7")
def test_a_row_that_says_paid_where_mollie_does_not_is_for_a_person(world: World) -> None:
    world.add_payment("tr_1", "open", state=None)
    world.shop.set_payment("tr_1", bank_status="paid")

    assert only(world).remedy is R.PERSON


@pytest.mark.parametrize("status", ["open", "pending"])
def test_a_payment_that_may_still_be_paid_is_no_finding(world: World, status: str) -> None:
    world.add_payment("tr_1", status)

    assert walk(world) == []


def test_money_that_was_given_back_is_no_finding(world: World) -> None:
    world.add_payment("tr_1", "paid")
    world.deliver("tr_1")
    world.mollie.set("tr_1", "paid", refunded=1440)

    assert walk(world) == []


# --- the walk ---------------------------------------------------------------------------------------------------------


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


# --- putting right, and leaving alone ---------------------------------------------------------------------------------


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
    pages = world.services.reconciliation.pages(Walk(shop_id=2, rate=1e9))
    (finding,) = [finding for page in pages for finding in page.findings]

    (fixed,) = world.services.reconciliation.fixes([finding], Walk(shop_id=2, rate=1e9))

    assert (finding.kind, fixed.left, fixed.error) == (K.ORPHAN, finding, None)


@pytest.mark.req("B7")
def test_a_payment_is_asked_about_with_the_key_of_the_list_that_it_stood_in(world: World) -> None:
    second = FakeMollie()
    second.add("tr_1", "expired", cart_id=43)
    world.accounts.by_shop[2] = second
    world.shop.add_cart(43, shop_id=2, customer_id=7)
    world.shop.add_payment(CartRef(shop_id=2, cart_id=43), "tr_1")
    pages = world.services.reconciliation.pages(Walk(shop_id=2, rate=1e9))
    (finding,) = [finding for page in pages for finding in page.findings]

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
