"""What PrestaShop itself does around a request, and how the module lives with it."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from bridge.diagnosis.selftest import PATH, signature
from tests.integration.sidecar import SHOP_TOKEN
from tests.shim.guarding import CLAIM, paid, wait_until_bound
from tests.shim.shopper import Visit, visit
from tests.shim.wire import Wire
from tests.shim.world import ShimWorld

pytestmark = [pytest.mark.mariadb, pytest.mark.php, pytest.mark.nginx, pytest.mark.slow, pytest.mark.timeout(300)]


def self_test(world: ShimWorld) -> Visit:
    """What `mollie-bridge doctor` asks."""
    signed = signature(SHOP_TOKEN, secrets.token_hex(16), int(time.time()))
    return visit("POST", f"{world.server.url}/{PATH}", X_Molliebridge_Selftest=signed)


@contextmanager
def configured(world: ShimWorld, name: str, value: str, after: str) -> Iterator[None]:
    world.server.admin("configure", {name: value})
    try:
        yield
    finally:
        world.server.admin("configure", {name: after})


@pytest.mark.req("P8")
def test_what_the_request_changed_in_the_cookie_is_sent_although_the_answer_leaves_early(
    world: ShimWorld, wire: Wire
) -> None:
    shopper = world.new_shopper()

    first = shopper.pay()
    wait_until_bound(world, shopper)
    led_there = shopper.pay()

    assert "changed=" in first.headers["Set-Cookie"]
    assert led_there.checkout_id == first.checkout_id
    assert "changed=" in led_there.headers["Set-Cookie"]


def test_the_self_test_answers_while_the_shop_is_in_maintenance(world: ShimWorld, wire: Wire) -> None:
    shopper = world.new_shopper()
    with configured(world, "PS_SHOP_ENABLE", "0", "1"):
        assert shopper.pay().status == 503
        assert self_test(world).json["reaches_sidecar"] is True


def test_the_self_test_answers_whatever_country_it_is_asked_from(world: ShimWorld, wire: Wire) -> None:
    world.set(country_forbidden=True)
    try:
        assert world.new_shopper().pay().status == 403
        assert self_test(world).status == 200
    finally:
        world.set(country_forbidden=None)


def left_out(world: ShimWorld) -> Any:
    return self_test(world).json["unguarded"]


@pytest.mark.req("P1")
def test_who_may_use_the_mollie_module_and_not_this_one_is_not_guarded_and_that_is_told(
    world: ShimWorld, wire: Wire
) -> None:
    shopper = world.new_shopper()
    assert left_out(world) == {}
    world.database.execute("INSERT INTO ps_group_lang (id_group, id_lang, name) VALUES (4, 1, 'Wholesale')")
    world.database.execute("INSERT INTO ps_customer_group (id_customer, id_group) VALUES (%s, 4)", shopper.customer_id)
    world.database.execute("INSERT INTO ps_module_group SELECT id_module, 1, 4 FROM ps_module WHERE name = 'mollie'")
    try:
        assert left_out(world) == {"groups": ["Wholesale"]}
        assert shopper.pay().checkout_id != shopper.pay().checkout_id
    finally:
        for table in ("ps_group_lang", "ps_customer_group", "ps_module_group"):
            world.database.execute(f"DELETE FROM {table} WHERE id_group = 4")
    assert left_out(world) == {}


@pytest.mark.req("P1")
def test_a_device_for_which_the_module_is_switched_off_is_told(world: ShimWorld, wire: Wire) -> None:
    is_nine = str(world.server.settings["version"]).startswith("9")
    own = "id_module = (SELECT id_module FROM ps_module WHERE name = 'molliebridge')"
    world.database.execute(f"UPDATE ps_module_shop SET enable_device = 3 WHERE {own}")
    try:
        # Since 9.0 PrestaShop no longer looks at it.
        assert left_out(world) == ({} if is_nine else {"devices": []})
    finally:
        world.database.execute(f"UPDATE ps_module_shop SET enable_device = 7 WHERE {own}")


@pytest.mark.req("P8")
def test_in_maintenance_mollies_news_are_guarded_and_worked_on(world: ShimWorld, wire: Wire) -> None:
    shopper, transaction = paid(world)
    with configured(world, "PS_SHOP_ENABLE", "0", "1"):
        assert world.announce_until_taken(transaction)[-1] == 200

    assert len(world.references(shopper.cart_id)) == 1
    assert wire.paths(CLAIM)
