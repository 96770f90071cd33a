"""PHP: scripts run with it, and its development server for what a shop would serve."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.services.process import PrivateServer, accepts_connections, program

PHP_PACKAGE = "php-cli"
SYMFONY_LOCK = Path("/usr/share/php/Symfony/Component/Lock/autoload.php")
"""What a script requires to have the real Symfony Lock (Debian package php-symfony-lock)."""


def php() -> str:
    """The PHP binary; the test fails with one line when it is missing."""
    return program("php", PHP_PACKAGE)


def require_php_packages() -> None:
    """Fail with one line when PHP, a needed extension or Symfony Lock is missing."""
    loaded = subprocess.run([php(), "-m"], capture_output=True, text=True, check=True).stdout.lower().split()
    for extension, package in {
        "curl": "php-curl",
        "mbstring": "php-mbstring",
        "pdo_mysql": "php-mysql",
        "redis": "php-redis",
    }.items():
        if extension not in loaded:
            pytest.fail(f"PHP's {extension} is not installed: apt-get install {package}", pytrace=False)
    if not SYMFONY_LOCK.exists():
        pytest.fail("Symfony Lock is not installed: apt-get install php-symfony-lock", pytrace=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class PhpRun:
    """What a script printed and how it ended."""

    output: str
    errors: str
    status: int

    @property
    def json(self) -> Any:
        """The script's output, read as JSON."""
        return json.loads(self.output)


def start_php(script: Path | str, *arguments: str, **environment: str) -> subprocess.Popen[str]:
    """Start a script (a file, or code without the opening tag) and return the process; its streams are pipes.

    Every notice is an error, as in the tests' Python. The caller waits for the process.
    """
    settings = ["-d", "error_reporting=-1", "-d", "display_errors=stderr", "-d", "zend.assertions=1"]
    source = [str(script)] if isinstance(script, Path) else ["-r", script, "--"]
    return subprocess.Popen(
        [php(), *settings, *source, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | environment,
    )


def run_php(
    script: Path | str, *arguments: str, stdin: str = "", timeout: float = 30.0, check: bool = True, **environment: str
) -> PhpRun:
    """Run a script to its end, within `timeout` seconds; with `check` a status other than 0 fails the test."""
    with start_php(script, *arguments, **environment) as process:
        try:
            output, errors = process.communicate(stdin, timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
    if check and process.returncode != 0:
        pytest.fail(f"PHP ended with status {process.returncode}\n{output}{errors}", pytrace=False)
    return PhpRun(output=output, errors=errors, status=process.returncode)


class PrivatePhpServer(PrivateServer):
    """PHP's development server over a folder, with a few workers so that requests may overlap."""

    name = "php"

    def __init__(self, root: Path, *, router: Path | None = None, workers: int = 4, **environment: str) -> None:
        self._php = php()
        super().__init__()
        self._root = root
        self._router = router
        self._environment = {"PHP_CLI_SERVER_WORKERS": str(workers)} | environment

    @property
    def url(self) -> str:
        """The server's base URL, without a slash at the end."""
        return f"http://{self.host}:{self.port}"

    def command(self) -> list[str]:
        """The server over its folder; each worker is a process of its own."""
        router = [str(self._router)] if self._router else []
        variables = [f"{name}={value}" for name, value in self._environment.items()]
        return ["env", *variables, self._php, "-S", f"{self.host}:{self.port}", "-t", str(self._root), *router]

    def answers(self) -> bool:
        """Whether it takes connections."""
        return accepts_connections(self.host, self.port)
