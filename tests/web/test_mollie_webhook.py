"""`POST /webhooks/mollie`: Mollie's own call."""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import replace

import pytest
from flask import Flask
from structlog.testing import capture_logs
from werkzeug.test import TestResponse

from bridge.domain.records import Delivery
from bridge.ports.shop import ShopAnswer
from bridge.web.app import create_app
from tests.fakes.services import World
from tests.web.caller import SETTINGS, Caller, assert_problem, caller, json_of

SECRETS = ("new-secret", "old-secret")


def post_form(app_caller: Caller, mollie_id: str, query: str = "") -> TestResponse:
    return app_caller.client.post(f"/webhooks/mollie{query}", data={"id": mollie_id})


def signed(content: bytes, secret: str) -> str:
    return "sha256=" + hmac.new(secret.encode(), content, hashlib.sha256).hexdigest()


def post_event(app_caller: Caller, content: bytes, signature: str | None = None) -> TestResponse:
    headers = {} if signature is None else {"X-Mollie-Signature": signature}
    return app_caller.client.post("/webhooks/mollie", data=content, headers=headers, content_type="application/json")


def event(mollie_id: object) -> bytes:
    return json.dumps({"resource": "event", "id": "event_1", "entityId": mollie_id, "amount": 1.5}).encode()


def deliveries(world: World) -> tuple[Delivery, ...]:
    return tuple(world.ledger._tables.deliveries.values())


@pytest.fixture
def paid(shim: Caller, world: World) -> str:
    world.mollie.add("tr_1")
    shim.post(f"/v1/payments/{shim.paid()['payment_id']}/bind", {"transaction_id": "tr_1"})
    world.mollie.pay("tr_1")
    return "tr_1"


@pytest.fixture
def signed_app(world: World) -> Caller:
    """An application that knows two signing secrets."""
    return caller(create_app(world.services, replace(SETTINGS, signing_secrets=SECRETS)), None)


def test_a_webhook_needs_no_token_and_is_answered_when_it_is_done(stranger: Caller, world: World, paid: str) -> None:
    answer = post_form(stranger, paid, "?security_token=abc&x=1")

    assert answer.status_code == 200, answer.text
    assert json_of(answer) == {"message": "Done"}
    assert len(world.shop.orders_of(42)) == 1
    (delivery,) = deliveries(world)
    assert (delivery.source, delivery.query) == ("mollie", "security_token=abc&x=1")


def test_a_webhook_that_is_not_done_asks_mollie_to_come_again(stranger: Caller, world: World, paid: str) -> None:
    world.shop_webhook.script.append(ShopAnswer(status=500, body="fatal"))

    answer = post_form(stranger, paid)

    assert_problem(answer, 503, "webhook-not-done")
    assert 1 <= int(answer.headers["Retry-After"]) <= 5


def test_a_webhook_that_comes_while_the_server_goes_away_is_stored_and_comes_again(
    stranger: Caller, world: World, paid: str
) -> None:
    world.services.inbox.close()

    answer = post_form(stranger, paid)

    assert_problem(answer, 503, "webhook-not-done")
    assert int(answer.headers["Retry-After"]) >= 1
    assert [(each.transaction_id, each.state.value) for each in deliveries(world)] == [(paid, "received")]


def test_an_id_that_mollie_does_not_know_is_answered_with_200(stranger: Caller) -> None:
    assert post_form(stranger, "tr_nobody").status_code == 200


def test_the_orders_api_is_understood(stranger: Caller, world: World) -> None:
    assert post_form(stranger, "ord_1").status_code == 200
    assert deliveries(world)[0].transaction_id == "ord_1"


@pytest.mark.parametrize("other", ["re_4qqhO89gsT", "sub_rVKGtNd6s3", "cst_8wmqcHMN4U", "ord_1.wsv7h"])
def test_ids_of_other_kinds_are_answered_with_200_and_not_stored(stranger: Caller, world: World, other: str) -> None:
    with capture_logs() as logged:
        answer = post_form(stranger, other)

    assert answer.status_code == 200
    assert deliveries(world) == ()
    assert "webhook.other_kind" in [line["event"] for line in logged]


