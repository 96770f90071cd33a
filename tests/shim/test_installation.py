"""The shim comes and goes: what it leaves behind, and what it touches while it is there."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.services.mariadb import PrivateMariaDB
from tests.shim.back_office import open_page
from tests.shim.tables import checksums
from tests.shim.world import ShimWorld, running_world

pytestmark = [pytest.mark.mariadb, pytest.mark.php, pytest.mark.nginx, pytest.mark.slow, pytest.mark.timeout(300)]

VERSIONS = ("1.7.8.11", "8.2.1", "9.1.4")
CLOSED = {
    "MOLLIEBRIDGE_ENDPOINT": "http://127.0.0.1:1",
    "MOLLIEBRIDGE_TOKEN": "x" * 40,
    "MOLLIEBRIDGE_POLICY": "closed",
}
"""Nobody listens there, and without the sidecar nothing is sold."""


@pytest.fixture(scope="module", params=VERSIONS)
def world(mariadb: PrivateMariaDB, request: pytest.FixtureRequest) -> Iterator[ShimWorld]:
    mariadb.start()
    database = mariadb.create_database("shim_installation")
    with running_world(database, version=request.param) as running:
        running.server.put_shim()
        yield running
    mariadb.drop_database("shim_installation")


@pytest.fixture(autouse=True)
def _gone(world: ShimWorld) -> Iterator[None]:
    yield
    world.server.admin("uninstall", check=False)


@pytest.mark.req("P11")
def test_installed_and_removed_nothing_is_left(world: ShimWorld) -> None:
    before = checksums(world.database)
    world.server.admin("install")
    world.server.admin("configure", CLOSED)
    open_page(world.server)
    between = checksums(world.database)

    world.server.admin("uninstall")

    changed = {name for name in before if between[name] != before[name]}
    assert changed >= {"ps_module", "ps_hook_module", "ps_module_history"}
    assert checksums(world.database) == before


@pytest.mark.req("P11")
def test_upgraded_and_removed_nothing_is_left(world: ShimWorld) -> None:
    before = checksums(world.database)
    world.server.admin("install")
    installed = _hooks(world)
    world.database.execute("UPDATE ps_module SET version = '0.0.1' WHERE name = 'molliebridge'")

    world.server.admin("upgrade")

    assert _hooks(world) == installed
    ((version,),) = world.database.execute("SELECT version FROM ps_module WHERE name = 'molliebridge'")
    assert version != "0.0.1"
    world.server.admin("uninstall")
    assert checksums(world.database) == before


@pytest.mark.req("P11")
def test_installed_twice_in_a_row_after_a_removal_it_works_again(world: ShimWorld) -> None:
    world.server.admin("install")
    first = _hooks(world)
    world.server.admin("uninstall")

    world.server.admin("install")

    assert _hooks(world) == first


@pytest.mark.req("P11")
def test_reset_it_keeps_its_settings_where_prestashop_lets_it(world: ShimWorld) -> None:
    world.server.admin("install")
    world.server.admin("configure", CLOSED)

    world.server.admin("reset")

    names = world.database.execute("SELECT name FROM ps_configuration WHERE name = 'MOLLIEBRIDGE_TOKEN'")
    assert bool(names) == (not str(world.server.settings["version"]).startswith("8"))


@pytest.mark.req("P11")
def test_disabled_it_does_nothing(world: ShimWorld) -> None:
    world.server.admin("install")
    world.server.admin("configure", CLOSED)
    world.server.admin("disable")
    shopper = world.new_shopper()

    visits = [shopper.pay(), shopper.pay()]

    assert len({visit.checkout_id for visit in visits} - {None}) == 2


@pytest.mark.req("P11")
def test_enabled_again_it_guards_again(world: ShimWorld) -> None:
    world.server.admin("install")
    world.server.admin("configure", CLOSED)
    world.server.admin("disable")
    world.server.admin("enable")

    assert world.new_shopper().pay().checkout_id is None


@pytest.mark.req("P11")
def test_other_pages_and_refused_payments_change_no_table(world: ShimWorld) -> None:
    world.server.admin("install")
    told = {
        "MOLLIEBRIDGE_ENDPOINT": "http://127.0.0.1:1",
        "MOLLIEBRIDGE_TOKEN": "x" * 40,
        "MOLLIEBRIDGE_POLICY": "closed",
    }
    world.server.admin("configure", told)
    shopper = world.new_shopper()
    before = checksums(world.database)

    for page in ("", "index.php?controller=cart", "index.php?controller=order"):
        assert shopper.follow(f"{world.server.url}/{page}").status == 200
    shopper.pay()

    assert checksums(world.database) == before


def _hooks(world: ShimWorld) -> set[str]:
    rows = world.database.execute(
        "SELECT h.name FROM ps_hook_module hm JOIN ps_hook h USING (id_hook) JOIN ps_module m USING (id_module)"
        " WHERE m.name = 'molliebridge'"
    )
    return {str(name) for (name,) in rows}
