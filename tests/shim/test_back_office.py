"""The module's page in the back office, and the modes that it shows: with a real sidecar."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration.sidecar import ADMIN_TOKEN, SHOP_TOKEN
from tests.services.mariadb import Database, PrivateMariaDB
from tests.shim.world import ShimWorld, running_world

pytestmark = [pytest.mark.mariadb, pytest.mark.php, pytest.mark.nginx, pytest.mark.slow]

FORM = {"submitMolliebridge": "1", "endpoint": "http://127.0.0.1:8787", "policy": "open", "lock_directory": ""}


@pytest.fixture(scope="module")
def world(module_database: Database) -> Iterator[ShimWorld]:
    with running_world(module_database, guarded=True) as running:
        yield running


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


def page(world: ShimWorld, **posted: str) -> str:
    found = world.server.admin("page", posted).json["page"]
    assert isinstance(found, str)
    return found


def shown(world: ShimWorld) -> dict[str, Any]:
    """What the template is given."""
    start, end = "<!-- configure.tpl ", " -->"
    text = page(world).partition(start)[2].partition(end)[0]
    found = json.loads(text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))["molliebridge"]
    assert isinstance(found, dict)
    return found


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
    assert "x" * 40 not in page(world, **FORM, token="x" * 40)
    assert "y" * 20 not in page(world, **FORM, token="y" * 20)


def test_what_is_saved_is_stored_and_an_empty_token_keeps_the_old_one(world: ShimWorld) -> None:
    page(world, **FORM | {"policy": "closed", "lock_directory": "/tmp"}, token="")

    found = stored(world)
    assert found["MOLLIEBRIDGE_ENDPOINT"] == "http://127.0.0.1:8787"
    assert found["MOLLIEBRIDGE_TOKEN"] == SHOP_TOKEN
    assert (found["MOLLIEBRIDGE_POLICY"], found["MOLLIEBRIDGE_LOCK_DIR"]) == ("closed", "/tmp")


@pytest.mark.parametrize(
    "wrong", [{"endpoint": "bridge"}, {"token": "short"}, {"policy": "maybe"}, {"lock_directory": "/nowhere/at/all"}]
)
def test_what_can_not_work_is_not_stored(world: ShimWorld, wrong: dict[str, str]) -> None:
    before = stored(world)

    assert "alert" in page(world, **FORM | wrong)

    assert stored(world) == before


def test_the_test_button_is_answered_in_json(world: ShimWorld) -> None:
    run = world.server.admin("page", {"molliebridgeTest": "1"}, check=False)

    assert json.loads(run.output)["ok"] is True
    world.server.admin("configure", {"MOLLIEBRIDGE_TOKEN": ADMIN_TOKEN[:-1] + "X"})
    assert json.loads(world.server.admin("page", {"molliebridgeTest": "1"}, check=False).output)["ok"] is False


def test_what_the_sidecar_locks_with_is_remembered_for_the_time_without_it(world: ShimWorld) -> None:
    world.server.admin("configure", {"MOLLIEBRIDGE_BACKEND": "redis"})

    page(world)

    assert stored(world)["MOLLIEBRIDGE_BACKEND"] == "flock"


def test_outages_are_counted_and_shown(world: ShimWorld) -> None:
    assert shown(world)["outages"] == ""
    world.server.admin("configure", {"MOLLIEBRIDGE_ENDPOINT": "http://127.0.0.1:1"})
    world.new_shopper().pay()

    assert "1 payments" in shown(world)["outages"]


# --- modes


@pytest.fixture(params=[{"mode": "observe"}, {"percentage": 0}], ids=["observing", "at 0 percent"])
def watching(mariadb: PrivateMariaDB, request: pytest.FixtureRequest) -> Iterator[ShimWorld]:
    database = mariadb.create_database("shim_watching")
    with running_world(database, guarded=True, sidecar={"rollout": request.param}) as running:
        yield running
    mariadb.drop_database("shim_watching")


@pytest.mark.req("L17")
def test_a_cart_that_is_only_watched_is_never_held_up(watching: ShimWorld) -> None:
    shopper = watching.new_shopper()

    visits = [shopper.pay(), shopper.pay()]

    payments = watching.payments_at_mollie(shopper.cart_id)
    assert sorted(payments) == sorted(str(visit.checkout_id) for visit in visits)
    assert len(payments) == 2
    for transaction in payments:
        watching.mollie.pay(transaction)
        assert watching.announce(transaction).status == 200
    assert {row["bank_status"] for row in watching.books.payments_of(shopper.cart_id)} == {"paid"}
    assert watching.database.execute("SELECT COUNT(*) FROM ps_molbridge_cart WHERE lease_token IS NOT NULL")[0][0] == 0
