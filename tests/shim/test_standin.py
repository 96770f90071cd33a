"""Without the bridge the stand-in behaves as was measured on a real PrestaShop 9.1.4 with the official module."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from decimal import Decimal

import pytest

from tests.integration.world import together
from tests.services.mariadb import Database
from tests.shim.shopper import Shopper, module_url, visit
from tests.shim.world import ShimWorld, running_world

pytestmark = [pytest.mark.mariadb, pytest.mark.php, pytest.mark.nginx, pytest.mark.timeout(300)]

CARTS = 10
GAP_MS = 60
"""Between the last look for an order and its insert; a real shop's webhook takes about 250 ms in all."""


@pytest.fixture(scope="module")
def world(module_database: Database) -> Iterator[ShimWorld]:
    with running_world(module_database, web_servers=2) as running:
        yield running


@pytest.fixture(autouse=True)
def _calm(world: ShimWorld) -> Iterator[None]:
    yield
    world.set(gap_ms=None, fatal_in_invoice=None)
    for server in world.servers:
        assert "PHP Fatal" not in server.errors, server.errors[-2000:]
        assert "PHP Warning" not in server.errors, server.errors[-2000:]


def two_tabs_paid(world: ShimWorld) -> tuple[Shopper, list[str]]:
    """A shopper, and the two transactions that he paid in two tabs at once, nobody told yet."""
    shopper = world.new_shopper()
    visits = together([shopper.pay, shopper.pay])
    transactions = [visit.checkout_id for visit in visits]
    for transaction in transactions:
        assert transaction is not None
        world.mollie.pay(transaction)
    return shopper, [str(each) for each in transactions]


def announcing(world: ShimWorld, transaction: str, server: int = 0) -> Callable[[], list[int]]:
    return lambda: world.announce_until_taken(transaction, world.servers[server])


def test_the_hooks_fire_in_the_measured_order(world: ShimWorld) -> None:
    shopper = world.new_shopper()
    world.server.forget()

    shopper.pay()

    assert world.server.journal()[:7] == [
        "hook moduleRoutes",
        "hook actionDispatcherBefore",
        "hook actionDispatcher",
        "hook actionFrontControllerInitBefore",
        "hook actionControllerInitBefore",
        "hook actionControllerInitAfter",
        "hook actionFrontControllerInitAfter",
    ]
    assert "hook actionDispatcherAfter" not in world.server.journal()


@pytest.mark.slow
@pytest.mark.req("P5")
def test_one_web_server_makes_one_order_and_takes_the_money_twice(world: ShimWorld) -> None:
    world.set(gap_ms=GAP_MS)
    for _ in range(CARTS):
        shopper, transactions = two_tabs_paid(world)
        assert len(set(transactions)) == 2

        together([announcing(world, each) for each in transactions])

        assert len(world.references(shopper.cart_id)) == 1
        assert {row["bank_status"] for row in world.books.payments_of(shopper.cart_id)} == {"paid"}


@pytest.mark.slow
@pytest.mark.req("P5")
def test_two_web_servers_make_two_orders(world: ShimWorld, publish: Callable[[str], None]) -> None:
    world.set(gap_ms=GAP_MS)
    doubled = 0
    for _ in range(CARTS):
        shopper, transactions = two_tabs_paid(world)
        together([announcing(world, each, server) for server, each in enumerate(transactions)])
        doubled += len(world.references(shopper.cart_id)) == 2
    publish(f"two orders without the bridge: {doubled} of {CARTS} carts")
    assert doubled >= CARTS // 2


@pytest.mark.req("P5")
def test_one_webhook_delivered_to_two_web_servers_makes_two_orders(world: ShimWorld) -> None:
    world.set(gap_ms=5 * GAP_MS)
    shopper = world.new_shopper()
    transaction = str(shopper.pay().checkout_id)
    world.mollie.pay(transaction)

    together([announcing(world, transaction, server) for server in (0, 1)])

    assert len(world.references(shopper.cart_id)) == 2


def test_the_second_paid_payment_is_absorbed_without_a_word(world: ShimWorld) -> None:
    shopper, transactions = two_tabs_paid(world)

    answers = [world.announce_until_taken(each) for each in transactions]

    (order,) = world.books.orders_of(shopper.cart_id)
    assert answers == [[200], [200]]
    assert order["total_paid_real"] == Decimal("14.40")
    assert [row["order_id"] for row in world.books.payments_of(shopper.cart_id)] == [order["id_order"]] * 2


def test_the_full_refund_of_the_duplicate_takes_the_order_with_it(world: ShimWorld) -> None:
    shopper, transactions = two_tabs_paid(world)
    for each in transactions:
        world.announce_until_taken(each)
    world.mollie.create_refund(transactions[1], {"amount": {"currency": "EUR", "value": "14.40"}})

    assert world.announce(transactions[1]).status == 200

    assert [order["current_state"] for order in world.books.orders_of(shopper.cart_id)] == [7]


def test_a_changed_cart_ends_in_an_order_over_what_was_paid_last(world: ShimWorld) -> None:
    shopper = world.new_shopper()
    first = str(shopper.pay().checkout_id)
    world.books.change_cart(shopper.cart_id, "28.80")
    second = str(shopper.pay().checkout_id)
    for transaction in (first, second):
        world.mollie.pay(transaction)
        world.announce_until_taken(transaction)

    (order,) = world.books.orders_of(shopper.cart_id)
    assert (order["current_state"], order["total_paid"]) == (2, Decimal("28.80"))


