"""The shim's guards one by one, in the stand-in shop with a real sidecar behind a wire that can be watched and cut."""

from __future__ import annotations

import hashlib
import hmac
import threading
import time
from collections.abc import Callable, Iterator
from urllib.parse import unquote_plus

import pytest

from tests.integration.sidecar import SHOP_TOKEN
from tests.services.mariadb import PrivateMariaDB
from tests.services.waiting import wait_until
from tests.shim.shopper import Shopper, Visit, module_url, visit
from tests.shim.wire import Wire, problem, wire_to
from tests.shim.world import ShimWorld, running_world

pytestmark = [pytest.mark.mariadb, pytest.mark.php, pytest.mark.nginx, pytest.mark.slow]

VERSIONS = ("1.7.8.11", "8.2.1", "9.1.4")


@pytest.fixture(scope="module", params=VERSIONS)
def world(mariadb: PrivateMariaDB, request: pytest.FixtureRequest) -> Iterator[ShimWorld]:
    mariadb.start()
    database = mariadb.create_database("shim_guards")
    short = {"locks": {"lifetime": 6.0}, "webhooks": {"shop_timeout": 4.0}}
    with running_world(database, web_servers=2, guarded=True, sidecar=short, version=request.param) as running:
        yield running
    mariadb.drop_database("shim_guards")


@pytest.fixture(scope="module")
def open_wire(world: ShimWorld) -> Iterator[Wire]:
    assert world.sidecar is not None
    with wire_to(world.sidecar.port) as wire:
        world.server.admin("configure", {"MOLLIEBRIDGE_ENDPOINT": wire.url})
        yield wire


@pytest.fixture
def wire(world: ShimWorld, open_wire: Wire) -> Iterator[Wire]:
    yield open_wire
    open_wire.clear()
    world.mollie.faults.clear()
    world.set(gap_ms=None, fatal_in_invoice=None, friendly_urls=None)
    for server in world.servers:
        assert "PHP Fatal" not in server.errors, server.errors[-2000:]
        assert "molliebridge:" not in server.errors, server.errors[-2000:]


def paid(world: ShimWorld, *, split: bool = False) -> tuple[Shopper, str]:
    """A shopper whose payment is made and paid, nobody told yet."""
    shopper = world.new_shopper(split=split)
    transaction = str(shopper.pay().checkout_id)
    world.mollie.pay(transaction)
    return shopper, transaction


def signature(transaction: str, cart_id: int, until: float, *, token: str = SHOP_TOKEN) -> str:
    """The header of a forwarded call."""
    stamp, end = int(time.time()), int(until * 1000)
    mac = hmac.new(token.encode(), f"{stamp}.{transaction}.{cart_id}.{end}".encode(), hashlib.sha256).hexdigest()
    return f"t={stamp},tx={transaction},cart={cart_id},until={end},v1={mac}"


CLAIM = "POST /v1/webhooks/claim"
COMPLETE = "POST /v1/leases/[^/]+/complete"
RENEW = "POST /v1/leases/[^/]+/renew"


def in_background(call: Callable[[], Visit]) -> Callable[[], Visit]:
    """Begin the call; what is returned waits for its answer."""
    answers: list[Visit] = []
    thread = threading.Thread(target=lambda: answers.append(call()))
    thread.start()

    def wait() -> Visit:
        thread.join(40)
        return answers[0]

    return wait


# --- the webhook


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


# --- the pay button


@pytest.mark.req("P1")
def test_a_refused_payment_changes_no_table_of_the_shop(world: ShimWorld, wire: Wire) -> None:
    shopper = world.new_shopper()
    shopper.pay()
    _quiet(world, shopper)
    before = _checksums(world)

    second = shopper.pay()

    assert second.checkout_id in world.payments_at_mollie(shopper.cart_id)
    assert _checksums(world) == before


@pytest.mark.req("P1")
def test_the_answer_does_not_wait_for_the_binding(world: ShimWorld, wire: Wire) -> None:
    shopper = world.new_shopper()
    wire.hang("POST /v1/payments/[^/]+/bind")

    answer = shopper.pay()
    wait_until(lambda: wire.paths("POST /v1/payments/[^/]+/bind"), what="the binding")

    assert answer.checkout_id in world.payments_at_mollie(shopper.cart_id)
    assert answer.seconds < 1.5


