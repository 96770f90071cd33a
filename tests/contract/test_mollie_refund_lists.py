"""The list of a payment's refunds: whole, or none. What is not in it would be made again."""

from __future__ import annotations

import json
import socket
import threading

import pytest

from bridge.adapters.mollie import MollieClientAccounts
from bridge.domain.errors import MollieError
from bridge.ports.shop import MollieAccess
from tests.contract.raw_server import Answer, answering, raw_server


def page(*refunds: str, next_url: str | None = None, count: int | None = None) -> str:
    """A page of a payment's refunds, as Mollie answers it."""
    money = {"currency": "EUR", "value": "1.00"}
    return json.dumps(
        {
            "count": len(refunds) if count is None else count,
            "_embedded": {"refunds": [{"id": each, "status": "queued", "amount": money} for each in refunds]},
            "_links": {"next": {"href": next_url} if next_url else None},
        }
    )


def answered(body: str) -> Answer:
    return answering(body=body, kind="application/hal+json")


def listed(url: str) -> tuple[str, ...]:
    accounts = MollieClientAccounts(lambda _: MollieAccess(api_key="test_one", live=False), url)
    try:
        return tuple(refund.refund_id for refund in accounts.of(1).refunds_of("tr_1"))
    finally:
        accounts.close()


class Pages:
    """Answers one page after the other, and the last one for ever."""

    def __init__(self) -> None:
        self.bodies: list[str] = []

    def __call__(self, connection: socket.socket, over: threading.Event) -> None:
        answered(self.bodies.pop(0) if len(self.bodies) > 1 else self.bodies[0])(connection, over)


@pytest.mark.req("L8")
def test_refunds_are_listed_over_all_pages() -> None:
    pages = Pages()
    with raw_server(pages) as server:
        following = f"{server.url}/v2/payments/tr_1/refunds?from=re_251"
        first, rest = [f"re_{number}" for number in range(1, 251)], ["re_251", "re_252"]
        pages.bodies += [page(*first, next_url=following), page(*rest)]

        assert listed(server.url) == (*first, *rest)
        assert b"limit=250" in server.requests[0]


@pytest.mark.req("L8", "B9")
def test_a_list_of_refunds_that_never_ends_is_none() -> None:
    pages = Pages()
    with raw_server(pages) as server:
        pages.bodies.append(page("re_1", next_url=f"{server.url}/v2/payments/tr_1/refunds?from=re_1"))

        with pytest.raises(MollieError, match="no list is whole"):
            listed(server.url)
        assert len(server.requests) == 20


@pytest.mark.req("L8", "B9")
@pytest.mark.parametrize(
    "body",
    [
        "{}",
        '{"_embedded": {}, "_links": {}}',
        '{"_embedded": {"refunds": {}}, "_links": {}}',
        '{"_embedded": {"refunds": []}}',
        '{"_embedded": {"refunds": ["re_1"]}, "_links": {}}',
        page("re_1", count=2),
        page(count=1),
    ],
)
def test_an_answer_that_is_no_list_of_refunds_is_not_taken_for_an_empty_one(body: str) -> None:
    with raw_server(answered(body)) as server, pytest.raises(MollieError):
        listed(server.url)


@pytest.mark.req("L8")
def test_a_list_of_refunds_that_has_no_word_of_a_next_page_is_whole() -> None:
    body = '{"count": 0, "_embedded": {"refunds": []}, "_links": {"self": {"href": "https://x"}}}'
    with raw_server(answered(body)) as server:
        assert listed(server.url) == ()
