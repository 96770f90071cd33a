"""The how-to pages, followed to the letter: start beside a shop's database, look, take it away again."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from sqlalchemy import create_engine

from bridge.demo.storefront import ToyShop, seed, shop_tables
from tests.integration.shop_folders import write_parameters
from tests.services.mariadb import Database, PrivateMariaDB
from tests.services.process import PrivateServer, program
from tests.services.program import for_a_shell

pytestmark = [pytest.mark.mariadb, pytest.mark.slow]

ROOT = Path(__file__).parents[2]
PAGES = ROOT / "docs" / "how-to"


def steps(page: str) -> list[str]:
    """The shell blocks of a page that are run as they stand."""
    return re.findall(r"^```bash\n(.*?)^```$", (PAGES / page).read_text(), re.DOTALL | re.MULTILINE)


class Administrator:
    """Somebody at a shell in a copy of the repository, whom the database lets in."""

    def __init__(self, folder: Path, database: Database, port: int) -> None:
        self.folder = folder
        for name in ("sql", "config.example.toml"):
            (folder / name).symlink_to(ROOT / name)
        bin_ = folder / ".venv" / "bin"
        bin_.mkdir(parents=True)
        self._write(bin_ / "mollie-bridge", f'exec {for_a_shell()} "$@"')
        client = program("mariadb", "mariadb-client-core")
        self._write(
            folder / "mariadb", f'exec {client} --no-defaults --socket={database.socket} --user={database.user} "$@"'
        )
        self._environment = {
            "PATH": f"{folder}:{os.environ['PATH']}",
            "MYSQL_PWD": database.password,
            "no_proxy": "127.0.0.1",
        }
        self._ports = {
            ":3306/": f":{database.port}/",
            "127.0.0.1:8787": f"127.0.0.1:{port}",
            "/var/www/shop": str(folder / "shop"),
        }

    def types(self, *blocks: str) -> str:
        """Run blocks in one shell; what they print."""
        text = "\n".join(blocks)
        for written, real in self._ports.items():
            text = text.replace(written, real)
        ran = subprocess.run(
            ["bash", "-eu", "-c", text],
            cwd=self.folder,
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert (ran.returncode, ran.stderr) == (0, ""), ran.stdout
        return ran.stdout

    @staticmethod
    def _write(path: Path, line: str) -> None:
        path.write_text(f"#!/bin/sh\n{line}\n")
        path.chmod(0o755)


class Served(PrivateServer):
    """`mollie-bridge serve`, as the page says it."""

    name = "served"

    def __init__(self) -> None:
        super().__init__()
        self.at = self.folder

    def command(self) -> list[str]:
        """The page's own line, in the administrator's folder, on a free port."""
        line = ".venv/bin/mollie-bridge serve --config config.toml"
        assert f"```\n{line}\n```" in (PAGES / "start.md").read_text()
        bind = f"MOLLIE_BRIDGE_SERVER__BIND=127.0.0.1:{self.port}"
        return ["sh", "-c", f"cd {shlex.quote(str(self.at))} && {bind} exec {line}"]

    def answers(self) -> bool:
        try:
            return requests.get(f"http://127.0.0.1:{self.port}/healthz", timeout=2).ok
        except requests.RequestException:
            return False


@pytest.fixture
def prestashop(mariadb: PrivateMariaDB) -> Iterator[Database]:
    """A shop's database with the name that the pages use, and a cart 1 in it."""
    mariadb.start()
    database = mariadb.create_database("prestashop")
    engine = create_engine(database.url)
    seed(engine, shop_tables("ps_"))
    ToyShop(engine=engine, mollie_api_url="http://127.0.0.1:1", temp_dir=Path("/nowhere")).add_cart()
    engine.dispose()
    yield database
    mariadb.start()
    mariadb.drop_database("prestashop")


def tables(database: Database) -> set[str]:
    return {name for (name,) in database.execute("SHOW TABLES")}


@pytest.mark.req("P8", "P11")
def test_what_start_sets_up_runs_and_roll_back_leaves_the_shop_as_it_was(prestashop: Database, tmp_path: Path) -> None:
    program("curl", "curl")
    before = tables(prestashop)
    rows_before = checksums(prestashop, before)
    served = Served()
    admin = Administrator(tmp_path, prestashop, served.port)
    write_parameters(tmp_path / "shop", "9", access(prestashop))
    set_up, look, own_user = steps("start.md")
    served.at = tmp_path

    assert "ps_molbridge_* made" in admin.types(set_up)
    assert "nothing was changed" in admin.types(set_up)
    admin.types(own_user)
    assert "//mollie_bridge:" in (tmp_path / "config.toml").read_text()
    assert "nothing was changed" in admin.types(set_up)
    assert (tmp_path / "config.toml").stat().st_mode & 0o077 == 0
    with served:
        seen = admin.types(look)
    assert '"status":"ok"' in seen
    assert '"status":"ready"' in seen
    assert '"allowed":true' in seen

    admin.types(*steps("roll-back.md"))
    assert tables(prestashop) == before
    assert checksums(prestashop, before) == rows_before
    assert prestashop.execute("SELECT User FROM mysql.user WHERE User LIKE 'mollie_bridge%%'") == ()


def access(database: Database) -> dict[str, str]:
    """What a shop's parameters say of its database."""
    return {
        "database_host": database.host,
        "database_port": str(database.port),
        "database_name": database.name,
        "database_user": database.user,
        "database_password": database.password,
        "database_prefix": "ps_",
    }


def checksums(database: Database, names: set[str]) -> tuple[tuple[object, ...], ...]:
    return database.execute(f"CHECKSUM TABLE {', '.join(sorted(names))}")