@pytest.mark.parametrize("wrong", ["", "1", "tr_", "tr_a b", "tr_" + "a" * 62, "tr_a'--", "<script>", "tr_\x00"])
def test_what_is_no_id_is_invalid_and_not_stored(stranger: Caller, world: World, wrong: str) -> None:
    assert_problem(post_form(stranger, wrong), 422, "invalid-request")
    assert deliveries(world) == ()


def test_a_form_without_id_is_invalid(stranger: Caller) -> None:
    assert_problem(stranger.client.post("/webhooks/mollie", data={"x": "1"}), 422, "invalid-request")


def test_a_call_without_a_form_is_not_understood(stranger: Caller) -> None:
    assert_problem(stranger.client.post("/webhooks/mollie"), 415, "unsupported-media-type")


@pytest.mark.parametrize("content_type", ["application/x-www-form-urlencoded", "application/json"])
def test_a_large_call_is_not_read(stranger: Caller, content_type: str) -> None:
    answer = stranger.send("/webhooks/mollie", b"id=" + b"a" * 40_000, content_type)

    assert_problem(answer, 413, "body-too-large")


def test_a_store_that_is_down_brings_mollie_back(stranger: Caller, world: World) -> None:
    world.ledger.down = True

    answer = post_form(stranger, "tr_1")

    assert_problem(answer, 503, "store-down")
    assert "Retry-After" in answer.headers


def test_an_event_of_the_next_generation_is_taken_without_secrets(stranger: Caller, world: World) -> None:
    assert stranger.send("/webhooks/mollie", event("tr_9")).status_code == 200
    assert deliveries(world)[0].transaction_id == "tr_9"


@pytest.mark.parametrize("secret", SECRETS)
def test_an_event_signed_with_any_secret_is_taken(signed_app: Caller, world: World, secret: str) -> None:
    content = event("tr_9")

    answer = signed_app.client.post(
        "/webhooks/mollie",
        data=content,
        headers={"X-Mollie-Signature": signed(content, secret)},
        content_type="application/json",
    )

    assert answer.status_code == 200
    assert deliveries(world)[0].transaction_id == "tr_9"


def test_one_of_several_signatures_is_enough(signed_app: Caller) -> None:
    content = event("tr_9")
    signatures = f"{signed(content, 'retired')}, {signed(content, 'old-secret')}"

    answer = post_event(signed_app, content, signatures)

    assert answer.status_code == 200


@pytest.mark.parametrize("signature", [None, "", "sha256=", "sha256=00", "é", signed(event("tr_9"), "wrong")])
def test_an_event_with_another_signature_is_refused_and_not_stored(
    signed_app: Caller, world: World, signature: str | None
) -> None:
    answer = post_event(signed_app, event("tr_9"), signature)

    assert_problem(answer, 403, "bad-signature")
    assert deliveries(world) == ()


def test_a_signature_is_for_this_content_alone(signed_app: Caller) -> None:
    answer = post_event(signed_app, event("tr_8"), signed(event("tr_9"), "new-secret"))

    assert_problem(answer, 403, "bad-signature")


def test_a_classic_call_needs_no_signature_even_with_secrets(signed_app: Caller) -> None:
    assert post_form(signed_app, "tr_9").status_code == 200


@pytest.mark.parametrize("content", [b"{", b"[]", b"null"])
def test_an_event_that_is_no_object_is_malformed(stranger: Caller, content: bytes) -> None:
    assert_problem(stranger.send("/webhooks/mollie", content), 400, "malformed-request")


@pytest.mark.parametrize("wrong", [None, 5, ["tr_1"], "", "x"])
def test_an_event_without_a_usable_id_is_invalid(stranger: Caller, wrong: object) -> None:
    assert_problem(stranger.send("/webhooks/mollie", event(wrong)), 422, "invalid-request")


def test_an_event_of_another_kind_is_answered_with_200(stranger: Caller, world: World) -> None:
    assert stranger.send("/webhooks/mollie", event("pl_qng5gbbv8NAZ5gpM5ZYgx")).status_code == 200
    assert deliveries(world) == ()


def test_the_security_token_is_in_no_log_line(app: Flask, stranger: Caller, paid: str) -> None:
    with capture_logs() as logged:
        post_form(stranger, paid, "?security_token=verysecret")

    assert "verysecret" not in str(logged)
