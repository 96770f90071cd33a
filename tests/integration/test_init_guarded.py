"""From a shop's folder to a guarded shop: what `init` writes starts a sidecar, and the doctor finds nothing wrong."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bridge.adapters.prestashop.parameters import read_parameters
from bridge.commands.init import Host, run_init
from bridge.config import load_settings
from bridge.diagnosis.examination import examine
from bridge.diagnosis.findings import Outcome
from bridge.diagnosis.installation import Installation
from tests.integration.shop_folders import Served, owned, shop_folder, token_in
from tests.services.mariadb import Database
from tests.shim.world import running_world

pytestmark = [pytest.mark.mariadb, pytest.mark.php, pytest.mark.nginx, pytest.mark.slow, pytest.mark.req("B10")]


@pytest.fixture
def owner(mariadb_database: Database) -> Iterator[Database]:
    """The database, whose shop has a user with an odd password."""
    with owned(mariadb_database) as database:
        yield database


@contextmanager
def environment(**values: str) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in values.items():
            patch.setenv(name, value)
        yield


@pytest.mark.parametrize(("shape", "version"), [("1.7", "1.7.8.11"), ("8", "8.2.1"), ("9", "9.1.4")])
def test_from_a_shops_folder_to_a_guarded_shop(
    owner: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str], shape: str, version: str
) -> None:
    with running_world(owner, version=version) as world:
        server = world.server
        php = tmp_path / "php" / "8.2" / "fpm"
        php.mkdir(parents=True)
        (php / "php.ini").write_text(f"sys_temp_dir = {server.temp}\n")
        parameters = shop_folder(tmp_path, owner, shape) / "app/config/parameters.php"
        (server.folder / "app/config/parameters.php").write_text(parameters.read_text())
        config = tmp_path / "etc" / "config.toml"
        host = Host(php_settings=tmp_path / "php", service_locks=tmp_path / "none", systemctl="/nowhere")

        assert run_init(server.folder, config, yes=False, host=host)
        token = token_in(capsys.readouterr().out)

        outside = {"MOLLIE_BRIDGE_MOLLIE__ENDPOINT": world.mollie_url}
        with Served(config, **outside) as sidecar, environment(**sidecar.environment):
            url = f"http://{sidecar.host}:{sidecar.port}"
            server.put_shim()
            server.admin("install")
            server.admin("configure", {"MOLLIEBRIDGE_ENDPOINT": url, "MOLLIEBRIDGE_TOKEN": token})
            server.admin("configure", {"PS_SHOP_DOMAIN": server.url.removeprefix("http://"), "PS_VERSION_DB": version})
            installation = Installation(
                load_settings(config), config=config, shop=read_parameters(server.folder), systemctl="/nowhere"
            )
            found = {finding.check: finding for finding in examine(installation)}
            installation.close()

    assert {name: each.seen for name, each in found.items() if each.outcome is Outcome.FAILED} == {}
    warned = {name for name, each in found.items() if each.outcome is Outcome.WARNING}
    assert warned == {"database.excess", "shop.address"}, "the shop's own user, and no SSL"
    assert found["shim.locks"].outcome is Outcome.OK
