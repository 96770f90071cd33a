"""Two hosts, each with its own address and its own /tmp, over one database: file locks exclude nobody there."""

from __future__ import annotations

import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from urllib.parse import urlsplit

import pytest
import requests

from tests.integration.host import Hosts, running_hosts
from tests.integration.world import together
from tests.services.waiting import wait_until

pytestmark = [pytest.mark.mariadb, pytest.mark.redis, pytest.mark.slow, pytest.mark.alone, pytest.mark.timeout(600)]

Recorder = Callable[[str, object], None]

ROUNDS = 200
UNGUARDED_ROUNDS = 10


@pytest.fixture(scope="module")
def hosts() -> Iterator[Hosts]:
    """Two hosts whose sidecars share their locks through Redis."""
    with running_hosts() as running:
        yield running


def two_paid_payments(hosts: Hosts) -> tuple[int, list[str]]:
    """A cart that was paid twice, once through each web server, and nobody has been told."""
    world = hosts.world
    cart_id, _ = world.new_cart()
    transactions = [shop.pay(cart_id).transaction_id for shop in world.shops]
    for transaction_id in transactions:
        world.mollie.webhooks.lose(transaction_id)
        world.mollie.pay(transaction_id)
    return cart_id, transactions


def attempts_of(hosts: Hosts, cart_id: int) -> list[str]:
    rows = hosts.world.rows("SELECT state FROM {p}attempt WHERE id_cart = %s ORDER BY state", cart_id)
    return [str(state) for (state,) in rows]


def delivered(hosts: Hosts, transactions: list[str]) -> list[int]:
    """Mollie calls both web servers at once; what they answered."""
    return [answer.status or 0 for answer in hosts.world.mollie.webhooks.deliver_together(transactions)]


def routed(hosts: Hosts, transactions: list[str]) -> list[int]:
    """Both web servers pass Mollie's calls to the sidecar of their own host, at once; what those answered."""
    return together(
        [partial(route, sidecar.url, tr) for sidecar, tr in zip(hosts.sidecars, transactions, strict=False)]
    )


def route(sidecar: str, transaction_id: str) -> int:
    return requests.post(f"{sidecar}/webhooks/mollie", data={"id": transaction_id}, timeout=20).status_code


def taken(announced: Callable[[Hosts, list[str]], list[int]], hosts: Hosts, transaction_id: str) -> bool:
    """Mollie calls again about one of them; whether it was answered 200 now."""
    return announced(hosts, [transaction_id]) == [200]


def test_each_host_has_an_address_and_a_tmp_of_its_own(hosts: Hosts) -> None:
    names = ["sidecar-was-here", "web-server-was-here"]
    for host, name in zip(hosts.network.hosts, names, strict=True):
        subprocess.run(host.inside("touch", f"/tmp/{name}"), check=True)

    assert [(host.tmp / name).exists() for host in hosts.network.hosts for name in names] == [True, False, False, True]
    assert len({urlsplit(each.url).hostname for each in hosts.sidecars}) == 2
    assert [urlsplit(each.url).hostname for each in hosts.web_servers] == [h.address for h in hosts.network.hosts]


@pytest.mark.req("B14")
def test_without_the_bridge_two_hosts_make_two_orders_of_one_cart(
    hosts: Hosts, record_testsuite_property: Recorder
) -> None:
    hosts.guard(on=False)
    orders: Counter[int] = Counter()
    for _ in range(UNGUARDED_ROUNDS):
        cart_id, transactions = two_paid_payments(hosts)

        assert delivered(hosts, transactions) == [200, 200]

        orders[len(hosts.world.references(cart_id))] += 1

    record_testsuite_property("two orders without the bridge", f"{orders[2]} of {UNGUARDED_ROUNDS}")
    assert orders == {2: UNGUARDED_ROUNDS}


@pytest.mark.req("P2", "L3", "B14")
def test_with_locks_in_redis_two_hosts_make_one_order_in_200_of_200_rounds(
    hosts: Hosts, record_testsuite_property: Recorder
) -> None:
    hosts.guard(on=True)
    orders: Counter[int] = Counter()
    at_once = 0
    for number in range(ROUNDS):
        cart_id, transactions = two_paid_payments(hosts)
        # In turn: Mollie calls the shop, whose shim claims; or the web server passes Mollie's call to the sidecar.
        announced = delivered if number % 2 else routed

        answers = announced(hosts, transactions)
        at_once += answers == [200, 200]
        for transaction_id in (tr for tr, answer in zip(transactions, answers, strict=True) if answer != 200):
            wait_until(partial(taken, announced, hosts, transaction_id), 20)

        orders[len(hosts.world.references(cart_id))] += 1
        assert attempts_of(hosts, cart_id) == ["paid", "surplus"]

    record_testsuite_property("one order", f"{orders[1]} of {ROUNDS}")
    record_testsuite_property("both calls taken at once", f"{at_once} of {ROUNDS}")
    assert orders == {1: ROUNDS}
    # Where the hosts did not wait for each other (file locks in two folders), one of the two would be sent away.
    assert at_once >= ROUNDS * 0.9
