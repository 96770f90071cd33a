"""The files of deploy/nginx with what they are made for: php-fpm behind nginx, a real sidecar, Mollie."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from bridge.demo.serving import serve_in_thread
from bridge.demo.storefront import BridgeShim
from bridge.demo.storefront.web import create_app
from tests.integration.routing import FRIENDLY, WEBHOOKS, post, routed, shop_at
from tests.integration.sidecar import SHOP_TOKEN, Sidecar
from tests.integration.stand_ins import recording
from tests.integration.world import World, running_world
from tests.services.mariadb import Database
from tests.services.nginx import PrivateNginx
from tests.services.php_fpm import PrivatePhpFpm
from tests.services.process import free_port
from tests.services.waiting import wait_until

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

pytestmark = [pytest.mark.nginx, pytest.mark.slow]

# php-fpm: what PHP sees

INDEX = """<?php
if (isset($_POST['status'])) {
    http_response_code((int) $_POST['status']);
}
$apart = ['REQUEST_TIME', 'REQUEST_TIME_FLOAT', 'REMOTE_PORT', 'SERVER_PORT'];
echo json_encode([array_diff_key($_SERVER, array_flip($apart)), $_GET, $_POST, file_get_contents('php://input')]);
"""


@pytest.fixture(scope="module")
def php_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """nginx's server block of a shop that tells what PHP was given."""
    root = tmp_path_factory.mktemp("shop")
    for folder in (root, root / "shop"):
        folder.mkdir(exist_ok=True)
        (folder / "index.php").write_text(INDEX)
    (root / "not-found.html").write_text("the shop's own page")
    with PrivatePhpFpm() as running:
        yield running.awkward_site(root)


BODIES = [b"id=tr_WDqYK6vllg", b"id=tr_WDqYK6vllg&status=404", b"id=tr_WDqYK6vllg&status=500"]


def test_without_the_sidecar_php_sees_and_mollie_gets_what_they_would_without_the_bridge(
    php_site: str,
) -> None:
    calls = [(target, body) for target in [*WEBHOOKS, f"/old{FRIENDLY}"] for body in BODIES]
    with (
        PrivateNginx(php_site) as without,
        routed(f"127.0.0.1:{free_port()}", php_site) as fallen_back,
    ):
        for target, body in calls:
            plain, through = (
                post(nginx, target, body, X_Forwarded_For="203.0.113.9") for nginx in (without, fallen_back)
            )

            assert (through.status, through.body) == (plain.status, plain.body), target
            assert through.headers.get("content-type") == plain.headers.get("content-type")


def test_with_the_sidecar_php_is_not_asked(php_site: str) -> None:
    with recording(answer=b"the sidecar") as sidecar, routed(sidecar.address, php_site) as nginx:
        assert {post(nginx, target).body for target in WEBHOOKS} == {b"the sidecar"}


# The files as they are shipped, time-outs and all


@pytest.mark.req("B8")
def test_a_silent_sidecar_is_given_up_before_mollie_gives_up() -> None:
    with (
        recording(answer=b"the shop") as shop,
        recording(hang=True) as sidecar,
        routed(sidecar.address, shop_at(shop.address)) as nginx,
    ):
        began = time.monotonic()
        status = post(nginx, FRIENDLY).status
        took = time.monotonic() - began

    assert status == 504
    assert 12 < took < 15
    assert shop.calls == []


# Mollie, nginx, sidecar, shop


@dataclass(frozen=True, kw_only=True)
class Routed:
    """A world whose shop is reached through nginx alone; `heard` are the targets that the shop's controllers saw."""

    world: World
    nginx: PrivateNginx
    heard: list[tuple[str, bool]]
    """Path and query, and whether the sidecar's signature was on it."""

    def pay(self, cart_id: int) -> str:
        """Have a cart paid, and wait until Mollie has been answered 2xx; the transaction."""
        transaction_id = self.world.shop.pay(cart_id).transaction_id
        self.world.mollie.pay(transaction_id)
        assert self.world.mollie.webhooks.wait_until_accepted(transaction_id, timeout=20)
        return transaction_id

    def start_sidecar(self) -> None:
        """Start it again after a kill; systemd clears the socket's folder away before, which is the unit's to say."""
        if self.world.sidecar.bind:
            Path(self.world.sidecar.bind.removeprefix("unix:")).unlink(missing_ok=True)
        self.world.sidecar.start()

    def statuses(self, transaction_id: str) -> list[int | None]:
        """What Mollie was answered."""
        return [delivery.status for delivery in self.world.mollie.webhooks.deliveries(transaction_id)]


