"""Calling the shop's webhook: what it sees, what counts as an answer, and how long it may take."""

from __future__ import annotations

import hashlib
import hmac
import ssl
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bridge.adapters.shop_http import HttpShopWebhook
from bridge.domain.cart import CartRef
from bridge.domain.errors import ConfigurationError, ShopDown
from bridge.ports.shop import ShopAnswer
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

CART = CartRef(shop_id=1, cart_id=42)
SECRET = "the shop's token"
PATH = "/module/mollie/webhook?security_token=a%2Fb&x=1&x=2"


UNTIL = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
"""The end of the lease."""


@pytest.fixture
def shop() -> Iterator[RawServer]:
    with raw_server(answering("200 OK", "OK")) as server:
        yield server


def deliver(url: str, *, timeout: float = 5.0, shop_url: str | None = None) -> ShopAnswer:
    webhook = HttpShopWebhook(SECRET, connect_timeout=1.0, shop_url=shop_url)
    try:
        return webhook.deliver(CART, "tr_1", url, timeout=timeout, until=UNTIL)
    finally:
        webhook.close()


def test_the_call_is_the_one_that_mollie_makes(shop: RawServer) -> None:
    answer = deliver(shop.url + PATH)

    assert answer == ShopAnswer(status=200, body="OK")
    head, _, body = shop.requests[0].partition(b"\r\n\r\n")
    assert head.split(b"\r\n")[0] == f"POST {PATH} HTTP/1.1".encode()
    assert body == b"id=tr_1"
    assert shop.header("Content-Type") == "application/x-www-form-urlencoded"
    assert shop.header("Host") == f"127.0.0.1:{shop.port}"


def test_the_call_is_signed_for_the_shim(shop: RawServer) -> None:
    clock = FakeClock()
    webhook = HttpShopWebhook(SECRET, clock=clock)
    webhook.deliver(CART, "tr_1", shop.url + PATH, timeout=5.0, until=UNTIL)
    webhook.close()

    seconds = int(clock.now().timestamp())
    until = int(UNTIL.timestamp() * 1000)
    mac = hmac.new(SECRET.encode(), f"{seconds}.tr_1.42.{until}".encode(), hashlib.sha256).hexdigest()
    assert shop.header("X-Molliebridge-Forwarded") == f"t={seconds},tx=tr_1,cart=42,until={until},v1={mac}"


def test_the_secret_itself_is_not_sent(shop: RawServer) -> None:
    deliver(shop.url + PATH)

    assert SECRET.encode() not in shop.requests[0]


@pytest.mark.parametrize(
    "status", ["200 OK", "400 Bad Request", "409 Conflict", "500 Internal Server Error", "503 Busy"]
)
def test_any_status_is_an_answer(status: str) -> None:
    with raw_server(answering(status, "words")) as server:
        assert deliver(server.url + PATH) == ShopAnswer(status=int(status[:3]), body="words")


def test_a_redirect_is_not_followed(shop: RawServer) -> None:
    with raw_server(answering("302 Found", "", headers=f"Location: {shop.url}/\r\n")) as server:
        assert deliver(server.url + PATH).status == 302

    assert shop.requests == []


def test_only_the_beginning_of_the_body_is_kept() -> None:
    with raw_server(answering("200 OK", "ü" * 5000)) as server:
        assert deliver(server.url + PATH).body == "ü" * 200


def test_the_connection_may_go_elsewhere_while_the_host_stays(shop: RawServer) -> None:
    deliver(f"http://shop.example.test:8080{PATH}", shop_url=shop.url)

    assert shop.header("Host") == "shop.example.test:8080"
    assert shop.header("X-Forwarded-Proto") is None


def test_behind_a_proxy_that_ends_tls_the_shop_is_told_of_it(shop: RawServer) -> None:
    deliver(f"https://shop.example.test{PATH}", shop_url=shop.url)

    assert shop.header("Host") == "shop.example.test"
    assert shop.header("X-Forwarded-Proto") == "https"


def test_a_proxy_in_the_environment_is_not_asked(shop: RawServer, monkeypatch: pytest.MonkeyPatch) -> None:
    with unused_port() as port:
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{port}")

        assert deliver(shop.url + PATH).status == 200


@pytest.mark.parametrize(
    "url",
    [
        "",
        "/webhook",
        "ftp://shop.example.test/",
        "file:///etc/passwd",
        "http://",
        "http://[",
        "http://shop:99999/",
        "x",
    ],
)
def test_what_is_no_http_url_is_not_called(url: str) -> None:
    with pytest.raises(ShopDown, match="no http or https URL"):
        deliver(url)


@pytest.mark.parametrize("shop_url", ["shop.example.test", "ftp://shop/", "http://shop/path", "http://shop/?a=b"])
def test_a_shop_url_that_can_not_be_meant_is_refused_at_once(shop_url: str) -> None:
    with pytest.raises(ConfigurationError, match="shop_url"):
        HttpShopWebhook(SECRET, shop_url=shop_url)


def test_where_nobody_listens_the_shop_is_down() -> None:
    with unused_port() as port, pytest.raises(ShopDown):
        deliver(f"http://127.0.0.1:{port}{PATH}")


@dragging_on
def test_the_time_is_kept_however_the_answer_drags_on(answer: Answer) -> None:
    webhook = HttpShopWebhook(SECRET)
    started = time.monotonic()
    with raw_server(answer) as server, pytest.raises(ShopDown):
        webhook.deliver(CART, "tr_1", server.url + PATH, timeout=0.3, until=UNTIL)

    assert time.monotonic() - started < BOUNDED
    webhook.close()


@pytest.mark.parametrize("answer", [hanging_up, trickling("SSH-2.0-OpenSSH\r\n")], ids=["hangs up", "is no web server"])
def test_what_is_no_answer_means_that_the_shop_is_down(answer: Answer) -> None:
    with raw_server(answer) as server, pytest.raises(ShopDown):
        deliver(server.url + PATH, timeout=2.0)


def test_an_answer_that_ends_too_early_is_none() -> None:
    def answer(connection: object, over: object) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\nO")  # type: ignore[attr-defined]

    with raw_server(answer) as server, pytest.raises(ShopDown):
        deliver(server.url + PATH)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Certificate and key of shop.example.test in one file."""
    folder = tmp_path_factory.mktemp("tls")
    certificate, key = folder / "shop.pem", folder / "key.pem"
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=shop.example.test"
    extension = ["-addext", "subjectAltName=DNS:shop.example.test"]
    files = ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run([*command.split(), *extension, *files], check=True, capture_output=True)
    certificate.write_text(certificate.read_text() + key.read_text())
    return certificate


@pytest.fixture
def secure_shop(certificate: Path) -> Iterator[RawServer]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with raw_server(answering("200 OK", "OK"), tls=context) as server:
        yield server


def test_the_certificate_is_the_public_names_wherever_the_connection_goes(
    secure_shop: RawServer, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))

    assert deliver(f"https://shop.example.test{PATH}", shop_url=secure_shop.url).status == 200


def test_a_certificate_of_another_name_is_not_taken(
    secure_shop: RawServer, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))

    with pytest.raises(ShopDown):
        deliver(f"https://other.example.test{PATH}", shop_url=secure_shop.url)
    assert secure_shop.requests == []


def test_a_certificate_that_nobody_vouches_for_is_not_taken(secure_shop: RawServer) -> None:
    with pytest.raises(ShopDown):
        deliver(f"https://shop.example.test{PATH}", shop_url=secure_shop.url)
    assert secure_shop.requests == []
