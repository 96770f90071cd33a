"""The tutorial, followed word for word by somebody who has a shop and nothing else; it ends with a guarded shop."""

from __future__ import annotations

import dataclasses
import os
import re
import shlex
import stat
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from tests.services.mariadb import Database, PrivateMariaDB
from tests.services.process import PrivateServer, free_port
from tests.shim.back_office import open_page
from tests.shim.shopper import Shopper
from tests.shim.web_server import STANDIN
from tests.shim.world import ShimWorld, running_world

pytestmark = [pytest.mark.mariadb, pytest.mark.php, pytest.mark.nginx, pytest.mark.slow]

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")
SERVE = ".venv/bin/mollie-bridge serve --config config.toml\n"
VERSION = "9.1.4"

CONSOLE = """<?php
// What PrestaShop's console does with prestashop:module, by way of the stand-in's back office.
[, $command, $action, $module] = $argv;
$command === 'prestashop:module' || exit(64);
$argv = [__FILE__, dirname(__DIR__), $action, $module];
require '%s/admin.php';
"""


def step(number: int) -> str:
    """A step of the page."""
    return PAGE.partition(f"\n## {number}. ")[2].partition("\n## ")[0]


def blocks(number: int) -> list[str]:
    """The step's commands."""
    return re.findall(r"^```bash\n(.*?)^```$", step(number), re.DOTALL | re.MULTILINE)


def form() -> dict[str, str]:
    """The fields of the module's page, and what to enter, as the page has them."""
    rows = re.findall(r"^\| (.+?) \| (.+?) \|$", step(4), re.MULTILINE)
    return dict(rows[1:])


class SecondTerminal(PrivateServer):
    """Where `serve` stays, as the page says it."""

    name = "terminal"

    def __init__(self, newcomer: Newcomer) -> None:
        super().__init__()
        self.port = newcomer.port
        self._newcomer = newcomer

    def command(self) -> list[str]:
        there = shlex.quote(str(self._newcomer.folder))
        return ["env", *self._newcomer.variables, "bash", "-euc", f"cd {there}; exec {SERVE}"]

    def answers(self) -> bool:
        try:
            return requests.get(f"http://127.0.0.1:{self.port}/healthz", timeout=2).ok
        except requests.RequestException:
            return False


