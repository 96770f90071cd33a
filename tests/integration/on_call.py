"""Somebody on call at a shell, who types what the how-to pages say."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

from tests.integration.world import World
from tests.services.process import program
from tests.services.program import for_a_shell

ROOT = Path(__file__).parents[2]


def commands(page: str, heading: str) -> str:
    """The commands below a heading of a how-to page, up to the next heading."""
    text = (ROOT / "docs" / "how-to" / page).read_text(encoding="utf-8")
    below = re.split(r"^#", text.partition(f" {heading}\n")[2], maxsplit=1, flags=re.MULTILINE)[0]
    # A comment within a block begins with # as well, but no page has one.
    found = re.findall(r"^```bash\n(.*?)^```$", below, re.DOTALL | re.MULTILINE)
    assert found, heading
    return "\n".join(found)


class OnCall:
    """Somebody at a shell beside the sidecar, whom the database lets in."""

    def __init__(self, world: World, folder: Path) -> None:
        self._folder = folder
        self._database = world.database
        self._address = world.sidecar.url
        (folder / "config.toml").symlink_to(world.sidecar.config)
        (folder / "sql").symlink_to(ROOT / "sql")
        bin_ = folder / ".venv" / "bin"
        bin_.mkdir(parents=True)
        self._write(bin_ / "mollie-bridge", f'exec {for_a_shell()} "$@"')
        client = program("mariadb", "mariadb-client-core")
        way = f"--no-defaults --socket={self._database.socket} --user={self._database.user}"
        self._write(folder / "mariadb", f'exec {client} {way} "$@"')

    def types(self, *commands: str) -> str:
        """Run commands in one shell; what they print."""
        ran = subprocess.run(
            ["bash", "-eu", "-c", self._here("\n".join(commands))],
            cwd=self._folder,
            env=os.environ
            | {"PATH": f"{self._folder}:{os.environ['PATH']}", "MYSQL_PWD": self._database.password, "COLUMNS": "250"},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert (ran.returncode, ran.stderr) == (0, ""), ran.stdout + ran.stderr
        return ran.stdout

    def findings(self) -> dict[str, str]:
        """What `reconcile` finds, without changing anything: the kind, by transaction."""
        told = self.types(".venv/bin/mollie-bridge reconcile --config config.toml --format json || test $? -eq 1")
        return {finding["transaction"]: finding["kind"] for finding in json.loads(told)["findings"]}

    def _here(self, text: str) -> str:
        """The page's commands with this place's names."""
        own = {
            "/prestashop?": f"/{self._database.name}?",
            "mariadb prestashop": f"mariadb {self._database.name}",
            "http://127.0.0.1:8787": self._address,
            "127.0.0.1:3306": f"127.0.0.1:{self._database.port}",
        }
        for written, real in own.items():
            text = text.replace(written, real)
        return text

    @staticmethod
    def _write(path: Path, line: str) -> None:
        path.write_text(f"#!/bin/sh\n{line}\n")
        path.chmod(0o755)
