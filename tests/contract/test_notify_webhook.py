"""Telling the merchant by webhook: what the receiver sees, what counts as delivered, and how long it may take."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bridge.adapters.notify_webhook import WebhookNotifier, body_of
from bridge.domain.errors import ConfigurationError, NotifyDown, NotifyRefused
from bridge.domain.notices import Notice, NoticeKind
from tests.contract.certificates import Certificate, make_certificate
from tests.contract.raw_server import (
    Answer,
    RawServer,
    answering,
    dragging_on,
    hanging_up,
    raw_server,
    trickling,
    unused_port,
)
from tests.fakes.clock import FakeClock
from tests.services.waiting import BOUNDED
from tests.unit.notices import NOTICE_ID, a_notice

SECRET = "a-secret-that-the-receiver-knows"
PATH = "/hooks/molliebridge?token=a%2Fb&x=1"
NOTICE = a_notice(channel="webhook")


@pytest.fixture
def receiver() -> Iterator[RawServer]:
    with raw_server(answering("204 No Content", "")) as server:
        yield server


def send(url: str, notice: Notice = NOTICE, *, timeout: float = 5.0, secret: str | None = None) -> None:
    notifier = WebhookNotifier(url, secret=secret, timeout=timeout, connect_timeout=1.0)
    try:
        notifier.send(notice)
    finally:
        notifier.close()


def received_body(server: RawServer, request: int = 0) -> bytes:
    return server.requests[request].partition(b"\r\n\r\n")[2]


# What the receiver sees


def test_the_receiver_gets_the_notice_as_json(receiver: RawServer) -> None:
    send(receiver.url + PATH)

    assert receiver.requests[0].split(b"\r\n")[0] == f"POST {PATH} HTTP/1.1".encode()
    assert receiver.header("Content-Type") == "application/json"
    assert receiver.header("X-Molliebridge-Notice") == NOTICE_ID
    assert json.loads(received_body(receiver)) == body_of(NOTICE)


@pytest.mark.parametrize("kind", NoticeKind)
def test_the_names_of_the_body_are_always_the_same(kind: NoticeKind) -> None:
    bare = replace(a_notice(kind, cart=None, transaction_id=None, money=None), detail={})

    assert list(body_of(bare)) == list(body_of(NOTICE))


def test_the_body_is_signed_with_its_time(receiver: RawServer) -> None:
    clock = FakeClock()
    notifier = WebhookNotifier(receiver.url + PATH, secret=SECRET, clock=clock)
    notifier.send(NOTICE)
    notifier.close()

    seconds = int(clock.now().timestamp())
    mac = hmac.new(SECRET.encode(), f"{seconds}.".encode() + received_body(receiver), hashlib.sha256).hexdigest()
    assert receiver.header("X-Molliebridge-Signature") == f"t={seconds},v1={mac}"
    assert SECRET.encode() not in receiver.requests[0]


def test_without_a_secret_nothing_is_signed(receiver: RawServer) -> None:
    send(receiver.url + PATH)

    assert receiver.header("X-Molliebridge-Signature") is None


def test_a_repeat_can_be_recognised(receiver: RawServer) -> None:
    send(receiver.url)
    send(receiver.url, replace(NOTICE, tries=3, last_error="the receiver did not answer"))

    assert receiver.header("X-Molliebridge-Notice", 0) == receiver.header("X-Molliebridge-Notice", 1)
    assert received_body(receiver, 0) == received_body(receiver, 1)


# What counts as delivered


@pytest.mark.parametrize("status", ["200 OK", "201 Created", "202 Accepted", "204 No Content"])
def test_a_2xx_means_delivered(status: str) -> None:
    with raw_server(answering(status, "" if status.startswith("204") else "thanks")) as server:
        send(server.url)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 409, 410, 413, 422, 451])
def test_a_4xx_is_a_no_for_good(status: int) -> None:
    with raw_server(answering(f"{status} No", "no")) as server, pytest.raises(NotifyRefused, match=str(status)):
        send(server.url)


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504, 599])
def test_not_now_is_worth_another_try(status: int) -> None:
    with raw_server(answering(f"{status} Later", "no")) as server, pytest.raises(NotifyDown, match=str(status)):
        send(server.url)


@pytest.mark.parametrize(
    ("told", "pause"),
    [("120", 120.0), ("999999", 86_400.0), ("9" * 5000, 1.0), ("Fri, 31 Dec 2027 23:59:59 GMT", 1.0), ("-5", 1.0)],
)
def test_the_pause_that_the_receiver_asks_for_is_passed_on(told: str, pause: float) -> None:
    answer = answering("503 Busy", "", headers=f"Retry-After: {told}\r\n")
    with raw_server(answer) as server, pytest.raises(NotifyDown) as caught:
        send(server.url)

    assert caught.value.retry_after == pause


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "307 Temporary", "308 Permanent"])
def test_a_redirect_is_not_followed(status: str, receiver: RawServer) -> None:
    answer = answering(status, "", headers=f"Location: {receiver.url}/\r\n")
    with raw_server(answer) as server, pytest.raises(NotifyDown, match=status[:3]):
        send(server.url)

    assert receiver.requests == []


def test_where_nobody_listens_the_receiver_is_down() -> None:
    with unused_port() as port, pytest.raises(NotifyDown):
        send(f"http://127.0.0.1:{port}{PATH}")


@pytest.mark.parametrize("answer", [hanging_up, trickling("SSH-2.0-OpenSSH\r\n")], ids=["hangs up", "no web server"])
def test_what_is_no_answer_is_worth_another_try(answer: Answer) -> None:
    with raw_server(answer) as server, pytest.raises(NotifyDown):
        send(server.url, timeout=1.0)


def test_a_proxy_in_the_environment_is_not_asked(receiver: RawServer, monkeypatch: pytest.MonkeyPatch) -> None:
    with unused_port() as port:
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{port}")

        send(receiver.url)


# Bounds


@dragging_on
def test_the_time_is_kept_however_the_answer_drags_on(answer: Answer) -> None:
    started = time.monotonic()
    with raw_server(answer) as server:
        notifier = WebhookNotifier(server.url, timeout=0.3)
        with pytest.raises(NotifyDown):
            notifier.send(NOTICE)

    assert time.monotonic() - started < BOUNDED
    notifier.close()


def test_a_given_up_call_ends_although_its_answer_goes_on() -> None:
    with raw_server(trickling("HTTP/1.1 200 OK\r\n\r\n")) as server:
        notifier = WebhookNotifier(server.url, timeout=0.3)
        with pytest.raises(NotifyDown):
            notifier.send(NOTICE)
        started = time.monotonic()
        notifier.close()

    assert time.monotonic() - started < BOUNDED


def test_an_answer_without_end_is_read_so_far_and_no_further() -> None:
    with raw_server(trickling("HTTP/1.1 200 OK\r\n\r\n" + "x" * 70_000)) as server:
        send(server.url)


# The address


def test_no_error_shows_the_address_which_may_hold_a_secret() -> None:
    with unused_port() as port, pytest.raises(NotifyDown) as caught:
        send(f"http://127.0.0.1:{port}{PATH}")

    assert "token" not in str(caught.value)
    with pytest.raises(ConfigurationError) as refused:
        WebhookNotifier("ftp://host/?token=abc")
    assert "token" not in str(refused.value)


@pytest.mark.parametrize(
    "url",
    ["", "host/path", "ftp://host/", "http://", "http://[", "http://host:99999/", "https://user:password@host/", "x:"],
)
def test_an_address_that_can_not_be_meant_is_refused_at_once(url: str) -> None:
    with pytest.raises(ConfigurationError, match="webhook URL"):
        WebhookNotifier(url)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return make_certificate(tmp_path_factory.mktemp("tls"), "IP:127.0.0.1")


@pytest.fixture
def secure_receiver(certificate: Certificate) -> Iterator[RawServer]:
    with raw_server(answering("204 No Content", ""), tls=certificate.server_context()) as server:
        yield server


def test_over_https_the_notice_arrives(
    secure_receiver: RawServer, certificate: Certificate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate.file))

    send(secure_receiver.url)

    assert len(secure_receiver.requests) == 1


def test_a_certificate_that_nobody_vouches_for_is_not_taken(secure_receiver: RawServer) -> None:
    with pytest.raises(NotifyDown):
        send(secure_receiver.url)
    assert secure_receiver.requests == []


def test_a_certificate_of_another_name_is_not_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = make_certificate(tmp_path, "DNS:other.example.test")
    monkeypatch.setenv("SSL_CERT_FILE", str(other.file))

    with raw_server(answering(), tls=other.server_context()) as server, pytest.raises(NotifyDown):
        send(server.url)
    assert server.requests == []