class Newcomer:
    """Somebody at a shell in a copy of the repository, on the shop's machine."""

    def __init__(self, folder: Path, world: ShimWorld) -> None:
        self.folder = folder
        self.port = free_port()
        self._shop = str(world.server.folder)
        for path in ROOT.iterdir():
            if path.name not in {"config.toml", ".git"}:
                (folder / path.name).symlink_to(path)
        # The simulator is Mollie, and the shop's temporary directory the machine's.
        self._told = {
            "MOLLIE_BRIDGE_MOLLIE__ENDPOINT": world.mollie_url,
            "MOLLIE_BRIDGE_LOCKS__DIRECTORY": str(world.server.temp),
            "MOLLIE_BRIDGE_SERVER__BIND": f"127.0.0.1:{self.port}",
            "COLUMNS": "200",
            "no_proxy": "127.0.0.1",
        }

    @property
    def variables(self) -> list[str]:
        return [f"{name}={value}" for name, value in self._told.items()]

    def types(self, *commands: str, status: int = 0) -> str:
        """Type commands into one shell; what they print."""
        text = "\n".join(commands).replace("/var/www/shop", self._shop).replace("127.0.0.1:8787", self.address)
        ran = subprocess.run(
            ["bash", "-eu", "-o", "pipefail", "-c", text],
            cwd=self.folder,
            env=os.environ | self._told,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert (ran.returncode, ran.stderr) == (status, ""), ran.stdout + ran.stderr
        return ran.stdout

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def fills_in(self, world: ShimWorld, printed: str) -> str:
        """Save the module's page with what `init` printed; the page as it is then."""
        assert list(form()) == ["Address of the bridge", "Token", "When the bridge does not answer", "Lock directory"]
        told = dict(re.findall(r"^  (Address of the bridge|Token|Lock directory) +(.+)$", printed, re.MULTILINE))
        directory = "" if told["Lock directory"] == "(leave it empty)" else told["Lock directory"]
        entered = {
            "endpoint": told["Address of the bridge"].replace("127.0.0.1:8787", self.address),
            "token": told["Token"],
            "policy": "open",
            "lock_directory": directory,
        }
        return open_page(world.server).submit(**entered).text


def two_tabs(world: ShimWorld) -> tuple[Shopper, list[str | None]]:
    """A fresh cart, *Pay* in two tabs; the payment whose page at Mollie each of them comes to."""
    shopper = world.new_shopper()
    return shopper, [shopper.pay().checkout_id, shopper.pay().checkout_id]


@pytest.fixture
def shop(mariadb: PrivateMariaDB) -> Iterator[ShimWorld]:
    """A shop that nobody has touched, with a database user of its own and PrestaShop's console."""
    mariadb.start()
    database = mariadb.create_database("newcomer")
    with shops_own_user(database) as own, running_world(own, version=VERSION) as world:
        (world.server.folder / "bin").mkdir()
        (world.server.folder / "bin" / "console").write_text(CONSOLE % STANDIN)
        configured = {"PS_SHOP_DOMAIN": world.server.url.removeprefix("http://"), "PS_VERSION_DB": VERSION}
        for name, value in configured.items():
            database.execute("DELETE FROM ps_configuration WHERE name = %s", name)
            database.execute(
                "INSERT INTO ps_configuration (name, value, date_add, date_upd) VALUES (%s, %s, NOW(), NOW())",
                name,
                value,
            )
        yield world
    mariadb.start()
    mariadb.drop_database("newcomer")


@contextmanager
def shops_own_user(database: Database) -> Iterator[Database]:
    """The database as the shop enters it: a user who may do everything there and nothing elsewhere."""
    for host in ("localhost", "127.0.0.1"):
        database.execute(f"DROP USER IF EXISTS 'newcomer'@'{host}'")
        database.execute(f"CREATE USER 'newcomer'@'{host}' IDENTIFIED BY 'of-the-shop'")
        database.execute(f"GRANT ALL ON `{database.name}`.* TO 'newcomer'@'{host}'")
    yield dataclasses.replace(database, user="newcomer", password="of-the-shop")
    database.execute("DROP USER 'newcomer'@'localhost', 'newcomer'@'127.0.0.1'")


@pytest.mark.req("B1", "B10", "B12", "P11", "L18")
def test_the_tutorial_ends_with_a_guarded_shop(shop: ShimWorld, tmp_path: Path) -> None:
    newcomer = Newcomer(tmp_path, shop)
    before = shop.database.execute("SHOW TABLES")

    assert "```\nmake runtime\n```" in step(1)  # done already: it is what these tests run in
    assert "no cart has two paid payments there" in newcomer.types(*blocks(1))
    _, (one, other) = two_tabs(shop)
    assert one != other, "without the bridge there are two payments"
    assert shop.database.execute("SHOW TABLES") == before

    printed = newcomer.types(*blocks(2))
    assert stat.S_IMODE((tmp_path / "config.toml").stat().st_mode) == 0o600
    assert newcomer.types(*blocks(2)).count("nothing was changed") == 1

    serve, look = blocks(3)
    assert serve == SERVE
    with SecondTerminal(newcomer) as terminal:
        assert newcomer.types(look) == '{"status":"ready"}'

        newcomer.types(*blocks(4))
        assert "Connected to the bridge" in newcomer.fills_in(shop, printed)

        told = newcomer.types(*blocks(5))
        assert "failed" not in told
        assert re.findall(r"^warning +(\S+)", told, re.MULTILINE) == ["database.excess", "shop.address"]

        shopper, (first, second) = two_tabs(shop)
        assert first is not None
        assert (second, shop.payments_at_mollie(shopper.cart_id)) == (first, [first])
        assert "payment.duplicate_attempt" in terminal.log.read_text()
        (line,) = newcomer.types(*blocks(6)).splitlines()
        assert f"`{line}`" in step(6)

        shop.mollie.pay(first)
        shop.announce_until_taken(first)
        assert shopper.pay().page == "order-confirmation"
        assert len(shop.references(shopper.cart_id)) == 1

        newcomer.types(*blocks(7))
        _, (one, other) = two_tabs(shop)
        assert one != other, "without the module the shop is as it was"
