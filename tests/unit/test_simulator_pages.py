"""The simulator's checkout page and its controls, by HTTP as a browser and a script use them."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from bridge.demo.serving import serve_in_thread
from bridge.demo.simulator import MollieSimulator, create_app
from tests.contract.mollie_simulator import Rig, running_rig


@pytest.fixture
def rig() -> Iterator[Rig]:
    with running_rig() as running:
        yield running


def click(rig: Rig, payment_id: str, **form: str) -> requests.Response:
    return requests.post(f"{rig.url}/checkout/{payment_id}", data=form, allow_redirects=False, timeout=10)


def control(rig: Rig, method: str, path: str, body: Any = None) -> requests.Response:
    return requests.request(method, f"{rig.url}/_sim/{path}", json=body, timeout=10)


def ask_for_methods(rig: Rig) -> int:
    return requests.get(f"{rig.url}/v2/methods", headers={"Authorization": "Bearer test_key"}, timeout=10).status_code


def test_the_page_shows_the_amount_and_what_can_be_done(rig: Rig) -> None:
    page = requests.get(f"{rig.url}/checkout/{rig.new_payment()}", timeout=10).text

    assert "EUR 14.40" in page
    assert set(re.findall(r'data-action="([\w-]+)"', page)) == {"pay", "leave", "cancel", "fail", "expire"}


def test_a_description_can_not_put_markup_into_the_page(rig: Rig) -> None:
    payment_id = rig.new_payment(description="<script>alert(1)</script>")

    assert "<script>" not in requests.get(f"{rig.url}/checkout/{payment_id}", timeout=10).text


@pytest.mark.parametrize(("action", "status"), [("pay", "paid"), ("fail", "failed"), ("expire", "expired")])
def test_a_click_ends_the_payment_and_leads_back_to_the_shop(rig: Rig, action: str, status: str) -> None:
    payment_id = rig.new_payment()

    answer = click(rig, payment_id, action=action)

    assert (answer.status_code, answer.headers["Location"]) == (303, "http://shop.test/return?cart_id=1")
    assert rig.simulator.payment(payment_id).status == status


def test_giving_up_a_preset_method_leads_to_the_choice_of_methods_without_a_webhook(rig: Rig) -> None:
    payment_id = rig.new_payment(method="ideal")

    answer = click(rig, payment_id, action="cancel")

    assert answer.headers["Location"] == f"/checkout/{payment_id}?choose=1"
    assert "pay-creditcard" in requests.get(f"{rig.url}{answer.headers['Location']}", timeout=10).text
    assert rig.simulator.payment(payment_id).status == "open"
    assert rig.simulator.webhooks.waiting() == []
    assert rig.simulator.webhooks.deliveries() == []


def test_a_second_cancel_is_final_and_leads_to_the_cancel_url(rig: Rig) -> None:
    payment_id = rig.new_payment(method="ideal", cancelUrl="http://shop.test/cart")

    answer = click(rig, payment_id, action="cancel", choose="1")

    assert answer.headers["Location"] == "http://shop.test/cart"
    assert rig.simulator.payment(payment_id).status == "canceled"


def test_another_method_chosen_on_the_page_is_the_payments_method(rig: Rig) -> None:
    payment_id = rig.new_payment(method="ideal")

    click(rig, payment_id, action="pay", method="creditcard", choose="1")

    payment = rig.simulator.payment(payment_id)
    assert (payment.method, payment.status) == ("creditcard", "paid")


def test_a_page_left_open_can_still_be_paid_after_another_payment_of_the_cart(rig: Rig) -> None:
    left_open, other = rig.new_payment(), rig.new_payment()
    click(rig, left_open, action="leave")
    click(rig, other, action="pay")

    click(rig, left_open, action="pay")

    assert [each.status for each in rig.simulator.payments()] == ["paid", "paid"]


def test_a_page_of_an_ended_payment_takes_no_money(rig: Rig) -> None:
    payment_id = rig.new_payment()
    rig.simulator.expire(payment_id)

    assert click(rig, payment_id, action="pay").status_code == 422
    assert rig.simulator.payment(payment_id).status == "expired"


def test_the_page_of_an_ended_payment_leads_back_to_the_shop(rig: Rig) -> None:
    payment_id = rig.new_payment()
    rig.simulator.pay(payment_id)

    answer = requests.get(f"{rig.url}/checkout/{payment_id}", allow_redirects=False, timeout=10)

    assert answer.headers["Location"] == "http://shop.test/return?cart_id=1"


def test_an_unknown_page_is_not_found(rig: Rig) -> None:
    assert requests.get(f"{rig.url}/checkout/tr_nothing", timeout=10).status_code == 404


def test_payments_are_moved_by_http(rig: Rig) -> None:
    payment_id = rig.new_payment()

    assert control(rig, "POST", f"payments/{payment_id}/pay").json()["status"] == "paid"
    assert control(rig, "POST", f"payments/{payment_id}/chargeback").json()["amountChargedBack"]["value"] == "14.40"
    assert control(rig, "POST", f"payments/{payment_id}/dance").status_code == 404
    assert control(rig, "POST", f"payments/{payment_id}/fail").status_code == 422


def test_webhooks_are_held_and_delivered_together_by_http(rig: Rig) -> None:
    control(rig, "POST", "webhooks/hold")
    payment_id = rig.new_payment()
    rig.simulator.pay(payment_id)

    made = control(rig, "POST", "webhooks/deliver", {"ids": [payment_id, payment_id]}).json()

    assert [(each["transaction_id"], each["status"]) for each in made] == [(payment_id, 200)] * 2
    assert len(control(rig, "GET", "deliveries").json()) == 2
    assert control(rig, "POST", "webhooks/deliver", {"ids": ["tr_nothing"]}).status_code == 404


def test_faults_are_set_and_cleared_by_http(rig: Rig) -> None:
    fault = {"kind": "answer", "status": 503, "method": "GET", "times": None}
    assert control(rig, "POST", "faults", fault).status_code == 201

    assert ask_for_methods(rig) == 503
    control(rig, "DELETE", "faults")
    assert ask_for_methods(rig) == 200


@pytest.mark.parametrize(
    "fault",
    [{"kind": "flood"}, {"kind": "hang", "colour": 1}, {"kind": "hang", "times": 0}, {"kind": "hang", "path": "("}],
)
def test_a_fault_that_is_none_is_refused(rig: Rig, fault: dict[str, Any]) -> None:
    assert control(rig, "POST", "faults", fault).status_code == 400


def test_time_is_moved_and_everything_forgotten_by_http(rig: Rig) -> None:
    payment_id = rig.new_payment(method="ideal")
    control(rig, "POST", "advance", {"seconds": 3600})
    assert rig.simulator.payment(payment_id).status == "expired"

    control(rig, "POST", "reset")

    assert set(control(rig, "GET", "counters").json().values()) == {0}
    assert control(rig, "POST", "advance", {"seconds": -1}).status_code == 400


def test_a_stopped_server_frees_its_port() -> None:
    app = create_app(MollieSimulator())
    first = serve_in_thread(app)
    first.stop()
    first.stop()

    with serve_in_thread(app, port=first.port) as second:
        assert second.url == first.url


@pytest.mark.slow
def test_it_runs_alone_and_ends_when_it_is_told() -> None:
    command = [sys.executable, "-m", "bridge.demo.simulator", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ}) as process:
        assert process.stdout is not None
        url = re.search(r"http://[\d.:]+", process.stdout.readline())
        assert url is not None
        assert requests.get(f"{url.group()}/_sim/counters", timeout=10).json()["payments"] == 0
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
