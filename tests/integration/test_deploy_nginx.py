"""The files of deploy/nginx in a real nginx: what goes to the sidecar and what to the shop."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from bridge.config_sections import ServerSettings, WebhookSettings
from bridge.web.settings import WebSettings
from tests.integration.routing import (
    BODY,
    DEFAULT_ADDRESS,
    FRIENDLY,
    HTTP,
    PLAIN,
    SERVER,
    WEBHOOKS,
    post,
    routed,
    shop_at,
)
from tests.integration.stand_ins import StandIn, recording
from tests.services.nginx import PrivateNginx

pytestmark = pytest.mark.nginx

OTHERS = [
    ("POST", "/"),
    ("POST", "/index.php"),
    ("POST", "/module/mollie/subscriptionWebhook?security_token=x"),
    ("POST", "/en/module/mollie/return?cart_id=1"),
    ("POST", "/module/mollie/payment"),
    ("POST", "/module/mollie/webhook/more"),
    ("POST", "/module/molliepro/webhook"),
    ("POST", "/module/other/webhook"),
    ("POST", "/mymodule/mollie/webhook"),
    ("POST", "/index.php?fc=module&module=mollie&controller=subscriptionWebhook"),
    ("POST", "/index.php?fc=module&module=other&controller=webhook"),
    ("POST", "/index.php?module=mollie&controller=webhook"),
    ("POST", "/index.php?fc=module&module=mollie"),
    ("POST", "/admin/index.php?controller=webhook&fc=module"),
    ("POST", "/cart.php?fc=module&module=mollie&controller=webhook"),
    ("POST", "/cart?x=fc=module&y=module=mollie&controller=webhook"),
    ("GET", FRIENDLY),
    ("GET", PLAIN),
    ("HEAD", FRIENDLY),
    ("PUT", FRIENDLY),
    ("POST", "/webhooks/mollie"),
    # The merchant's page is nobody's outside.
    ("GET", "/dashboard"),
    ("POST", "/dashboard/login"),
    ("GET", "/module/mollie/webhook/../../../dashboard"),
]


@pytest.fixture(params=["tcp", "unix"])
def at(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path | None:
    """Where the sidecar listens: on a port (None), or on a Unix socket."""
    return tmp_path_factory.mktemp("s") / "bridge.sock" if request.param == "unix" else None


@pytest.fixture
def shop() -> Iterator[StandIn]:
    with recording(answer=b"the shop") as stand_in:
        yield stand_in


@pytest.fixture
def sidecar(at: Path | None) -> Iterator[StandIn]:
    with recording(answer=b"the sidecar", path=at) as stand_in:
        yield stand_in


@pytest.fixture
def nginx(sidecar: StandIn, shop: StandIn) -> Iterator[PrivateNginx]:
    with routed(sidecar.address, shop_at(shop.address)) as running:
        yield running


def query_of(target: str) -> str:
    return target.partition("?")[2]


# What goes where


def test_mollies_webhook_goes_to_the_sidecar_with_its_query_string_and_its_body(
    nginx: PrivateNginx, sidecar: StandIn, shop: StandIn
) -> None:
    for target in WEBHOOKS:
        sidecar.calls.clear()

        answer = post(nginx, target)

        assert (answer.status, answer.body) == (200, b"the sidecar"), target
        path, _, query = sidecar.call.target.partition("?")
        assert (sidecar.call.method, path, query) == ("POST", "/webhooks/mollie", query_of(target)), target
        assert sidecar.call.body == BODY
        assert sidecar.call.headers["content-type"] == "application/x-www-form-urlencoded"
        assert sidecar.call.headers["host"] == "shop.example"
    assert shop.calls == []


def test_everything_else_goes_to_the_shop_as_before(nginx: PrivateNginx, sidecar: StandIn, shop: StandIn) -> None:
    for method, target in OTHERS:
        shop.calls.clear()

        assert post(nginx, target, method=method).status == 200, (method, target)

        assert (shop.call.method, shop.call.target) == (method, target)
    assert sidecar.calls == []


def test_the_inner_address_is_nobodys_to_call(nginx: PrivateNginx, sidecar: StandIn, shop: StandIn) -> None:
    assert post(nginx, "/.mollie-bridge/webhook").status == 404

    assert (sidecar.calls, shop.calls) == ([], [])


def test_the_sidecars_own_call_goes_to_the_shop_and_bears_its_signature_there(
    nginx: PrivateNginx, sidecar: StandIn, shop: StandIn
) -> None:
    signature = "t=1,tx=tr_WDqYK6vllg,cart=42,until=2,v1=00"
    for target in WEBHOOKS:
        shop.calls.clear()

        post(nginx, target, X_Molliebridge_Forwarded=signature)

        assert (shop.call.target, shop.call.body) == (target, BODY)
        assert shop.call.headers["x-molliebridge-forwarded"] == signature
    assert sidecar.calls == []


def test_nothing_that_a_client_claims_about_himself_reaches_the_sidecar(nginx: PrivateNginx, sidecar: StandIn) -> None:
    forged = {
        "X_Forwarded_For": "203.0.113.9",
        "X_Forwarded_Proto": "https",
        "X_Forwarded_Host": "evil.example",
        "Forwarded": "for=203.0.113.9",
        "X_Real_IP": "203.0.113.9",
        "Authorization": "Bearer stolen",
        "Cookie": "a=b",
        "X_Molliebridge_Forwarded": "",
    }

    post(nginx, FRIENDLY, BODY, "POST", X_Mollie_Signature="sha256=ab", User_Agent="Mollie HTTP Client/1.0", **forged)

    assert sidecar.call.headers == {
        "host": "shop.example",
        "content-type": "application/x-www-form-urlencoded",
        "content-length": str(len(BODY)),
        "user-agent": "Mollie HTTP Client/1.0",
        "x-mollie-signature": "sha256=ab",
        "x-forwarded-for": "127.0.0.1",
        "x-forwarded-proto": "http",
        "connection": "close",
    }


def test_a_signed_event_arrives_byte_by_byte(nginx: PrivateNginx, sidecar: StandIn) -> None:
    event = json.dumps({"entityId": "tr_WDqYK6vllg", "padding": "ü " * 4000}).encode()

    post(nginx, FRIENDLY, event, Content_Type="application/json")

    assert sidecar.call.body == event
    assert sidecar.call.headers["content-type"] == "application/json"


def test_a_body_without_a_length_arrives_whole(nginx: PrivateNginx, sidecar: StandIn) -> None:
    post(nginx, FRIENDLY, iter([b"id=tr_", b"WDqYK6vllg"]))

    assert sidecar.call.body == BODY
    assert sidecar.call.headers["content-length"] == str(len(BODY))


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_that_is_no_webhooks_is_refused(
    nginx: PrivateNginx, sidecar: StandIn, shop: StandIn, chunked: bool
) -> None:
    body = b"x" * (33 * 1024)

    assert post(nginx, FRIENDLY, iter([body]) if chunked else body).status == 413

    assert (sidecar.calls, shop.calls) == ([], [])


# What the sidecar answers stands


@pytest.mark.parametrize("status", [200, 400, 404, 413, 422, 500, 502, 503, 504])
def test_what_the_sidecar_answers_is_what_mollie_gets(shop: StandIn, status: int) -> None:
    with (
        recording(status=status, answer=b"told", headers={"Retry-After": "7"}) as sidecar,
        routed(sidecar.address, shop_at(shop.address)) as nginx,
    ):
        answer = post(nginx, FRIENDLY)

    assert (answer.status, answer.body, answer.headers["retry-after"]) == (status, b"told", "7")
    assert len(sidecar.calls) == 1
    assert shop.calls == []


# The figures


def seconds(setting: str) -> int:
    (found,) = re.findall(rf"^ *{setting} (\d+)s;", SERVER.read_text(), re.MULTILINE)
    return int(found)


def test_nginx_answers_before_mollie_gives_up_and_after_the_sidecar_has() -> None:
    longest = seconds("proxy_connect_timeout") + seconds("proxy_read_timeout")

    assert longest < 15
    assert seconds("proxy_read_timeout") > WebhookSettings().inline


def test_it_takes_no_larger_body_than_the_sidecar() -> None:
    sizes = re.findall(r"client_(?:max_body|body_buffer)_size (\d+)k;", SERVER.read_text())

    assert {int(size) * 1024 for size in sizes} == {WebSettings(shop_token="s", admin_token="a").max_webhook_bytes}


def test_it_looks_for_the_sidecar_where_that_listens_by_default() -> None:
    bind = ServerSettings.model_fields["bind"]
    (socket_path,) = re.findall(r"`(unix:\S+)`", str(bind.description))

    assert bind.default == DEFAULT_ADDRESS
    assert f"# server {socket_path} max_fails=0;" in HTTP.read_text()


def test_nginx_reads_the_files_without_a_warning(nginx: PrivateNginx) -> None:
    assert [line for line in nginx.log_end(100).splitlines() if "[warn]" in line or "[emerg]" in line] == []
