"""A webhook in the guarded shop, on three versions: claimed, worked on once, verified, whatever goes wrong."""

from __future__ import annotations

import time

import pytest

from tests.services.waiting import wait_until
from tests.shim.guarding import CLAIM, COMPLETE, RENEW, in_background, paid, signature
from tests.shim.shopper import module_url, visit
from tests.shim.wire import Wire, problem
from tests.shim.world import ShimWorld

pytestmark = [pytest.mark.mariadb, pytest.mark.php, pytest.mark.nginx, pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.mark.req("P5")
def test_a_webhook_is_claimed_worked_on_and_verified(world: ShimWorld, wire: Wire) -> None:
    shopper, transaction = paid(world)

    assert world.announce(transaction).status == 200

    assert len(wire.paths(CLAIM)) == 1
    assert len(wire.paths(COMPLETE)) == 1
    assert len(world.references(shopper.cart_id)) == 1


@pytest.mark.req("P5")
def test_a_split_cart_gets_its_orders_under_one_reference(world: ShimWorld, wire: Wire) -> None:
    shopper, transaction = paid(world, split=True)

    assert world.announce(transaction).status == 200

    assert len(world.books.orders_of(shopper.cart_id)) == 2
    assert len(world.references(shopper.cart_id)) == 1


@pytest.mark.req("P5")
def test_a_fatal_error_behind_a_200_becomes_a_503_and_the_next_call_puts_it_right(world: ShimWorld, wire: Wire) -> None:
    shopper, transaction = paid(world)
    world.set(fatal_in_invoice=True)

    died = world.announce(transaction)
    world.set(fatal_in_invoice=None)
    answers = world.announce_until_taken(transaction)

    assert (died.status, "Retry-After" in died.headers) == (503, True)
    assert answers[-1] == 200
    (row,) = world.books.payments_of(shopper.cart_id)
    assert (row["bank_status"], len(world.references(shopper.cart_id))) == ("paid", 1)


@pytest.mark.req("P5")
def test_a_lease_that_was_lost_makes_no_order(world: ShimWorld, wire: Wire) -> None:
    shopper, transaction = paid(world)
    wire.rule(RENEW, lambda _: problem(409, "lease-lost"))

    answer = world.announce(transaction)

    assert answer.status == 503
    assert len(wire.paths(RENEW)) == 1
    assert world.references(shopper.cart_id) == []


@pytest.mark.req("P5")
def test_a_script_that_outlives_its_lease_makes_no_second_order(world: ShimWorld, wire: Wire) -> None:
    shopper, transaction = paid(world)
    slow, other = world.servers

    with slow.holding("looked_up"):
        late = in_background(lambda: world.announce(transaction, slow))
        slow.wait_for_held("looked_up")
        world.announce_until_taken(transaction, other)
    answer = late()

    assert answer.status >= 400
    assert len(world.references(shopper.cart_id)) == 1


@pytest.mark.req("P5")
def test_a_script_that_outlives_its_lease_within_validate_order_makes_no_second_order(
    world: ShimWorld, wire: Wire
) -> None:
    shopper, transaction = paid(world, split=True)
    slow, other = world.servers

    with slow.holding("gap"):
        late = in_background(lambda: world.announce(transaction, slow))
        slow.wait_for_held("gap")
        world.announce_until_taken(transaction, other)
    late()

    assert len(world.references(shopper.cart_id)) == 1


@pytest.mark.req("P3", "B8")
def test_a_script_that_is_killed_with_its_order_made_is_put_right(world: ShimWorld, wire: Wire) -> None:
    shopper, transaction = paid(world)
    with world.server.holding("ordered"):
        first = in_background(lambda: world.announce(transaction))
        world.server.wait_for_held("ordered")
        world.server.kill_held("ordered")
        cut_off = first()

    answers = world.announce_until_taken(transaction)

    (row,) = world.books.payments_of(shopper.cart_id)
    assert (cut_off.status, answers[-1]) == (502, 200)
    assert (row["bank_status"], len(world.references(shopper.cart_id))) == ("paid", 1)


@pytest.mark.req("P5")
def test_a_forwarded_call_in_time_claims_nothing(world: ShimWorld, wire: Wire) -> None:
    shopper, transaction = paid(world)
    header = signature(transaction, shopper.cart_id, time.time() + 20)
    answer = world.announce(transaction, X_Molliebridge_Forwarded=header)

    asked = wire.paths("POST /v1/(webhooks|leases)/.*")
    assert (answer.status, asked, len(world.references(shopper.cart_id))) == (200, [], 1)


@pytest.mark.req("P5")
@pytest.mark.parametrize("fault", ["late", "foreign token", "another payment", "no header"])
def test_any_other_forwarded_call_claims_like_everybody(world: ShimWorld, wire: Wire, fault: str) -> None:
    shopper, transaction = paid(world)
    cart, soon = shopper.cart_id, time.time() + 20
    header = {
        "late": signature(transaction, cart, time.time() - 0.001),
        "foreign token": signature(transaction, cart, soon, token="x" * 40),
        "another payment": signature("tr_another", cart, soon),
        "no header": "",
    }[fault]
    wire.clear()

    answer = world.announce(transaction, X_Molliebridge_Forwarded=header)

    assert answer.status == 200
    assert len(wire.paths(CLAIM)) == 1
    assert len(world.references(cart)) == 1


@pytest.mark.req("P5")
def test_a_forwarded_call_whose_lease_ends_before_the_insert_makes_no_order(world: ShimWorld, wire: Wire) -> None:
    shopper, transaction = paid(world)
    until = time.time() + 1.0

    with world.server.holding("looked_up"):
        header = signature(transaction, shopper.cart_id, until)
        call = in_background(lambda: world.announce(transaction, X_Molliebridge_Forwarded=header))
        world.server.wait_for_held("looked_up")
        wait_until(lambda: time.time() > until, what="the end of the lease")
    answer = call()

    assert (answer.status, world.references(shopper.cart_id)) == (503, [])


@pytest.mark.req("P5", "B3")
def test_the_refund_of_a_surplus_payment_does_not_reach_the_module(world: ShimWorld, wire: Wire) -> None:
    shopper = world.new_shopper()
    first = str(shopper.pay().checkout_id)
    world.books.change_cart(shopper.cart_id, "28.80")
    second = str(shopper.pay().checkout_id)
    for transaction in (second, first):
        world.mollie.pay(transaction)
        world.announce_until_taken(transaction)
    world.mollie.create_refund(first, {"amount": {"currency": "EUR", "value": "14.40"}})

    assert world.announce(first).status == 200

    assert [order["current_state"] for order in world.books.orders_of(shopper.cart_id)] == [2]


def test_a_renewal_reaches_the_module(world: ShimWorld, wire: Wire) -> None:
    shopper = world.new_shopper()
    world.database.execute(
        "INSERT INTO ps_mol_recurring_order (mollie_subscription_id, id_cart) VALUES (%s, %s)",
        f"sub_{shopper.cart_id}",
        shopper.cart_id,
    )
    url = module_url(world.server.url, "subscriptionWebhook", {"subscription": f"sub_{shopper.cart_id}"})
    wanted = {
        "amount": {"currency": "EUR", "value": "14.40"},
        "description": "renewal",
        "redirectUrl": world.server.url,
        "webhookUrl": url,
        "method": "ideal",
    }
    payment = world.mollie.create_payment(wanted, mode="test")
    world.mollie.pay(payment.id)

    assert visit("POST", url, data={"id": payment.id}).status == 200
    assert visit("POST", url, data={"id": payment.id}).status == 200

    rows = world.database.execute("SELECT cart_id FROM ps_mollie_payments WHERE transaction_id = %s", payment.id)
    assert [len(world.references(cart)) for (cart,) in rows] == [1]