@pytest.mark.req("P1")
def test_a_binding_that_got_lost_does_not_let_a_second_payment_through(world: ShimWorld, wire: Wire) -> None:
    shopper = world.new_shopper()
    wire.rule("POST /v1/payments/[^/]+/bind", lambda _: None)

    first, second = shopper.pay(), shopper.pay()

    assert world.payments_at_mollie(shopper.cart_id) == [first.checkout_id]
    assert second.checkout_id in {first.checkout_id, None}


@pytest.mark.req("P1")
def test_a_payment_that_mollie_refuses_is_given_back_at_once(world: ShimWorld, wire: Wire) -> None:
    shopper = world.new_shopper()
    world.mollie.faults.answer(500, method="POST", path="/v2/payments")

    failed = shopper.pay()
    wait_until(lambda: wire.paths("POST /v1/payments/[^/]+/release"), what="the release")
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
    assert "already in progress" in unquote_plus(told.headers["Set-Cookie"])
    assert told.seconds < 3.0
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


@pytest.mark.req("P1", "B3")
def test_bancontacts_code_and_the_pay_button_share_one_payment(world: ShimWorld, wire: Wire) -> None:
    shopper = world.new_shopper()
    shown = shopper.module("POST", "bancontactAjax", {"ajax": "1", "action": "createTransaction"})
    (transaction,) = world.payments_at_mollie(shopper.cart_id)
    wait_until(lambda: wire.paths("POST /v1/payments/[^/]+/(bind|release)"), what="the end of the script")

    again = shopper.module("POST", "bancontactAjax", {"ajax": "1", "action": "createTransaction"})
    shopper.pay()

    assert transaction in shown.json["qr_code"]
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


# --- the shopper is back


@pytest.mark.req("B15")
def test_the_shopper_who_is_back_before_the_webhook_finds_his_order(world: ShimWorld, wire: Wire) -> None:
    shopper, transaction = paid(world)
    back = str(world.mollie.payment(transaction).redirect_url)

    shopper.follow(back)
    polled = shopper.follow(f"{back}&ajax=1&action=getStatus").json

    assert polled["success"] is True
    assert "order-confirmation" in polled["href"]
    assert len(world.references(shopper.cart_id)) == 1


@pytest.mark.req("P8", "B15")
def test_a_pending_payment_gets_its_order_when_the_shopper_is_back(world: ShimWorld, wire: Wire) -> None:
    shopper = world.new_shopper()
    transaction = str(shopper.pay().checkout_id)
    world.mollie.start(transaction)

    returned = shopper.follow(str(world.mollie.payment(transaction).redirect_url))

    assert returned.page == "order-confirmation"
    assert [order["current_state"] for order in world.books.orders_of(shopper.cart_id)] == [15]


@pytest.mark.req("B15")
def test_the_return_page_waits_two_seconds_at_most(world: ShimWorld, wire: Wire) -> None:
    shopper, transaction = paid(world)
    wire.hang("POST /v1/carts/[0-9]+/settle")

    answer = shopper.follow(str(world.mollie.payment(transaction).redirect_url))

    assert answer.status == 200
    assert answer.seconds < 2.8


def _quiet(world: ShimWorld, shopper: Shopper) -> None:
    """Wait until the payment is bound: that happens when the answer has left."""
    row = "SELECT COUNT(*) FROM ps_molbridge_attempt WHERE id_cart = %s AND transaction_id IS NOT NULL"
    wait_until(lambda: world.database.execute(row, shopper.cart_id)[0][0] > 0, what="the binding")


def _checksums(world: ShimWorld) -> dict[str, int]:
    names = [str(name) for (name,) in world.database.execute("SHOW TABLES")]
    kept = [name for name in names if not name.startswith("ps_molbridge_")]
    return {name: world.database.execute(f"CHECKSUM TABLE `{name}`")[0][1] for name in kept}
