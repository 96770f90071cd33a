"""The list of payments over HTTP: pages, their order and their end, and what is no list."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from bridge.adapters.mollie import MollieClientAccounts
from bridge.adapters.mollie.reading import read_page
from bridge.demo.simulator.clock import ShiftableClock
from bridge.domain.errors import MollieError, MollieRefused, MollieUnauthorized, MollieUnavailable
from bridge.domain.observed import PaymentStatus
from bridge.ports.mollie import Mollie
from bridge.ports.shop import MollieAccess
from tests.contract.mollie_rigs import KEY, FakeRig, Rig, SimulatedRig, new_payment, simulated_rig
from tests.contract.raw_server import answering, raw_server, silent
from tests.fakes.mollie import FakeMollie
from tests.services.waiting import BOUNDED

pytestmark = pytest.mark.req("B7")


@pytest.fixture
def rig() -> Iterator[SimulatedRig]:
    with simulated_rig() as simulated:
        yield simulated


@pytest.fixture
def impatient() -> Iterator[SimulatedRig]:
    with simulated_rig(read_timeout=0.3, call_timeout=1.0) as simulated:
        yield simulated


@pytest.fixture(params=["client", "fake"])
def either(request: pytest.FixtureRequest, rig: SimulatedRig) -> Rig:
    return rig if request.param == "client" else FakeRig(FakeMollie())


def create(mollie: Mollie, number: int) -> list[str]:
    """So many payments, the newest first."""
    made = [mollie.create_payment(new_payment(), key=f"key-{each}").transaction_id for each in range(number)]
    return made[::-1]


def walk(mollie: Mollie, limit: int) -> list[list[str]]:
    """The ids of each page."""
    pages, begin = [], None
    while True:
        page = mollie.list_payments(begin=begin, limit=limit)
        pages.append([each.transaction_id for each in page.payments])
        begin = page.next_id
        if begin is None:
            return pages


# --- pages ------------------------------------------------------------------------------------------------------------


def test_an_account_without_payments_has_one_empty_page(either: Rig) -> None:
    assert walk(either.mollie, 10) == [[]]


@pytest.mark.slow
@pytest.mark.parametrize("number", [1, 3, 4, 6, 7])
def test_each_payment_stands_on_one_page_newest_first(either: Rig, number: int) -> None:
    made = create(either.mollie, number)

    assert walk(either.mollie, 3) == [made[start : start + 3] for start in range(0, number, 3)]


def test_a_page_begins_with_the_payment_that_was_asked_for(either: Rig) -> None:
    made = create(either.mollie, 5)

    page = either.mollie.list_payments(begin=made[2], limit=2)

    assert ([each.transaction_id for each in page.payments], page.next_id) == (made[2:4], made[4])


def test_payments_that_are_made_meanwhile_move_nothing(either: Rig) -> None:
    made = create(either.mollie, 4)
    first = either.mollie.list_payments(limit=2)
    either.mollie.create_payment(new_payment(), key="meanwhile")

    second = either.mollie.list_payments(begin=first.next_id, limit=2)

    assert [each.transaction_id for each in (*first.payments, *second.payments)] == made


def test_more_than_mollies_largest_page_is_not_asked_for(rig: SimulatedRig) -> None:
    made = create(rig.mollie, 3)

    assert walk(rig.mollie, 1000) == [made]


def test_a_listed_payment_says_the_same_as_one_that_is_asked_for(rig: SimulatedRig) -> None:
    paid, opened = create(rig.mollie, 2)
    rig.pay(paid)

    listed = rig.mollie.list_payments().payments

    assert [each.status for each in listed] == [PaymentStatus.PAID, PaymentStatus.OPEN]
    assert list(listed) == [rig.mollie.find_payment(each) for each in (paid, opened)]


def test_one_question_is_asked_for_each_page(rig: SimulatedRig) -> None:
    create(rig.mollie, 5)
    walk(rig.mollie, 2)

    assert rig.requests("GET") == [("GET", "/v2/payments", None)] * 3


def test_a_payment_of_the_orders_api_names_its_order(rig: SimulatedRig) -> None:
    order = rig.simulator.orders.create(
        {
            "amount": {"currency": "EUR", "value": "14.40"},
            "orderNumber": "1",
            "locale": "en_US",
            "lines": [{"name": "a thing"}],
            "redirectUrl": "http://shop.example.test/return",
            "metadata": {"cart_id": 42},
            "method": "klarna",
        }
    )

    (listed,) = rig.mollie.list_payments().payments

    assert (listed.order_id, listed.transaction_id, listed.cart_id) == (order.id, order.payment_ids[0], 42)


def test_times_are_told_with_their_zone(rig: SimulatedRig) -> None:
    create(rig.mollie, 1)
    (listed,) = rig.mollie.list_payments().payments

    assert isinstance(rig.simulator.clock, ShiftableClock)
    assert listed.created_at is not None
    assert abs((rig.simulator.clock.now() - listed.created_at).total_seconds()) < 60


# --- refusals and faults ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("begin", ["tr_unknown", "no id", "../methods", "tr_1&limit=1"])
def test_a_payment_that_mollie_does_not_know_begins_no_page(rig: SimulatedRig, begin: str) -> None:
    create(rig.mollie, 1)

    with pytest.raises(MollieRefused) as refused:
        rig.mollie.list_payments(begin=begin)

    assert refused.value.status == 404


def test_a_key_that_mollie_does_not_take(rig: SimulatedRig) -> None:
    rig.simulator.faults.answer(401)

    with pytest.raises(MollieUnauthorized):
        rig.mollie.list_payments()


@pytest.mark.parametrize("status", [429, 503])
def test_mollie_has_no_time_and_says_when_to_come_again(rig: SimulatedRig, status: int) -> None:
    rig.simulator.faults.answer(status, headers={"Retry-After": "17"}, times=None)

    with pytest.raises(MollieUnavailable) as unavailable:
        rig.mollie.list_payments()

    assert unavailable.value.retry_after == 17
    assert len(rig.requests()) == 1


@pytest.mark.parametrize("fault", ["html", "drop", "500"])
def test_a_page_is_asked_for_again_after_a_hiccup(rig: SimulatedRig, fault: str) -> None:
    made = create(rig.mollie, 2)
    match fault:
        case "html":
            rig.simulator.faults.html(502, times=2)
        case "drop":
            rig.simulator.faults.drop_after(times=2)
        case _:
            rig.simulator.faults.answer(500, times=2)

    assert walk(rig.mollie, 10) == [made]
    assert len(rig.requests("GET")) == 3


def test_a_page_that_never_comes_is_given_up_in_time(impatient: SimulatedRig) -> None:
    impatient.simulator.faults.hang(times=None)

    started = time.monotonic()
    with pytest.raises(MollieUnavailable):
        impatient.mollie.list_payments()

    assert time.monotonic() - started < BOUNDED


def asking(url: str, *, read_timeout: float = 5.0, call_timeout: float = 20.0) -> MollieClientAccounts:
    access = MollieAccess(api_key=KEY, live=False)
    return MollieClientAccounts(lambda _: access, url, read_timeout=read_timeout, call_timeout=call_timeout, most=2)


def listed_from(answer: Any, *, kind: str = "application/hal+json") -> Any:
    body = answer if isinstance(answer, str) else json.dumps(answer)
    with raw_server(answering(body=body, kind=kind)) as server:
        accounts = asking(server.url)
        try:
            return accounts.of(1).list_payments()
        finally:
            accounts.close()


PAYMENT = {"id": "tr_1", "status": "paid", "amount": {"currency": "EUR", "value": "14.40"}}
LIST: dict[str, Any] = {"count": 1, "_embedded": {"payments": [PAYMENT]}, "_links": {"next": None}}


def test_a_short_answer_with_all_that_counts_is_a_page() -> None:
    page = listed_from(LIST)

    assert ([each.transaction_id for each in page.payments], page.next_id) == (["tr_1"], None)


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"status": "ok"},
        {name: value for name, value in LIST.items() if name != "_links"},
        LIST | {"_links": None},
        LIST | {"_links": {}},
        LIST | {"_embedded": {}},
        {name: value for name, value in LIST.items() if name != "_embedded"},
        LIST | {"_embedded": {"payments": None}},
        LIST | {"_links": {"next": {"href": "https://api.mollie.com/v2/payments?limit=250"}}},
    ],
    ids=lambda answer: json.dumps(answer)[:60],
)
def test_an_answer_that_is_no_list_is_not_taken_for_its_end(answer: dict[str, Any]) -> None:
    with pytest.raises(MollieError):
        listed_from(answer)


@pytest.mark.parametrize("page", ["<html><body>Welcome</body></html>", "", "null", "[]", '"text"'])
def test_neither_is_a_page_of_somebody_else(page: str) -> None:
    with pytest.raises((MollieUnavailable, MollieError)):
        listed_from(page, kind="text/html")


def test_somebody_who_never_answers_is_not_waited_for() -> None:
    with raw_server(silent) as server:
        accounts = asking(server.url, read_timeout=0.3, call_timeout=1.0)
        started = time.monotonic()
        with pytest.raises(MollieUnavailable):
            accounts.of(1).list_payments()
        assert time.monotonic() - started < BOUNDED
        accounts.close()


@pytest.mark.parametrize(
    "href", ["?from=tr_2&limit=250", "/v2/payments?limit=250&from=tr_2", "https://x.test/?from=tr_2"]
)
def test_the_next_page_is_asked_of_mollie_wherever_its_link_leads(href: str) -> None:
    """Of the link its payment alone is used: the key goes nowhere else."""
    assert listed_from(LIST | {"_links": {"next": {"href": href}}}).next_id == "tr_2"


def test_a_status_that_is_not_known_does_not_hide_the_rest_of_the_page() -> None:
    amount = {"currency": "EUR", "value": "14.40"}
    body = {
        "_embedded": {
            "payments": [
                {"id": "tr_3", "status": "paid", "amount": amount},
                {"id": "tr_2", "status": "partially_paid", "amount": amount, "metadata": {"cart_id": 42}},
                {"id": "tr_1", "status": "open", "amount": amount},
            ]
        },
        "_links": {"next": None},
    }
    page = read_page(body)

    assert [each.transaction_id for each in page.payments] == ["tr_3", "tr_1"]
    assert [(each.transaction_id, each.word, each.cart_id) for each in page.strange] == [("tr_2", "partially_paid", 42)]
