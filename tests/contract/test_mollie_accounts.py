"""Keys by shop, connections by key, and the Orders API behind the same contract."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from bridge.adapters.mollie import MollieClientAccounts
from bridge.domain.errors import MollieRefused, MollieUnauthorized
from bridge.domain.money import Money
from bridge.domain.observed import PaymentStatus
from bridge.ports.shop import MollieAccess
from tests.contract.mollie_rigs import SimulatedRig, new_payment, simulated_rig
from tests.contract.raw_server import answering, keeping_alive, raw_server
from tests.fakes.clock import FakeClock

ORDER = {
    "amount": {"currency": "EUR", "value": "14.40"},
    "orderNumber": "42",
    "locale": "en_US",
    "redirectUrl": "http://shop.example.test/return",
    "lines": [{"name": "Mug"}],
    "metadata": {"cart_id": 42},
    "method": "klarna",
}


@pytest.fixture
def rig() -> Iterator[SimulatedRig]:
    with simulated_rig() as rig:
        yield rig


class Keys:
    """The shop's configuration; `asked` counts the look-ups."""

    def __init__(self, **keys: str) -> None:
        self.by_shop = {int(name.removeprefix("shop")): key for name, key in keys.items()}
        self.asked = 0

    def __call__(self, shop_id: int) -> MollieAccess | None:
        self.asked += 1
        key = self.by_shop.get(shop_id)
        return MollieAccess(api_key=key, live=False) if key else None


def test_each_shop_uses_its_own_key() -> None:
    keys = Keys(shop1="test_one", shop2="test_two")
    with raw_server(answering("404 Not Found", body='{"status": 404, "detail": "none"}')) as server:
        accounts = MollieClientAccounts(keys, server.url)
        for shop in (1, 2, 1):
            accounts.of(shop).find_payment("tr_1")
        accounts.close()

        sent = [server.header("Authorization", number) for number in range(3)]
        assert sent == ["Bearer test_one", "Bearer test_two", "Bearer test_one"]


def test_a_shop_without_a_key_is_told_so() -> None:
    accounts = MollieClientAccounts(Keys(), "http://127.0.0.1:1")

    with pytest.raises(MollieUnauthorized, match="shop 3"):
        accounts.of(3)


def test_what_is_no_key_is_refused_and_not_shown() -> None:
    accounts = MollieClientAccounts(Keys(shop1="secret-of-ours"), "http://127.0.0.1:1")

    with pytest.raises(MollieUnauthorized) as refused:
        accounts.of(1).find_payment("tr_1")
    accounts.close()

    assert "secret" not in str(refused.value)
    assert refused.value.__cause__ is None


def test_a_key_is_looked_up_once_for_many_calls() -> None:
    keys = Keys(shop1="test_one")
    accounts = MollieClientAccounts(keys, clock=FakeClock())

    for _ in range(10):
        accounts.of(1)

    assert keys.asked == 1


def test_a_changed_key_is_used_within_a_minute(rig: SimulatedRig) -> None:
    keys, clock = Keys(shop1="test_old"), FakeClock()
    rig.simulator.api_keys = frozenset({"test_new"})
    accounts = MollieClientAccounts(keys, rig.url, clock=clock)
    with pytest.raises(MollieUnauthorized):
        accounts.of(1).find_payment("tr_1")

    keys.by_shop[1] = "test_new"
    clock.advance(minutes=1)

    assert accounts.of(1).find_payment("tr_1") is None
    accounts.close()


def test_the_key_does_not_show_in_what_is_printed() -> None:
    accounts = MollieClientAccounts(Keys(shop1="test_secret"))

    assert "secret" not in repr(accounts.of(1))
    assert "secret" not in repr(accounts)


def test_many_threads_at_once_each_get_their_own_answer(rig: SimulatedRig) -> None:
    together = threading.Barrier(24)

    def create(number: int) -> tuple[int, int | None]:
        together.wait(30)
        made = rig.mollie.create_payment(new_payment(metadata={"cart_id": number}), key=f"key-{number}")
        return number, made.cart_id

    with ThreadPoolExecutor(24) as threads:
        answers = list(threads.map(create, range(1, 25)))

    assert all(asked == answered for asked, answered in answers)


