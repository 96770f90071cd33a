"""A real sidecar process for tests: `mollie-bridge serve` with a configuration of its own."""

from __future__ import annotations

import json
import os
import socket
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import requests
from requests.structures import CaseInsensitiveDict

from tests.services.process import PrivateServer, Process
from tests.services.program import PROGRAM, start_program

SHOP_TOKEN = "shop-token-of-the-tests-0123456789abcdef"
ADMIN_TOKEN = "admin-token-of-the-tests-0123456789abcdef"


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer of the sidecar, read."""

    status: int
    body: dict[str, Any]
    headers: CaseInsensitiveDict[str]

    @property
    def data(self) -> dict[str, Any]:
        """The payment (or what else was asked for)."""
        found = self.body["data"]
        assert isinstance(found, dict)
        return found


class Sidecar(PrivateServer):
    """`mollie-bridge serve` on a free port. Settings are given as `section={"name": value}`."""

    name = "sidecar"
    anew = "SIDECAR_ANEW" in os.environ
    """Whether it is started as a program is, a second later, instead of forked (`tests.services.program`)."""

    def __init__(self, *, module: str = PROGRAM, environment: dict[str, str] | None = None, **sections: Any) -> None:
        super().__init__()
        self.sections: dict[str, dict[str, Any]] = {name: dict(values) for name, values in sections.items()}
        self.module = module
        self.environment = environment or {}
        self.bind = ""

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    @property
    def config(self) -> Path:
        return self.folder / "config.toml"

    def launch(self, log: IO[bytes]) -> Process:
        if self.anew or self.module != PROGRAM:
            return super().launch(log)
        self._configure()
        arguments = ("serve", "--config", str(self.config))
        return start_program(*arguments, cwd=self.folder, env=os.environ | self.environment, log=log)

    def command(self) -> list[str]:
        self._configure()
        found_in = {"PYTHONPATH": str(Path(__file__).parents[2])}
        variables = [f"{name}={value}" for name, value in (found_in | self.environment).items()]
        return ["env", *variables, sys.executable, "-m", self.module, "serve", "--config", str(self.config)]

    def _configure(self) -> None:
        self.config.write_text(_toml(self._settings()))

    def _settings(self) -> dict[str, dict[str, Any]]:
        defaults: dict[str, dict[str, Any]] = {
            "auth": {"shop_token": SHOP_TOKEN, "admin_token": ADMIN_TOKEN},
            "locks": {"directory": str(self.folder)},
            "log": {"level": "info"},
        }
        merged = {name: {**defaults.get(name, {}), **values} for name, values in self.sections.items()}
        merged = {**defaults, **merged}
        merged["server"] = {**merged.get("server", {}), "bind": self.bind or f"{self.host}:{self.port}"}
        return merged

    def answers(self) -> bool:
        if self.bind.startswith("unix:"):
            return _answers(self.bind.removeprefix("unix:"))
        try:
            return requests.get(f"{self.url}/readyz", timeout=2).status_code == 200
        except requests.RequestException:
            return False

    def call(
        self, method: str, path: str, body: dict[str, Any] | None = None, *, token: str = SHOP_TOKEN, **headers: str
    ) -> Reply:
        """Call the API; header names are given with underscores."""
        sent = {"Authorization": f"Bearer {token}", **{k.replace("_", "-"): v for k, v in headers.items()}}
        answer = requests.request(method, f"{self.url}{path}", json=body, headers=sent, timeout=30)
        return Reply(answer.status_code, answer.json() if answer.content else {}, answer.headers)

    def initiate(self, cart_id: int, customer_id: int, amount: str = "14.40", *, key: str, **more: Any) -> Reply:
        """`POST /v1/payments`, as the shim does it."""
        body = {
            "shop_id": 1,
            "cart_id": cart_id,
            "customer_id": customer_id,
            "amount": amount,
            "currency": "EUR",
            "method": "ideal",
            **more,
        }
        return self.call("POST", "/v1/payments", body, Idempotency_Key=key)

    def post(self, path: str, body: dict[str, Any] | None = None, *, token: str = SHOP_TOKEN, **headers: str) -> Reply:
        return self.call("POST", path, body or {}, token=token, **headers)

    def get(self, path: str, *, token: str = SHOP_TOKEN) -> Reply:
        return self.call("GET", path, token=token)


def _answers(path: str) -> bool:
    """Whether `/readyz` is answered with 200 on a Unix socket."""
    with socket.socket(socket.AF_UNIX) as client:
        try:
            client.connect(path)
            client.sendall(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            return client.recv(64).startswith(b"HTTP/1.1 200")
        except OSError:
            return False


def _toml(settings: dict[str, dict[str, Any]]) -> str:
    lines = []
    for section, values in settings.items():
        lines.append(f"[{section}]")
        lines += [f"{name} = {json.dumps(value)}" for name, value in values.items()]
    return "\n".join(lines) + "\n"
