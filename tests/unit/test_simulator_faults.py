"""Idempotency keys and faults: what a caller can and can not know, seen through the real Mollie client."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import requests
from mollie.api.error import BadRequestError, ConflictError, RequestError, ResponseError, ResponseHandlingError

from bridge.demo.simulator import MollieSimulator, ShiftableClock
from tests.contract.mollie_simulator import Rig, running_rig
from tests.services.waiting import wait_until

pytestmark = pytest.mark.slow


@pytest.fixture
def rig() -> Iterator[Rig]:
    with running_rig() as running:
        yield running


def create_raw(rig: Rig, key: str) -> requests.Response:
    headers = {"Authorization": "Bearer test_key", "Idempotency-Key": key}
    return requests.post(f"{rig.url}/v2/payments", json=rig.body(), headers=headers, timeout=10)


def test_a_repeat_under_the_same_key_gets_the_first_answer_and_a_mark(rig: Rig) -> None:
    first, second = create_raw(rig, "key-1"), create_raw(rig, "key-1")

    assert "Idempotent-Replayed" not in first.headers
    assert second.headers["Idempotent-Replayed"] == "true"
    assert second.json() == first.json()
    assert second.status_code == 201
    counters = rig.simulator.counters()
    assert (counters.payments, counters.idempotency_keys, counters.requests) == (1, 1, 2)


def test_the_replayed_status_is_the_old_one(rig: Rig) -> None:
    payment_id = rig.client.payments.create(rig.body(), idempotency_key="key-1").id
    rig.simulator.pay(payment_id)

    assert create_raw(rig, "key-1").json()["status"] == "open"


def test_another_payload_under_the_same_key_is_a_bad_request(rig: Rig) -> None:
    rig.client.payments.create(rig.body(), idempotency_key="key-1")

    with pytest.raises(BadRequestError):
        rig.client.payments.create(rig.body(description="Other"), idempotency_key="key-1")


def test_a_key_is_forgotten_after_an_hour() -> None:
    clock = ShiftableClock()
    with running_rig(MollieSimulator(clock=clock)) as rig:
        first = rig.client.payments.create(rig.body(), idempotency_key="key-1")
        clock.advance(timedelta(hours=1))

        assert rig.client.payments.create(rig.body(), idempotency_key="key-1").id != first.id


def test_a_key_in_progress_is_a_conflict(rig: Rig) -> None:
    rig.simulator.faults.delay(30, method="POST")
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(create_raw, rig, "key-1")
        wait_until(lambda: rig.simulator.idempotency.distinct == 1)

        with pytest.raises(ConflictError, match="still in progress"):
            rig.client.payments.create(rig.body(), idempotency_key="key-1")

        rig.simulator.faults.clear()
        assert first.result().status_code == 201


def test_a_refused_request_does_not_use_its_key_up(rig: Rig) -> None:
    rig.simulator.faults.answer(503, method="POST", headers={"Retry-After": "1"})
    refused = create_raw(rig, "key-1")

    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "1")
    assert create_raw(rig, "key-1").status_code == 201


def test_a_connection_dropped_after_the_work_leaves_a_payment_behind(rig: Rig) -> None:
    rig.simulator.faults.drop_after(method="POST")

    with pytest.raises(RequestError):
        rig.client.payments.create(rig.body(), idempotency_key="key-1")

    assert rig.simulator.counters().payments == 1
    rig.client.payments.create(rig.body(), idempotency_key="key-1")
    assert rig.simulator.counters().payments == 1


def test_a_connection_dropped_before_the_work_leaves_nothing_behind(rig: Rig) -> None:
    rig.simulator.faults.drop_before(method="POST")

    with pytest.raises(RequestError):
        rig.client.payments.create(rig.body())

    assert rig.simulator.counters().payments == 0


def test_a_hanging_request_runs_into_the_callers_time_out(rig: Rig) -> None:
    rig.simulator.faults.hang()

    with pytest.raises(RequestError):
        rig.new_client(timeout=1).payments.create(rig.body())

    assert rig.simulator.counters().payments == 0


def test_a_late_answer_leaves_a_payment_that_the_caller_does_not_know(rig: Rig) -> None:
    rig.simulator.faults.delay(30, after_work=True)

    with pytest.raises(RequestError):
        rig.new_client(timeout=1).payments.create(rig.body())

    assert rig.simulator.counters().payments == 1


def test_an_html_page_of_a_gateway_can_not_be_read(rig: Rig) -> None:
    rig.simulator.faults.html(502)

    with pytest.raises(ResponseHandlingError):
        rig.client.payments.create(rig.body())


def test_an_error_without_detail_is_a_key_error_in_the_client(rig: Rig) -> None:
    rig.simulator.faults.answer(500, detail=None)

    with pytest.raises(KeyError, match="detail"):
        rig.client.payments.create(rig.body())


def test_a_fault_strikes_only_what_it_names_and_as_often_as_it_says(rig: Rig) -> None:
    payment_id = rig.new_payment()
    rig.simulator.faults.answer(429, method="GET", path=f"/v2/payments/{payment_id}", times=2)

    rig.client.payments.list()
    for _ in range(2):
        with pytest.raises(ResponseError) as refusal:
            rig.client.payments.get(payment_id)
        assert refusal.value.status == 429

    assert rig.client.payments.get(payment_id).id == payment_id


def test_a_fault_that_could_never_strike_is_refused(rig: Rig) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        rig.simulator.faults.hang(times=0)


def test_the_log_can_say_that_mollie_was_not_asked(rig: Rig) -> None:
    payment_id = rig.new_payment()

    assert [each.status for each in rig.simulator.traffic.requests("POST")] == [201]
    assert rig.simulator.traffic.requests("GET") == []
    rig.client.payments.get(payment_id)
    assert len(rig.simulator.traffic.requests("GET", "/v2/payments/tr_.*")) == 1


def test_two_hundred_clients_at_once_are_all_served(rig: Rig) -> None:
    start = threading.Barrier(200)

    def create(_: int) -> str:
        client = rig.new_client(timeout=30)
        start.wait(30)
        return str(client.payments.create(rig.body()).id)

    with ThreadPoolExecutor(200) as pool:
        made = set(pool.map(create, range(200)))

    assert len(made) == rig.simulator.counters().payments == 200


def test_one_key_sent_by_many_at_once_makes_one_payment(rig: Rig) -> None:
    start = threading.Barrier(20)

    def create(_: int) -> int:
        start.wait(30)
        return create_raw(rig, "key-1").status_code

    with ThreadPoolExecutor(20) as pool:
        statuses = set(pool.map(create, range(20)))

    assert statuses <= {201, 409}
    assert rig.simulator.counters().payments == 1
