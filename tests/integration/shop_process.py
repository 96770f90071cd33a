"""A shop's script as a process of its own, which stops itself (SIGSTOP) in the middle and goes on when told to.

It works as the shim does: claim the webhook, let the module work, renew the lease as the last check before the order is
inserted, complete. Orders come as lines of JSON: {"transaction_id", "token", "stop": a `Stop`}; the answer is one line:
{"claim", "expires_at", "renew", "complete"}, the statuses of what it asked (null: not asked).
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import requests
from sqlalchemy import create_engine

from bridge.demo.storefront import Stage, ToyShop
from tests.integration.sidecar import SHOP_TOKEN
from tests.services.guard import guard
from tests.services.process import alive

ROOT = Path(__file__).parents[2]


class Stop(StrEnum):
    """Where the script stops itself."""

    CLAIMED = "claimed"
    """The lease is taken; the module has not begun."""
    CHECKED = "checked"
    """The module has found no order, and nothing is inserted yet."""


class ShopProcess:
    """The handle of one; use it as a context manager."""

    def __init__(self, *, database: str, mollie: str, sidecar: str, folder: Path) -> None:
        settings = {"database": database, "mollie": mollie, "sidecar": sidecar, "folder": str(folder)}
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__, json.dumps(settings)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
            cwd=ROOT,
            start_new_session=True,
        )
        guard().watch(self._process.pid)

    def work(self, transaction_id: str, token: str, stop: Stop) -> None:
        """Begin; it stops itself at that point."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"transaction_id": transaction_id, "token": token, "stop": stop}) + "\n")

    def is_stopped(self) -> bool:
        """Whether it has come to that point."""
        return is_stopped(self._process.pid)

    def go_on(self) -> dict[str, Any]:
        """SIGCONT; what it says when it is through."""
        self._process.send_signal(signal.SIGCONT)
        assert self._process.stdout is not None
        answer = json.loads(self._process.stdout.readline())
        assert isinstance(answer, dict)
        return answer

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._process:
            self._process.kill()


def is_stopped(pid: int) -> bool:
    """Whether a process is stopped by a signal."""
    assert alive(pid)
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"


class _LeaseGone(Exception):
    """The last check said that the order must not be made."""


class _Script:
    """One run of the script at a time."""

    def __init__(self, settings: dict[str, str]) -> None:
        engine = create_engine(settings["database"])
        folder = Path(settings["folder"])
        self._shop = ToyShop(engine=engine, mollie_api_url=settings["mollie"], temp_dir=folder, pause=self._pause)
        self._sidecar = settings["sidecar"]
        self._stop = Stop.CLAIMED
        self._lease = ""
        self._statuses: dict[str, int | None] = {}

    def run(self, transaction_id: str, token: str, stop: Stop) -> dict[str, Any]:
        self._stop, self._statuses = stop, {"renew": None, "complete": None}
        claim = self._post("/v1/webhooks/claim", {"transaction_id": transaction_id})
        lease = claim.json()["data"]["lease"]
        self._lease = lease["token"]
        if stop is Stop.CLAIMED:
            stop_here()
        try:
            status = self._shop.webhook(transaction_id, token).status
        except _LeaseGone:
            status = 503
        outcome = {"outcome": "done" if status < 400 else "failed", "http_status": status}
        self._statuses["complete"] = self._post(f"/v1/leases/{self._lease}/complete", outcome).status_code
        return {"claim": claim.status_code, "expires_at": lease["expires_at"], **self._statuses}

    def _pause(self, stage: Stage) -> None:
        if stage is not Stage.CHECKED:
            return
        if self._stop is Stop.CHECKED:
            stop_here()
        self._statuses["renew"] = self._post(f"/v1/leases/{self._lease}/renew", {}).status_code
        if self._statuses["renew"] != 200:
            raise _LeaseGone

    def _post(self, path: str, body: dict[str, Any]) -> requests.Response:
        headers = {"Authorization": f"Bearer {SHOP_TOKEN}"}
        return requests.post(f"{self._sidecar}{path}", json=body, headers=headers, timeout=20)


def stop_here() -> None:
    """Stop the whole process, every thread of it, until somebody sends SIGCONT."""
    os.kill(os.getpid(), signal.SIGSTOP)


def expiry(answer: dict[str, Any]) -> datetime:
    """When the lease was to end, by the answer to the claim."""
    return datetime.fromisoformat(answer["expires_at"])


def main() -> None:
    """Obey lines until the input ends."""
    script = _Script(json.loads(sys.argv[1]))
    for line in sys.stdin:
        order = json.loads(line)
        answer = script.run(order["transaction_id"], order["token"], Stop(order["stop"]))
        print(json.dumps(answer), flush=True)  # noqa: T201  (the answer)


if __name__ == "__main__":
    main()
