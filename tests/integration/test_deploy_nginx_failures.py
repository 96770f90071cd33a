"""nginx with the files of deploy/nginx while the sidecar fails: what the shop gets, and that it gets nothing twice."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.integration.routing import BODY, FRIENDLY, WEBHOOKS, post, routed, shop_at
from tests.integration.stand_ins import StandIn, never_accepting, recording
from tests.services.process import free_port

pytestmark = pytest.mark.nginx


@pytest.fixture(params=["tcp", "unix"])
def at(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path | None:
    """Where the sidecar listens: on a port (None), or on a Unix socket."""
    return tmp_path_factory.mktemp("s") / "bridge.sock" if request.param == "unix" else None


@pytest.fixture
def shop() -> Iterator[StandIn]:
    with recording(answer=b"the shop") as stand_in:
        yield stand_in


# The sidecar can not be reached: the shop


def unreachable(stack: ExitStack, how: str, folder: Path) -> str:
    match how:
        case "nobody listens":
            return f"127.0.0.1:{free_port()}"
        case "no socket":
            return f"unix:{folder}/none.sock"
        case "a dead sidecar's socket":
            with socket.socket(socket.AF_UNIX) as left_behind:
                left_behind.bind(f"{folder}/dead.sock")
            return f"unix:{folder}/dead.sock"
        case "a full queue":
            return stack.enter_context(never_accepting(full=True))
        case "a full socket":
            return stack.enter_context(never_accepting(folder / "full.sock", full=True))
        case _:
            raise AssertionError(how)


@pytest.mark.req("B6")
@pytest.mark.parametrize(
    "how", ["nobody listens", "no socket", "a dead sidecar's socket", "a full queue", "a full socket"]
)
def test_while_the_sidecar_can_not_be_reached_the_shop_gets_mollies_call_as_it_is(
    shop: StandIn, tmp_path: Path, how: str
) -> None:
    targets = WEBHOOKS if how == "nobody listens" else [FRIENDLY]
    with ExitStack() as stack:
        nginx = stack.enter_context(routed(unreachable(stack, how, tmp_path), shop_at(shop.address)))
        for target in targets:
            shop.calls.clear()

            answer = post(nginx, target, X_Forwarded_For="203.0.113.9", X_Mollie_Signature="sha256=ab")

            assert (answer.status, answer.body) == (200, b"the shop"), nginx.log_end()
            assert (shop.call.method, shop.call.target, shop.call.body) == ("POST", target, BODY)
            assert shop.call.headers["host"] == "shop.example"
            assert shop.call.headers["content-type"] == "application/x-www-form-urlencoded"
            assert shop.call.headers["x-mollie-signature"] == "sha256=ab"


@pytest.mark.parametrize("body", [b"x" * 30_000, iter([b"x" * 20_000, b"y" * 10_000])], ids=["long", "chunked"])
def test_a_long_body_reaches_the_shop_whole(shop: StandIn, body: bytes | Iterator[bytes]) -> None:
    with routed(f"127.0.0.1:{free_port()}", shop_at(shop.address)) as nginx:
        assert post(nginx, FRIENDLY, body).status == 200

    assert len(shop.call.body) == 30_000


def test_the_shops_own_failure_is_told_as_it_is(shop: StandIn) -> None:
    shop.status = 503
    with routed(f"127.0.0.1:{free_port()}", shop_at(shop.address)) as nginx:
        assert post(nginx, FRIENDLY).status == 503

    assert len(shop.calls) == 1


def test_sidecar_and_shop_both_away_is_a_502() -> None:
    with routed(f"127.0.0.1:{free_port()}", shop_at(f"127.0.0.1:{free_port()}")) as nginx:
        assert post(nginx, FRIENDLY).status == 502


def test_a_sidecar_that_comes_back_gets_the_next_webhook(shop: StandIn, tmp_path: Path) -> None:
    path = tmp_path / "bridge.sock"
    with routed(f"unix:{path}", shop_at(shop.address)) as nginx:
        for _ in range(5):
            assert post(nginx, FRIENDLY).body == b"the shop"
        with recording(answer=b"the sidecar", path=path):
            assert post(nginx, FRIENDLY).body == b"the sidecar"


# The sidecar has the call: never a second delivery


ERROR_PAGES = """
error_page 404 500 502 503 504 =200 /sorry;
location = /sorry { return 200 "sorry"; }
"""
"""A shop's own, of the worst kind: to Mollie a 200 says that all is done."""


@pytest.mark.req("B8")
@pytest.mark.parametrize("pages", ["", ERROR_PAGES], ids=["plain", "error pages"])
def test_a_sidecar_that_breaks_off_is_a_502_and_the_shop_is_not_asked(
    at: Path | None, shop: StandIn, pages: str
) -> None:
    with (
        recording(break_off=True, path=at) as sidecar,
        routed(sidecar.address, shop_at(shop.address) + pages) as nginx,
    ):
        assert post(nginx, FRIENDLY).status == 502

    assert len(sidecar.calls) == 1
    assert shop.calls == []


@pytest.mark.req("B8")
@pytest.mark.parametrize("pages", ["", ERROR_PAGES], ids=["plain", "error pages"])
def test_a_sidecar_that_is_silent_is_a_504_and_the_shop_is_not_asked(
    at: Path | None, shop: StandIn, tmp_path: Path, pages: str
) -> None:
    with (
        recording(hang=True, path=at) as sidecar,
        routed(sidecar.address, shop_at(shop.address) + pages, read_timeout="300ms", folder=tmp_path) as nginx,
    ):
        assert post(nginx, FRIENDLY).status == 504

    assert len(sidecar.calls) == 1
    assert shop.calls == []


def test_so_is_one_that_listens_and_does_not_take_the_call(at: Path | None, shop: StandIn, tmp_path: Path) -> None:
    """The kernel has the call for it: woken up it would begin."""
    with (
        never_accepting(at) as sidecar,
        routed(sidecar, shop_at(shop.address), read_timeout="300ms", folder=tmp_path) as nginx,
    ):
        assert post(nginx, FRIENDLY).status == 504

    assert shop.calls == []
