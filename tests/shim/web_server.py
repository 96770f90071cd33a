"""One web server of the stand-in shop: its folder, its temporary directory, php-fpm and nginx."""

from __future__ import annotations

import json
import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

from tests.services.guard import guard
from tests.services.mariadb import Database
from tests.services.nginx import PrivateNginx
from tests.services.php import PhpRun, PrivatePhpServer, run_php
from tests.services.php_fpm import PrivatePhpFpm
from tests.services.waiting import wait_until

STANDIN: Final = Path(__file__).parent / "standin"
SHIM: Final = Path(__file__).parents[2] / "ps_module_shim" / "molliebridge"
MODULE: Final = "molliebridge"


@dataclass(kw_only=True)
class WebServer:
    """A running web server. `folder` is the shop, `temp` what PHP takes for the host's temporary directory."""

    url: str
    folder: Path
    temp: Path
    settings: dict[str, Any]
    fpm: PrivatePhpFpm | None = None

    def set(self, **changes: Any) -> None:
        """Change what the shop is or what goes wrong in it; None takes a setting back."""
        kept = {name: value for name, value in (self.settings | changes).items() if value is not None}
        self.settings = kept
        _write(self.folder / "standin.json", kept)

    def admin(self, action: str, given: dict[str, Any] | None = None, *, check: bool = True) -> PhpRun:
        """What a merchant does with the shim in the back office: install, uninstall, enable, disable, upgrade, ..."""
        arguments = (str(self.folder), action, MODULE)
        return run_php(STANDIN / "admin.php", *arguments, stdin=json.dumps(given or {}), check=check)

    def put_shim(self) -> None:
        """Put the real shim's files into the shop, as an uploaded zip does."""
        target = self.folder / "modules" / MODULE
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(SHIM, target)

    def outages(self) -> int:
        """How often the shim has not heard the sidecar, or not in time."""
        name = f"{MODULE}-outages.json"
        files = [*self.folder.rglob(name), *self.temp.glob(name)]
        counts = [wait_until(partial(_counted, file), what=f"{file} to be written") for file in files]
        return sum(sum(count) for count in counts if count)

    def journal(self) -> list[str]:
        """What the scripts noted since `forget`; the shop writes it with the setting `journal`."""
        path = self.folder / "journal.txt"
        return path.read_text().splitlines() if path.exists() else []

    def forget(self) -> None:
        """Begin the journal anew."""
        (self.folder / "journal.txt").unlink(missing_ok=True)

    @property
    def errors(self) -> str:
        """PHP's error log."""
        return self.fpm.errors if self.fpm else ""

    @contextmanager
    def holding(self, place: str) -> Iterator[None]:
        """Inside the block scripts wait at `place`; at its end they go on."""
        go = self.folder / "go"
        go.unlink(missing_ok=True)
        self.set(hold=place)
        try:
            yield
        finally:
            self.set(hold=None)
            go.touch()

    def wait_for_held(self, place: str, count: int = 1) -> None:
        """Wait until so many scripts wait there."""
        wait_until(lambda: self.held(place) >= count, 20, what=f"{count} scripts to reach {place}")

    def kill_held(self, place: str) -> None:
        """Kill -9 the scripts that wait there, and the workers with them."""
        for path in self.folder.glob(f"held-{place}.*"):
            os.kill(int(path.suffix[1:]), signal.SIGKILL)
            path.unlink()

    def held(self, place: str) -> int:
        """How many scripts wait there."""
        return len(list(self.folder.glob(f"held-{place}.*")))


def _counted(file: Path) -> list[int] | None:
    """What the shim has counted there, and a 0; None while it is being written."""
    with suppress(json.JSONDecodeError):
        days = json.loads(file.read_text()).get("days", {})
        return [0, *(int(number) for day in days.values() for number in day.values())]
    return None


def build_shop(folder: Path, database: Database, settings: dict[str, Any]) -> None:
    """Lay out a shop's folder: front door, parameters, the stand-in's Mollie module."""
    for part in ("app/config", "modules", "var/logs", "var/cache/prod"):
        (folder / part).mkdir(parents=True)
    shutil.copy(STANDIN / "index.php", folder)
    shutil.copytree(STANDIN / "modules" / "mollie", folder / "modules" / "mollie")
    parameters = {
        "database_host": database.host,
        "database_port": str(database.port),
        "database_name": database.name,
        "database_user": database.user,
        "database_password": database.password,
        "database_prefix": "ps_",
    }
    pairs = "".join(f"    '{name}' => '{value}',\n" for name, value in parameters.items())
    (folder / "app/config/parameters.php").write_text(f"<?php return ['parameters' => [\n{pairs}]];\n")
    _write(folder / "standin.json", settings)


@contextmanager
def running_web_server(
    database: Database, mollie_url: str, *, fpm: bool = True, workers: int = 6, **settings: Any
) -> Iterator[WebServer]:
    """A web server of the shop on that database; with `fpm=False` PHP's own server, whose end is another."""
    with ExitStack() as stack:
        # Not pytest's tmp_path: it outlives the test, and there are many of these.
        home = Path(tempfile.mkdtemp(prefix="molbridge-web-"))
        guard().remove(home)
        stack.callback(shutil.rmtree, home, ignore_errors=True)
        folder, temp = home / "shop", home / "tmp"
        temp.mkdir()
        told = {"home": str(STANDIN), "mollie": mollie_url, "journal": True, **settings}
        build_shop(folder, database, told)
        if not fpm:
            served = stack.enter_context(
                PrivatePhpServer(folder, router=folder / "index.php", workers=workers, TMPDIR=str(temp))
            )
            yield WebServer(url=served.url, folder=folder, temp=temp, settings=told)
            return
        php = {"sys_temp_dir": str(temp), "opcache.revalidate_freq": "0", "zend.assertions": "1"}
        backend = stack.enter_context(PrivatePhpFpm(workers=workers, settings=php))
        front = stack.enter_context(PrivateNginx(backend.front_door(folder)))
        yield WebServer(url=front.url, folder=folder, temp=temp, settings=told, fpm=backend)


def _write(path: Path, settings: dict[str, Any]) -> None:
    # Renamed into place: a script never reads half a file.
    fresh = path.with_suffix(f".{os.getpid()}")
    fresh.write_text(json.dumps(settings))
    fresh.replace(path)
