"""The pay button and its kin in the guarded shop, on three versions: one payment, whoever asks for it and how."""

from __future__ import annotations

import pytest

from tests.services.waiting import BOUNDED, takes_at_most, wait_until
from tests.shim.guarding import BIND, COMPLETE, RELEASE, in_background, wait_until_bound
from tests.shim.tables import checksums
from tests.shim.wire import Wire
from tests.shim.world import ShimWorld

pytestmark = [pytest.mark.mariadb, pytest.mark.php, pytest.mark.nginx, pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.mark.req("P1")
def test_a_refused_payment_changes_no_table_of_the_shop(world: ShimWorld, wire: Wire) -> None:
    shopper = world.new_shopper()
    shopper.pay()
    wait_until_bound(world, shopper)
    before = checksums(world.database)

    second = shopper.pay()

    assert second.checkout_id in world.payments_at_mollie(shopper.cart_id)
    assert checksums(world.database) == before


@pytest.mark.req("P1")
def test_the_answer_does_not_wait_for_the_binding(world: ShimWorld, wire: Wire) -> None:
    wire.hang(BIND)

    def seconds() -> float:
        shopper = world.new_shopper()
        answer = shopper.pay()
        wait_until(lambda: wire.paths(BIND), what="the binding")
        assert answer.checkout_id in world.payments_at_mollie(shopper.cart_id)
        return answer.seconds

    assert takes_at_most(1.5, seconds)


@pytest.mark.req("P1")
def test_a_binding_that_got_lost_does_not_let_a_second_payment_through(world: ShimWorld, wire: Wire) -> None:
    shopper = world.new_shopper()
    wire.rule(BIND, lambda _: None)

    first, second = shopper.pay(), shopper.pay()

    assert world.payments_at_mollie(shopper.cart_id) == [first.checkout_id]
    assert second.checkout_id in {first.checkout_id, None}


@pytest.mark.req("P1")
def test_a_payment_that_mollie_refuses_is_given_back_at_once(world: ShimWorld, wire: Wire) -> None:
    shopper = world.new_shopper()
    world.mollie.faults.answer(500, method="POST", path="/v2/payments")

    failed = shopper.pay()
    wait_until(lambda: wire.paths(RELEASE), what="the release")
    again = shopper.pay()

    assert failed.checkout_id is None
    assert again.checkout_id in world.payments_at_mollie(shopper.cart_id)


@pytest.mark.req("P1")
def test_while_one_tab_creates_the_payment_the_other_is_told_and_then_led_to_it(world: ShimWorld, wire: Wire) -> None:
    shopper = world.new_shopper()
    with world.server.holding("before_mollie"):
        first = in_background(shopper.pay)
        world.server.wait_for_held("before_mollie")
        told = shopper.at(world.servers[1].url).pay()
    paying = first()

    assert (told.status, told.page) == (302, "order")
    assert "already in progress" in shopper.follow(told.location, session=told.session).text
    assert told.seconds < BOUNDED
    assert world.payments_at_mollie(shopper.cart_id) == [paying.checkout_id]
    assert shopper.pay().checkout_id == paying.checkout_id


@pytest.mark.req("P1", "B8")
def test_a_script_that_is_killed_with_its_payment_made_leaves_one_payment(world: ShimWorld, wire: Wire) -> None:
    shopper = world.new_shopper()
    with world.server.holding("after_mollie"):
        first = in_background(shopper.pay)
        world.server.wait_for_held("after_mollie")
        world.server.kill_held("after_mollie")
        cut_off = first()
    (transaction,) = world.payments_at_mollie(shopper.cart_id)

    again = shopper.pay()

    assert cut_off.status == 502
    assert again.checkout_id == transaction
    assert world.payments_at_mollie(shopper.cart_id) == [transaction]


@pytest.mark.req("P1")
def test_without_the_pages_script_it_works_as_well(world: ShimWorld, wire: Wire) -> None:
    shopper = world.new_shopper()

    visits = [shopper.pay(key=None), shopper.pay(key=None)]

    assert len({each.checkout_id for each in visits}) == 1
    assert len(world.payments_at_mollie(shopper.cart_id)) == 1


@pytest.mark.req("P1")
def test_friendly_addresses_are_guarded_too(world: ShimWorld, wire: Wire) -> None:
    world.set(friendly_urls=True)
    shopper = world.new_shopper()
    address = f"{world.server.url}/module/mollie/payment?method=ideal"

    visits = [shopper.follow(address), shopper.follow(address)]

    assert len({each.checkout_id for each in visits} - {None}) == 1
    assert len(world.payments_at_mollie(shopper.cart_id)) == 1


@pytest.mark.req("P1")
def test_a_bank_transfer_makes_one_order_and_one_payment(world: ShimWorld, wire: Wire) -> None:
    shopper = world.new_shopper()

    first, second = shopper.pay("banktransfer"), shopper.pay("banktransfer")

    assert world.payments_at_mollie(shopper.cart_id) == [first.checkout_id]
    assert second.page in {"order-confirmation", str(first.checkout_id)}
    assert len(world.references(shopper.cart_id)) == 1


@pytest.mark.req("P3", "B8")
def test_a_bank_transfers_order_is_made_under_a_lease_of_the_sidecar(world: ShimWorld, wire: Wire) -> None:
    shopper = world.new_shopper()

    shopper.pay("banktransfer")
    wait_until(lambda: wire.paths(BIND), what="the binding")

    assert len(wire.paths(COMPLETE)) == 1


@pytest.mark.req("P1", "B3")
def test_bancontacts_code_and_the_pay_button_share_one_payment(world: ShimWorld, wire: Wire) -> None:
    shopper = world.new_shopper()
    shown = shopper.module("POST", "bancontactAjax", {"ajax": "1", "action": "createTransaction"})
    (transaction,) = world.payments_at_mollie(shopper.cart_id)
    wait_until(lambda: wire.paths("POST /v1/payments/[^/]+/(bind|release)"), what="the end of the script")

    again = shopper.module("POST", "bancontactAjax", {"ajax": "1", "action": "createTransaction"})
    shopper.pay()

    assert transaction in shown.text
    assert again.json["success"] is False
    assert world.payments_at_mollie(shopper.cart_id) == [transaction]


@pytest.mark.req("P1", "B3")
def test_apple_pay_is_told_no_while_another_payment_is_open(world: ShimWorld, wire: Wire) -> None:
    shopper = world.new_shopper()
    first = shopper.pay()
    asked = {"ajax": "1", "action": "mollie_apple_pay_create_order", "cartId": str(shopper.cart_id)}

    answer = shopper.module("POST", "applePayDirectAjax", asked)

    assert answer.json["success"] is False
    assert world.payments_at_mollie(shopper.cart_id) == [first.checkout_id]


def test_what_creates_no_payment_is_not_asked_about(world: ShimWorld, wire: Wire) -> None:
    shopper = world.new_shopper()
    wire.clear()

    shopper.module("POST", "applePayDirectAjax", {"ajax": "1", "action": "mollie_apple_pay_validation"})
    for page in ("", "index.php?controller=cart", "index.php?controller=order", "index.php?controller=history"):
        shopper.follow(f"{world.server.url}/{page}")

    assert wire.paths() == []
