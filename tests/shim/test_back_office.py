"""The module's page in the back office, and the modes that it shows: with a real sidecar."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration.sidecar import ADMIN_TOKEN, SHOP_TOKEN
from tests.services.mariadb import PrivateMariaDB
from tests.shim.back_office import open_page
from tests.shim.world import ShimWorld, running_world

pytestmark = [pytest.mark.mariadb, pytest.mark.php, pytest.mark.nginx, pytest.mark.slow, pytest.mark.timeout(300)]

SOUND = {"endpoint": "http://127.0.0.1:8787", "token": "", "policy": "open", "lock_directory": ""}
"""What can be saved; an empty token keeps the stored one."""


@pytest.fixture(scope="module", params=("1.7.8.11", "9.1.4"))  # 8.2 lets in and links as 1.7.8 does
def world(mariadb: PrivateMariaDB, request: pytest.FixtureRequest) -> Iterator[ShimWorld]:
    mariadb.start()
    database = mariadb.create_database("shim_back_office")
    with running_world(database, guarded=True, version=request.param) as running:
        yield running
    mariadb.drop_database("shim_back_office")


@pytest.fixture(autouse=True)
def _configured(world: ShimWorld) -> None:
    assert world.sidecar is not None
    world.server.admin(
        "configure",
        {
            "MOLLIEBRIDGE_ENDPOINT": world.sidecar.url,
            "MOLLIEBRIDGE_TOKEN": SHOP_TOKEN,
            "MOLLIEBRIDGE_POLICY": "open",
            "MOLLIEBRIDGE_LOCK_DIR": str(world.server.temp),
        },
    )


def page(world: ShimWorld, **entered: str) -> str:
    """The page after Save was pressed with these values."""
    return open_page(world.server).submit(**entered).text


def shown(world: ShimWorld) -> dict[str, Any]:
    return open_page(world.server).told


def stored(world: ShimWorld) -> dict[str, str]:
    rows = world.database.execute("SELECT name, value FROM ps_configuration WHERE name LIKE 'MOLLIEBRIDGE%%'")
    return {str(name): str(value) for name, value in rows}


@pytest.mark.req("B13")
def test_it_shows_connection_mode_and_figures(world: ShimWorld) -> None:
    found = shown(world)

    assert found["isConnected"] is True
    assert found["connection"].startswith("Connected to the bridge 0.")
    assert found["mode"] == "Guarding 100 percent of the carts."
    assert {figure["value"] for figure in found["figures"]} <= {str(number) for number in range(100)}
    assert found["warnings"] == []


@pytest.mark.req("B13")
def test_another_lock_directory_than_the_sidecars_is_named(world: ShimWorld) -> None:
    world.server.admin("configure", {"MOLLIEBRIDGE_LOCK_DIR": "/var/tmp"})

    assert any("/var/tmp" in warning for warning in shown(world)["warnings"])


def test_a_token_that_is_refused_and_a_sidecar_that_is_not_there_are_told_apart(world: ShimWorld) -> None:
    world.server.admin("configure", {"MOLLIEBRIDGE_TOKEN": "x" * 40})
    assert shown(world)["connection"] == "The bridge refuses the token."

    world.server.admin("configure", {"MOLLIEBRIDGE_ENDPOINT": "http://127.0.0.1:1"})
    assert shown(world)["connection"].startswith("The bridge does not answer:")


def test_the_token_is_never_shown_again(world: ShimWorld) -> None:
    assert SHOP_TOKEN not in page(world)
    assert "x" * 40 not in page(world, **SOUND | {"token": "x" * 40})
    assert "y" * 20 not in page(world, **SOUND | {"token": "y" * 20})


def test_what_is_saved_is_stored_and_an_empty_token_keeps_the_old_one(world: ShimWorld) -> None:
    assert "Settings saved." in page(world, **SOUND | {"policy": "closed", "lock_directory": "/tmp"})

    found = stored(world)
    assert found["MOLLIEBRIDGE_ENDPOINT"] == "http://127.0.0.1:8787"
    assert found["MOLLIEBRIDGE_TOKEN"] == SHOP_TOKEN
    assert (found["MOLLIEBRIDGE_POLICY"], found["MOLLIEBRIDGE_LOCK_DIR"]) == ("closed", "/tmp")


def typed(world: ShimWorld) -> dict[str, str]:
    """What the merchant has stored, without what the module has learned from the sidecar meanwhile."""
    learned = {"MOLLIEBRIDGE_BACKEND", "MOLLIEBRIDGE_ROLLOUT"}
    return {name: value for name, value in stored(world).items() if name not in learned}


@pytest.mark.parametrize(
    "wrong", [{"endpoint": "bridge"}, {"token": "short"}, {"policy": "maybe"}, {"lock_directory": "/nowhere/at/all"}]
)
def test_what_can_not_work_is_not_stored(world: ShimWorld, wrong: dict[str, str]) -> None:
    before = typed(world)

    assert "alert-danger" in page(world, **SOUND | wrong)

    assert typed(world) == before


def test_the_test_button_is_answered_in_json(world: ShimWorld) -> None:
    opened = open_page(world.server)

    assert json.loads(opened.press_test().output)["ok"] is True
    world.server.admin("configure", {"MOLLIEBRIDGE_TOKEN": ADMIN_TOKEN[:-1] + "X"})
    assert json.loads(opened.press_test().output)["ok"] is False


def test_what_the_sidecar_locks_with_is_remembered_for_the_time_without_it(world: ShimWorld) -> None:
    world.server.admin("configure", {"MOLLIEBRIDGE_BACKEND": "redis"})

    open_page(world.server)

    assert stored(world)["MOLLIEBRIDGE_BACKEND"] == "flock"


def test_outages_are_counted_and_shown(world: ShimWorld) -> None:
    assert shown(world)["outages"] == ""
    world.server.admin("configure", {"MOLLIEBRIDGE_ENDPOINT": "http://127.0.0.1:1"})
    world.new_shopper().pay()

    assert "1 payments" in shown(world)["outages"]


@pytest.mark.req("B13")
def test_a_hook_that_is_not_registered_is_registered_when_the_page_is_opened(world: ShimWorld) -> None:
    lost = "actionFrontControllerInitAfter"
    count = "SELECT COUNT(*) FROM ps_hook_module JOIN ps_hook USING (id_hook) WHERE name = %s"
    world.database.execute("DELETE m FROM ps_hook_module m JOIN ps_hook USING (id_hook) WHERE name = %s", lost)

    assert [warning for warning in shown(world)["warnings"] if lost in warning]

    assert world.database.execute(count, lost)[0][0] == 1
    assert shown(world)["warnings"] == []


@pytest.mark.req("B13")
def test_hooks_that_are_switched_off_are_named(world: ShimWorld) -> None:
    hook = "actionFrontControllerInitAfter"
    world.database.execute("UPDATE ps_hook SET active = 0 WHERE name = %s", hook)
    try:
        assert any(hook in warning for warning in shown(world)["warnings"])
    finally:
        world.database.execute("UPDATE ps_hook SET active = 1")


@pytest.mark.req("B13")
def test_customer_groups_that_are_left_out_are_named(world: ShimWorld) -> None:
    world.database.execute("INSERT INTO ps_group (id_group) VALUES (4)")
    world.database.execute("INSERT INTO ps_group_lang (id_group, id_lang, name) VALUES (4, 1, 'Wholesale')")
    mollie = "(SELECT id_module FROM ps_module WHERE name = 'mollie')"
    assert shown(world)["warnings"] == [], "a group that may not use the Mollie module pays with something else"
    world.database.execute(f"INSERT INTO ps_module_group (id_module, id_shop, id_group) VALUES ({mollie}, 1, 4)")
    try:
        assert [warning for warning in shown(world)["warnings"] if "Wholesale" in warning]
    finally:
        for table in ("ps_group", "ps_group_lang", "ps_module_group"):
            world.database.execute(f"DELETE FROM {table} WHERE id_group = 4")


@pytest.mark.req("B13")
def test_a_shop_that_came_after_the_installation_is_named(world: ShimWorld) -> None:
    world.database.execute(
        "INSERT INTO ps_shop (id_shop, id_shop_group, name, color, id_category, theme_name, active, deleted)"
        " VALUES (2, 1, 'Outlet', '', 2, 'classic', 1, 0)"
    )
    assert shown(world)["warnings"] == [], "a shop without the Mollie module has nothing to be guarded"
    try:
        world.database.execute(_put("module_shop", "mollie"))
        assert [warning for warning in shown(world)["warnings"] if "Outlet" in warning], "it is off there"
        world.database.execute(_put("module_shop", "molliebridge"))
        assert [warning for warning in shown(world)["warnings"] if "Outlet" in warning], "it has no hooks there"
        world.database.execute(_put("hook_module", "molliebridge"))
        assert shown(world)["warnings"] == []
    finally:
        for table in ("ps_shop", "ps_module_shop", "ps_hook_module"):
            world.database.execute(f"DELETE FROM {table} WHERE id_shop = 2")


def _put(table: str, module: str) -> str:
    """The rows of `module` in the first shop, for the second one too."""
    columns = {"module_shop": "enable_device", "hook_module": "id_hook, position"}[table]
    return (
        f"INSERT INTO ps_{table} (id_module, id_shop, {columns}) SELECT id_module, 2, {columns} FROM ps_{table}"
        f" JOIN ps_module USING (id_module) WHERE name = '{module}' AND id_shop = 1"
    )


@pytest.mark.req("B13")
def test_a_shop_without_foreign_modules_is_named(world: ShimWorld) -> None:
    world.server.admin("configure", {"PS_DISABLE_NON_NATIVE_MODULE": "1"})
    try:
        assert any("nothing is guarded" in warning for warning in shown(world)["warnings"])
    finally:
        world.server.admin("configure", {"PS_DISABLE_NON_NATIVE_MODULE": "0"})


def test_the_token_in_the_form_does_not_stand_in_the_employees_way(world: ShimWorld) -> None:
    assert "Invalid security token" not in page(world, **SOUND | {"token": "y" * 40})
    assert stored(world)["MOLLIEBRIDGE_TOKEN"] == "y" * 40


def test_without_tokens_in_addresses_it_can_be_saved_too(world: ShimWorld) -> None:
    world.set(admin_tokens=False)
    try:
        assert "Settings saved." in page(world, **SOUND)
    finally:
        world.set(admin_tokens=None)
