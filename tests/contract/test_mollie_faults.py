"""What Mollie and the network can do to a call, and what the caller is told."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest

from bridge.adapters.mollie import MollieClientAccounts
from bridge.domain.errors import (
    MollieConflict,
    MollieError,
    MollieRefused,
    MollieTimeout,
    MollieUnauthorized,
    MollieUnavailable,
)
from bridge.domain.money import Money
from bridge.ports.mollie import Mollie
from bridge.ports.shop import MollieAccess
from tests.contract.mollie_rigs import KEY, SimulatedRig, new_payment, simulated_rig
from tests.contract.raw_server import Answer, answering, hanging_up, raw_server, silent, trickling, unused_port
from tests.services.waiting import BOUNDED

pytestmark = pytest.mark.slow

EUROS = Money.parse("5.00", "EUR")
ANSWER = "HTTP/1.1 200 OK\r\nContent-Type: application/hal+json\r\n"

Call = Callable[[Mollie], object]

WRITES: dict[str, Call] = {
    "create": lambda mollie: mollie.create_payment(new_payment(), key="key-1"),
    "cancel": lambda mollie: mollie.cancel_payment("tr_1"),
    "refund": lambda mollie: mollie.create_refund("tr_1", EUROS, key="key-1", description="surplus"),
    "release": lambda mollie: mollie.release_authorization("tr_1", key="key-1"),
}
READS: dict[str, Call] = {
    "find": lambda mollie: mollie.find_payment("tr_1"),
    "refunds": lambda mollie: mollie.refunds_of("tr_1"),
}

writes = pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
reads = pytest.mark.parametrize("read", READS.values(), ids=READS)
calls = pytest.mark.parametrize("call", (READS | WRITES).values(), ids=READS | WRITES)


@pytest.fixture
def rig() -> Iterator[SimulatedRig]:
    with simulated_rig() as rig:
        yield rig


@pytest.fixture
def impatient() -> Iterator[SimulatedRig]:
    with simulated_rig(read_timeout=0.3, call_timeout=2.0) as rig:
        yield rig


@pytest.fixture
def against() -> Iterator[Callable[..., Mollie]]:
    """Mollie as the client sees it behind `url`."""
    made: list[MollieClientAccounts] = []

    def mollie(url: str, *, read_timeout: float = 5.0, call_timeout: float = 0.4, most: int = 4) -> Mollie:
        accounts = MollieClientAccounts(
            lambda _: MollieAccess(api_key=KEY, live=False),
            url,
            read_timeout=read_timeout,
            call_timeout=call_timeout,
            most=most,
        )
        made.append(accounts)
        return accounts.of(1)

    yield mollie
    for accounts in made:
        accounts.close()


@calls
def test_a_key_that_mollie_does_not_take(rig: SimulatedRig, call: Call) -> None:
    rig.simulator.faults.answer(401)

    with pytest.raises(MollieUnauthorized):
        call(rig.mollie)


@calls
@pytest.mark.parametrize("status", [429, 503])
def test_mollie_has_no_time_and_says_when_to_come_again(rig: SimulatedRig, call: Call, status: int) -> None:
    rig.simulator.faults.answer(status, headers={"Retry-After": "17"}, times=None)

    started = time.monotonic()
    with pytest.raises(MollieUnavailable) as unavailable:
        call(rig.mollie)

    assert unavailable.value.retry_after == 17
    assert time.monotonic() - started < BOUNDED, "it slept for Mollie"
    assert len(rig.requests()) == 1


@calls
def test_an_error_without_detail_is_translated_too(rig: SimulatedRig, call: Call) -> None:
    rig.simulator.faults.answer(400, detail=None)

    with pytest.raises(MollieRefused) as refused:
        call(rig.mollie)

    assert refused.value.status == 400


def test_a_read_is_tried_again_after_a_gateways_page(rig: SimulatedRig) -> None:
    created = rig.mollie.create_payment(new_payment(), key="key-1")
    rig.simulator.faults.html(502, times=2)

    assert rig.mollie.find_payment(created.transaction_id) == created
    assert len(rig.requests("GET")) == 3


@reads
def test_a_read_is_given_up_after_three_gateways_pages(rig: SimulatedRig, read: Call) -> None:
    rig.simulator.faults.html(502, times=None)

    with pytest.raises(MollieUnavailable):
        read(rig.mollie)

    assert len(rig.requests("GET")) == 3


@pytest.mark.req("B9")
@writes
@pytest.mark.parametrize("status", [500, 502, 504])
def test_a_write_that_a_gateway_gave_up_is_not_known_and_not_repeated(
    rig: SimulatedRig, write: Call, status: int
) -> None:
    rig.simulator.faults.html(status, times=None)

    with pytest.raises(MollieTimeout):
        write(rig.mollie)

    assert len(rig.requests()) == 1


@pytest.mark.req("B9")
@writes
def test_a_write_whose_connection_broke_is_not_known_and_not_repeated(rig: SimulatedRig, write: Call) -> None:
    rig.simulator.faults.drop_before(times=None)

    with pytest.raises(MollieTimeout):
        write(rig.mollie)

    assert len(rig.requests()) == 1


@writes
def test_a_write_without_an_answer_is_not_known(impatient: SimulatedRig, write: Call) -> None:
    impatient.simulator.faults.hang(times=None)

    with pytest.raises(MollieTimeout):
        write(impatient.mollie)

    assert len(impatient.requests()) == 1


@calls
def test_where_nobody_listens_nothing_was_done(call: Call, against: Callable[..., Mollie]) -> None:
    with unused_port() as port, pytest.raises(MollieUnavailable):
        call(against(f"http://127.0.0.1:{port}"))


@calls
def test_a_name_that_does_not_resolve_means_that_nothing_was_done(call: Call, against: Callable[..., Mollie]) -> None:
    with pytest.raises(MollieUnavailable):
        call(against("http://mollie.invalid", call_timeout=10.0))


@pytest.mark.req("B9", "P12")
def test_a_payment_made_behind_a_broken_connection_is_found_with_the_same_key(rig: SimulatedRig) -> None:
    rig.simulator.faults.drop_after(method="POST")
    with pytest.raises(MollieTimeout):
        rig.mollie.create_payment(new_payment(), key="key-1")

    found = rig.mollie.create_payment(new_payment(), key="key-1")

    assert [payment.id for payment in rig.simulator.payments()] == [found.transaction_id]


def test_the_first_request_with_the_key_is_still_running(rig: SimulatedRig) -> None:
    rig.simulator.faults.answer(409, detail="A request with the same Idempotency-Key is still in progress")

    with pytest.raises(MollieConflict):
        rig.mollie.create_refund("tr_1", EUROS, key="key-1", description="surplus")


@pytest.mark.req("P12")
def test_every_write_carries_the_callers_key_or_none(rig: SimulatedRig) -> None:
    paid = rig.mollie.create_payment(new_payment(), key="key-1").transaction_id
    rig.pay(paid)
    rig.mollie.create_refund(paid, EUROS, key="key-2", description="surplus")
    reserved = rig.mollie.create_payment(new_payment(), key="key-3").transaction_id
    rig.authorize(reserved)
    rig.mollie.release_authorization(reserved, key="key-4")
    rig.mollie.cancel_payment(reserved)

    keys = [(method, key) for method, _, key in rig.requests("POST|DELETE")]
    assert keys == [("POST", "key-1"), ("POST", "key-2"), ("POST", "key-3"), ("POST", "key-4"), ("DELETE", None)]


@pytest.mark.parametrize(
    "answer",
    [
        silent,
        trickling("HTTP/1.1 200 OK\r\nX-Slow: "),
        trickling(f"{ANSWER}Content-Length: 5000\r\n\r\n"),
        trickling(f"{ANSWER}\r\n"),
    ],
    ids=["silent", "head trickles", "body trickles", "body without end"],
)
@pytest.mark.parametrize("error", [(READS["find"], MollieUnavailable), (WRITES["create"], MollieTimeout)])
def test_the_deadline_holds_however_the_answer_drags_on(
    answer: Answer, error: tuple[Call, type[Exception]], against: Callable[..., Mollie]
) -> None:
    call, expected = error
    with raw_server(answer) as server:
        started = time.monotonic()
        with pytest.raises(expected):
            call(against(server.url, call_timeout=0.4))

        assert time.monotonic() - started < BOUNDED


def test_a_call_that_found_no_free_turn_was_not_made(against: Callable[..., Mollie]) -> None:
    with raw_server(trickling("HTTP/1.1 200 OK\r\nX-Slow: ")) as server:
        mollie = against(server.url, call_timeout=0.3, most=1)
        with pytest.raises(MollieTimeout):
            mollie.create_payment(new_payment(), key="key-1")

        with pytest.raises(MollieUnavailable):
            mollie.create_payment(new_payment(), key="key-2")

        assert len(server.requests) == 1


def test_a_find_takes_no_longer_than_it_is_given(against: Callable[..., Mollie]) -> None:
    with raw_server(silent) as server:
        started = time.monotonic()
        with pytest.raises(MollieUnavailable):
            against(server.url, call_timeout=20.0).find_payment("tr_1", timeout=0.2)

        assert time.monotonic() - started < BOUNDED


@pytest.mark.parametrize("body", ["[]", "null", "7", '"text"', "{}", '{"id": "tr_1", "status": "strange"}'])
def test_an_answer_that_makes_no_sense_is_an_error_of_mollies(body: str, against: Callable[..., Mollie]) -> None:
    with raw_server(answering(body=body, kind="application/hal+json")) as server:
        with pytest.raises((MollieError, MollieUnavailable)):
            against(server.url, call_timeout=5.0).find_payment("tr_1")
        with pytest.raises(MollieTimeout):
            against(server.url, call_timeout=5.0).create_payment(new_payment(), key="key-1")


@pytest.mark.parametrize("body", ["[]", "null", "7", '{"status": "bad"}', '{"status": 200}'])
def test_a_refusal_that_makes_no_sense_is_known_by_its_status(body: str, against: Callable[..., Mollie]) -> None:
    answer = answering("422 Unprocessable Entity", body=body, kind="application/hal+json")
    with raw_server(answer) as server, pytest.raises(MollieRefused) as refused:
        against(server.url, call_timeout=5.0).create_payment(new_payment(), key="key-1")

    assert refused.value.status == 422


def test_a_redirect_is_not_followed(rig: SimulatedRig, against: Callable[..., Mollie]) -> None:
    elsewhere = f"Location: {rig.url}/v2/payments/tr_1\r\n"
    with raw_server(answering("302 Found", body="", headers=elsewhere)) as server, pytest.raises(MollieUnavailable):
        against(server.url, call_timeout=5.0).find_payment("tr_1")

    assert rig.requests() == []


def test_a_connection_that_breaks_once_does_not_spoil_a_read(against: Callable[..., Mollie]) -> None:
    with raw_server(hanging_up) as server:
        with pytest.raises(MollieUnavailable):
            against(server.url, call_timeout=5.0).find_payment("tr_1")

        assert len(server.requests) == 3


def test_mollie_is_told_who_calls(against: Callable[..., Mollie]) -> None:
    with raw_server(answering("404 Not Found", body='{"status": 404, "detail": "none"}')) as server:
        assert against(server.url, call_timeout=5.0).find_payment("tr_1") is None

        assert "PrestaShopMollieBridge/" in (server.header("User-Agent") or "")
        assert server.header("Authorization") == f"Bearer {KEY}"
