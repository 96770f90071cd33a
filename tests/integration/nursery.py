"""A process that bears sidecars: each is forked, serves real HTTP, and kills itself with SIGKILL at the n-th point.

Starting the program anew takes two seconds, most of it for importing. Here that is done once; a sidecar is a fork of
its own with connections, threads and locks of its own, and the kernel ends all of them when it is killed. Nothing runs
in its background: what the server's own threads do (deliveries, refunds, janitor) is work that is ordered, so that the
points of a webhook are always the same ones.

`later` is by how many seconds a sidecar's clock is ahead: whoever comes an hour after a crash need not be waited for,
and every limit is the one that a shop has.
"""

from __future__ import annotations

import gc
import itertools
import json
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from bridge.adapters.clock import SystemClock
from bridge.bootstrap import build_services
from bridge.commands.queues import run_janitor
from bridge.config import Settings, load_settings
from bridge.demo.serving import serve_in_thread
from bridge.server import parse_bind
from bridge.services.container import Services
from bridge.telemetry import configure_logging
from bridge.web.app import create_app
from bridge.web.settings import WebSettings
from tests.integration.points import instrument

READY = b"."


class _Points:
    """Counts points once it is armed, writes them down, and kills the process at the one that was asked for."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._die_at = 0
        self._passed = itertools.count(1)
        self._lock = threading.Lock()
        self._out = -1

    def arm(self, die_at: int) -> None:
        self._die_at = die_at
        self._passed = itertools.count(1)
        self._out = os.open(self._file, os.O_CREAT | os.O_TRUNC | os.O_WRONLY)

    def passed(self, name: str) -> None:
        if self._out < 0:
            return
        with self._lock:
            number = next(self._passed)
            os.write(self._out, f"{name}\n".encode())
            if number == self._die_at:
                os.kill(os.getpid(), signal.SIGKILL)


class _Nursery:
    def __init__(self, settings: Settings, folder: Path) -> None:
        self._settings = settings
        self._file = folder / "points"
        self._points = _Points(self._file)
        self._child = 0
        instrument(self._points.passed)
        self._services = build_services(settings)
        auth = settings.auth
        web = WebSettings(
            shop_token=auth.shop_token.get_secret_value(), admin_token=auth.admin_token.get_secret_value()
        )
        self._app = create_app(self._services, web)
        # No connection may be shared by two processes; the next one that is needed is made anew.
        self._services.ledger.close()
        gc.freeze()

    def obey(self, order: dict[str, Any]) -> dict[str, Any]:
        match order["do"]:
            case "live":
                self._child = self._bear(order, self._serve)
                return {"pid": self._child}
            case "end":
                with suppress(ProcessLookupError):
                    os.kill(self._child, signal.SIGKILL)
                return self._buried()
            case _:
                self._child = self._bear(order, lambda: _work(self._settings, self._services, order["do"]))
                return self._buried()

    def _buried(self) -> dict[str, Any]:
        _, status = os.waitpid(self._child, 0)
        return {"points": self._file.read_text().splitlines(), "code": os.waitstatus_to_exitcode(status)}

    def _bear(self, order: dict[str, Any], life: Callable[[], None]) -> int:
        assert threading.active_count() == 1, "a fork has none of its parent's threads"
        hear, tell = os.pipe()
        child = os.fork()
        if child == 0:
            code = 1
            try:
                os.close(hear)
                _set_clock_ahead(order["later"])
                self._begin(order["die_at"], tell, life)
                code = 0
            finally:
                os._exit(code)
        os.close(tell)
        os.read(hear, 1)
        os.close(hear)
        return child

    def _begin(self, die_at: int, tell: int, life: Callable[[], None]) -> None:
        if life == self._serve:
            with serve_in_thread(self._app, port=parse_bind(self._settings.server.bind).port):
                self._points.arm(die_at)
                os.write(tell, READY)
                threading.Event().wait()
        self._points.arm(die_at)
        os.write(tell, READY)
        life()

    def _serve(self) -> None:
        """What `_begin` does by itself: the answer that it lives comes when the port is open."""


def _work(settings: Settings, services: Services, what: str) -> None:
    """One round of what a server does in its background."""
    match what:
        case "refunds":
            services.refunds.work_due()
        case "inbox":
            services.inbox.work_due()
        case "janitor":
            sys.stdout = Path(os.devnull).open("w")  # noqa: SIM115  (until the process ends)
            run_janitor(settings)
        case _:
            raise ValueError(what)


def _set_clock_ahead(seconds: float) -> None:
    now = SystemClock.now

    def later(self: SystemClock) -> datetime:
        return now(self) + timedelta(seconds=seconds)

    SystemClock.now = later  # type: ignore[method-assign]


def main() -> None:
    """Obey the orders that come over `control`, one line of JSON each, answered by one line."""
    config = Path(sys.argv[sys.argv.index("--config") + 1])
    settings = load_settings(config)
    configure_logging(level=settings.log.level, as_json=True)
    nursery = _Nursery(settings, config.parent)
    path = config.parent / "control"
    path.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen(1)
        while True:
            with listening.accept()[0] as connection, connection.makefile("rw") as lines:
                for line in lines:
                    lines.write(json.dumps(nursery.obey(json.loads(line))) + "\n")
                    lines.flush()


if __name__ == "__main__":
    main()
