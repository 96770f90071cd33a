"""Folders shaped like shops of PrestaShop 1.7.8, 8 and 9, and the database behind them with an odd password."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import requests
from sqlalchemy import create_engine

from bridge.demo.storefront import seed, shop_tables
from tests.services.mariadb import Database
from tests.services.process import PrivateServer

ROOT = Path(__file__).parents[2]
PASSWORD = 'it\'s "quoted" \\ $dollar %41 #@:/?'
USER = "shop_user"

SHAPES: Final = ("1.7", "8", "9")


def quoted(value: str) -> str:
    """A PHP string in single quotes, as var_export writes it."""
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def write_parameters(folder: Path, shape: str, values: dict[str, str]) -> Path:
    """Write the file and answer the shop's folder. 1.7.8 and 8 write the long style of arrays, 9 the short one."""
    more = {"mailer_transport": "smtp", "cookie_key": "abc'def", "ps_creation_date": "2026-03-01"}
    pairs = "".join(f"    {quoted(name)} => {quoted(value)},\n" for name, value in (values | more).items())
    if shape == "9":
        text = f"<?php\n\nreturn [\n  'parameters' => [\n{pairs}    'debug' => false,\n  ],\n];\n"
    else:
        extra = "    'mailer_user' => NULL,\n    'ps_caching' => 'CacheMemcache',\n    'ps_cache_enable' => false,\n"
        text = (
            f"<?php return array (\n  'parameters' => \n  array (\n{pairs}{extra if shape == '1.7' else ''}  ),\n);\n"
        )
    file = folder / "app" / "config" / "parameters.php"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return folder


@contextmanager
def owned(database: Database) -> Iterator[Database]:
    """The database as the shop's own user sees it, whose password is an odd one."""
    for host in ("127.0.0.1", "localhost"):
        database.execute(f"DROP USER IF EXISTS '{USER}'@'{host}'")
        database.execute(f"CREATE USER '{USER}'@'{host}' IDENTIFIED BY %s", PASSWORD)
        database.execute(f"GRANT ALL ON `{database.name}`.* TO '{USER}'@'{host}'")
    yield database
    database.execute(f"DROP USER '{USER}'@'127.0.0.1', '{USER}'@'localhost'")


def fill(database: Database, prefix: str = "ps_") -> None:
    engine = create_engine(database.shop_url)
    seed(engine, shop_tables(prefix))
    engine.dispose()


def shop_folder(folder: Path, database: Database, shape: str = "9", **changes: Any) -> Path:
    values = {
        "database_host": database.host,
        "database_port": str(database.port),
        "database_name": database.name,
        "database_user": USER,
        "database_password": PASSWORD,
        "database_prefix": "ps_",
        **changes,
    }
    return write_parameters(folder / "shop", shape, values)


class Served(PrivateServer):
    """`mollie-bridge serve` with the configuration that was written, on a free port."""

    name = "served"

    def __init__(self, config: Path, **environment: str) -> None:
        super().__init__()
        self._config = config
        self.environment = {"MOLLIE_BRIDGE_SERVER__BIND": f"{self.host}:{self.port}", **environment}

    def command(self) -> list[str]:
        variables = [f"{name}={value}" for name, value in ({"PYTHONPATH": str(ROOT)} | self.environment).items()]
        return ["env", *variables, sys.executable, "-m", "bridge.cli", "serve", "--config", str(self._config)]

    def answers(self) -> bool:
        try:
            return requests.get(f"http://{self.host}:{self.port}/readyz", timeout=2).ok
        except requests.RequestException:
            return False


def token_in(printed: str) -> str:
    return next(line for line in printed.splitlines() if line.startswith("  Token")).split()[1]