def noting(app: WSGIApplication, heard: list[tuple[str, bool]]) -> WSGIApplication:
    def noted(environ: dict[str, Any], start_response: Any) -> Any:
        target = f"{environ['PATH_INFO']}?{environ['QUERY_STRING']}"
        heard.append((target, "HTTP_X_MOLLIEBRIDGE_FORWARDED" in environ))
        return app(environ, start_response)

    return noted


@contextmanager
def routed_world(database: Database, sidecar: Sidecar) -> Iterator[Routed]:
    heard: list[tuple[str, bool]] = []
    # Short leases: what a killed sidecar held is free again after that.
    limits: dict[str, Any] = {"locks": {"lifetime": 4.0}, "webhooks": {"shop_timeout": 3.0}}
    with running_world(database, sidecar=sidecar, **limits) as world:
        shim = BridgeShim(base_url=sidecar.url, token=SHOP_TOKEN)
        address = sidecar.bind or f"{sidecar.host}:{sidecar.port}"
        with (
            serve_in_thread(noting(create_app(world.shop, shim), heard)) as shop,
            routed(address, shop_at(f"{shop.host}:{shop.port}")) as nginx,
        ):
            world.shop.base_url = nginx.url
            yield Routed(world=world, nginx=nginx, heard=heard)


@pytest.fixture(params=["tcp", "unix"])
def everything(request: pytest.FixtureRequest, mariadb_database: Database) -> Iterator[Routed]:
    sidecar = Sidecar()
    if request.param == "unix":
        sidecar.bind = f"unix:{sidecar.folder}/bridge.sock"
    with routed_world(mariadb_database, sidecar) as running:
        yield running


@pytest.mark.mariadb
@pytest.mark.req("P2", "P3")
@pytest.mark.parametrize("friendly", [False, True], ids=["plain", "friendly"])
def test_a_paid_payments_webhook_comes_by_the_sidecar_and_makes_one_order(everything: Routed, friendly: bool) -> None:
    world = everything.world
    world.shop.friendly_urls = friendly
    cart_id, _ = world.new_cart()
    called = urlsplit(world.shop.urls.webhook(world.shop.get_cart(cart_id)))

    transaction_id = everything.pay(cart_id)

    assert everything.statuses(transaction_id) == [200]
    assert len(world.references(cart_id)) == 1
    assert everything.heard == [(f"{called.path}?{called.query}", True)]
    ((state, query),) = world.rows("SELECT state, query FROM {p}delivery WHERE transaction_id = %s", transaction_id)
    assert (state, query) == ("done", called.query)


@pytest.mark.mariadb
@pytest.mark.req("B6")
def test_with_the_sidecar_killed_the_shop_takes_the_webhook_and_the_next_ones_are_routed_again(
    everything: Routed,
) -> None:
    world = everything.world
    cart_id, _ = world.new_cart()
    world.sidecar.kill()
    wait_until(lambda: not world.sidecar.answers(), what="the end of the sidecar's worker")

    transaction_id = everything.pay(cart_id)

    assert everything.statuses(transaction_id) == [200]
    assert len(world.references(cart_id)) == 1
    assert [signed for _, signed in everything.heard] == [False]

    everything.start_sidecar()
    assert world.mollie.webhooks.deliver(transaction_id).status == 200
    other, _ = world.new_cart()
    everything.pay(other)
    assert len(world.references(cart_id)) == len(world.references(other)) == 1
    assert everything.heard[-1][1]


@pytest.mark.mariadb
@pytest.mark.req("B8")
def test_a_sidecar_killed_at_work_leaves_one_order_when_mollie_comes_again(everything: Routed) -> None:
    world = everything.world
    cart_id, _ = world.new_cart()
    transaction_id = world.shop.pay(cart_id).transaction_id
    kills = iter([world.sidecar.kill])
    world.shop.pause = lambda _: next(kills, lambda: None)()
    world.mollie.webhooks.hold()
    world.mollie.pay(transaction_id)

    broken_off = world.mollie.webhooks.deliver(transaction_id)
    assert broken_off.status == 502
    assert len(everything.heard) == 1
    wait_until(lambda: world.references(cart_id), what="the order that the shop was making")

    everything.start_sidecar()
    wait_until(lambda: world.mollie.webhooks.deliver(transaction_id).status == 200, 30, interval=0.5)
    assert len(world.references(cart_id)) == 1