def test_a_fatal_error_in_the_invoice_answers_200_and_leaves_the_row_open(world: ShimWorld) -> None:
    shopper = world.new_shopper()
    transaction = str(shopper.pay().checkout_id)
    world.mollie.pay(transaction)
    world.set(fatal_in_invoice=True)

    assert world.announce(transaction).status == 200

    (row,) = world.books.payments_of(shopper.cart_id)
    assert (row["bank_status"], row["order_id"]) == ("open", 0)
    assert len(world.references(shopper.cart_id)) == 1


def test_a_split_cart_becomes_two_orders_of_one_reference(world: ShimWorld) -> None:
    shopper = world.new_shopper(split=True)
    transaction = str(shopper.pay().checkout_id)
    world.mollie.pay(transaction)

    assert world.announce(transaction).status == 200

    orders = world.books.orders_of(shopper.cart_id)
    assert (len(orders), len(world.references(shopper.cart_id))) == (2, 1)
    assert {order["current_state"] for order in orders} == {2}


@pytest.mark.parametrize(
    ("query", "data", "status"),
    [
        ({"security_token": ""}, {"id": "tr_x"}, 400),
        ({"security_token": "t"}, {}, 422),
        ({"security_token": "t"}, {"id": "tr_unknown"}, 400),
    ],
)
def test_the_webhook_refuses_as_the_module_does(
    world: ShimWorld, query: dict[str, str], data: dict[str, str], status: int
) -> None:
    assert visit("POST", module_url(world.server.url, "webhook", query), data=data).status == status


def test_a_shopper_who_is_back_waits_for_the_webhook_and_then_sees_his_order(world: ShimWorld) -> None:
    shopper = world.new_shopper()
    transaction = str(shopper.pay().checkout_id)
    world.mollie.pay(transaction)
    back = str(world.mollie.payment(transaction).redirect_url)

    waiting = shopper.follow(back)
    polled = shopper.follow(f"{back}&ajax=1&action=getStatus")
    world.announce_until_taken(transaction)
    found = shopper.follow(f"{back}&ajax=1&action=getStatus")

    assert (waiting.status, "mollie_wait.tpl" in waiting.text, polled.json) == (200, True, {"success": False})
    assert found.json["success"] is True
    assert "order-confirmation" in found.json["href"]


def test_a_pending_payment_gets_its_order_when_the_shopper_is_back(world: ShimWorld) -> None:
    shopper = world.new_shopper()
    transaction = str(shopper.pay().checkout_id)
    world.mollie.start(transaction)

    returned = shopper.follow(str(world.mollie.payment(transaction).redirect_url))

    assert returned.page == "order-confirmation"
    assert [order["current_state"] for order in world.books.orders_of(shopper.cart_id)] == [15]


def test_bank_transfer_makes_its_order_before_the_payment(world: ShimWorld) -> None:
    shopper = world.new_shopper()
    transaction = str(shopper.pay("banktransfer").checkout_id)
    world.mollie.pay(transaction)
    world.announce_until_taken(transaction)

    (order,) = world.books.orders_of(shopper.cart_id)
    assert (order["current_state"], order["total_paid_real"]) == (2, Decimal(0))


def test_bancontacts_code_is_sent_only_after_the_module_has_waited_for_the_order(world: ShimWorld) -> None:
    shopper = world.new_shopper()

    shown = shopper.module("POST", "bancontactAjax", {"ajax": "1", "action": "createTransaction"})

    assert re.fullmatch(r'\{"qr_code":.+\}\{"success":false\}', shown.text)
    assert shown.seconds > 0.3


def test_bancontacts_code_has_no_row_until_its_webhook_comes(world: ShimWorld) -> None:
    shopper = world.new_shopper()
    shown = shopper.module("POST", "bancontactAjax", {"ajax": "1", "action": "createTransaction"})
    (transaction,) = world.payments_at_mollie(shopper.cart_id)
    before = world.books.payments_of(shopper.cart_id)
    world.mollie.pay(transaction)
    world.announce_until_taken(transaction)

    assert transaction in shown.text
    assert (before, len(world.references(shopper.cart_id))) == ([], 1)


def test_a_renewal_makes_an_order_of_a_cart_of_its_own(world: ShimWorld) -> None:
    shopper = world.new_shopper()
    world.database.execute(
        "INSERT INTO ps_mol_recurring_order (mollie_subscription_id, id_cart) VALUES ('sub_1', %s)", shopper.cart_id
    )
    url = module_url(world.server.url, "subscriptionWebhook", {"subscription": "sub_1"})
    payment = world.mollie.create_payment(
        {
            "amount": {"currency": "EUR", "value": "14.40"},
            "description": "renewal",
            "redirectUrl": world.server.url,
            "webhookUrl": url,
            "method": "ideal",
        },
        mode="test",
    )
    world.mollie.pay(payment.id)

    assert visit("POST", url, data={"id": payment.id}).status == 200

    ((cart,),) = world.database.execute("SELECT cart_id FROM ps_mollie_payments WHERE transaction_id = %s", payment.id)
    assert cart != shopper.cart_id
    assert len(world.references(cart)) == 1