def test_a_connection_is_used_again_but_not_after_a_pause() -> None:
    clock = FakeClock()
    with raw_server(keeping_alive("404 Not Found", '{"status": 404, "detail": "none"}')) as server:
        accounts = MollieClientAccounts(Keys(shop1="test_one"), server.url, most=1, clock=clock)
        connections = []
        for pause in (0, 0, 0, 60):
            clock.advance(seconds=pause)
            accounts.of(1).find_payment("tr_1")
            connections.append(len(server.requests))
        accounts.close()

    assert connections == [1, 1, 1, 2]


def test_accounts_can_be_closed_and_used_again(rig: SimulatedRig) -> None:
    rig.mollie.find_payment("tr_1")
    rig.accounts.close()

    assert rig.mollie.find_payment("tr_1") is None


@pytest.mark.parametrize(
    "transaction_id", ["", "42", "tr_", "tr_1/../../profiles/me", "tr_1?x=y", "ord_\n", "re_1", "tr_é"]
)
def test_what_can_not_be_an_id_is_not_asked_for(rig: SimulatedRig, transaction_id: str) -> None:
    assert rig.mollie.find_payment(transaction_id) is None
    assert not rig.mollie.cancel_payment(transaction_id)
    with pytest.raises(MollieRefused):
        rig.mollie.refunds_of(transaction_id)

    assert rig.requests() == []


def test_a_payment_of_an_order_is_answered_as_the_order(rig: SimulatedRig) -> None:
    order = rig.simulator.orders.create(ORDER)

    found = rig.mollie.find_payment(order.payment_ids[0])

    assert found is not None
    assert found == rig.mollie.find_payment(order.id)
    assert (found.transaction_id, found.status, found.cart_id) == (order.id, PaymentStatus.OPEN, 42)
    assert found.checkout_url is not None


def test_an_order_is_cancelled(rig: SimulatedRig) -> None:
    order = rig.simulator.orders.create(ORDER)

    assert rig.mollie.cancel_payment(order.id)
    assert not rig.mollie.cancel_payment(order.id)


def test_an_orders_refund_is_its_payments(rig: SimulatedRig) -> None:
    order = rig.simulator.orders.create(ORDER)
    rig.pay(order.payment_ids[0])

    refund = rig.mollie.create_refund(order.id, Money.parse("5.00", "EUR"), key="refund-1", description="surplus")

    assert rig.mollie.refunds_of(order.id) == rig.mollie.refunds_of(order.payment_ids[0]) == (refund,)
    found = rig.mollie.find_payment(order.id)
    assert found is not None
    assert (found.status, found.refunded_minor) == (PaymentStatus.PAID, 500)


def test_an_order_that_nobody_paid_has_nothing_to_refund(rig: SimulatedRig) -> None:
    order = rig.simulator.orders.create(ORDER)

    with pytest.raises(MollieRefused) as refused:
        rig.mollie.create_refund(order.id, Money.parse("5.00", "EUR"), key="refund-1", description="surplus")

    assert refused.value.status == 422


def test_a_chargeback_is_seen(rig: SimulatedRig) -> None:
    created = rig.mollie.create_payment(new_payment(), key="key-1")
    rig.pay(created.transaction_id)
    rig.simulator.chargeback(created.transaction_id)

    found = rig.mollie.find_payment(created.transaction_id)

    assert found is not None
    assert (found.status, found.charged_back_minor, found.money_in) == (PaymentStatus.PAID, 1440, False)


@pytest.mark.parametrize("body", ["", "{}"])
def test_a_release_that_was_accepted_needs_no_body(body: str) -> None:
    with raw_server(answering("202 Accepted", body=body, kind="application/hal+json")) as server:
        accounts = MollieClientAccounts(Keys(shop1="test_one"), server.url)
        accounts.of(1).release_authorization("tr_1", key="key-1")
        accounts.close()

        assert server.header("Idempotency-Key") == "key-1"
