"""A sidecar that kills itself with SIGKILL at the n-th point of its work, as a power cut would.

The points are found by instrumenting, not by hand: after every SQL statement, before and after every commit, before and
after every HTTP call. `POINTS` names a file; while `<file>.armed` exists, every point that a request passes is appended
to it, and at the number that `<file>.armed` holds the process kills its whole group.
"""

from __future__ import annotations

import itertools
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

import requests.adapters
from sqlalchemy import event
from sqlalchemy.engine import Engine
from sqlalchemy.pool import Pool

from bridge.bootstrap import build_app
from bridge.config import load_settings
from bridge.demo.serving import serve_in_thread
from bridge.server import parse_bind

POINTS = "MOLBRIDGE_TEST_POINTS"

_passed = itertools.count(1)
_lock = threading.Lock()


def pass_point(name: str) -> None:
    """Note the point, and die at the one that was asked for."""
    if threading.current_thread().name == "inbox":
        return
    points = Path(os.environ[POINTS])
    armed = points.with_suffix(".armed")
    with _lock:
        if not armed.exists():
            return
        number = next(_passed)
        with points.open("a") as file:
            file.write(f"{number} {name}\n")
        if number == int(armed.read_text()):
            os.killpg(0, signal.SIGKILL)


def instrument() -> None:
    """Put points around everything that leaves the process."""

    @event.listens_for(Engine, "after_cursor_execute")
    def _executed(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        pass_point(f"after {' '.join(statement.split())[:60]}")

    @event.listens_for(Engine, "commit")
    def _committing(connection: Any) -> None:
        pass_point("before COMMIT")

    @event.listens_for(Pool, "checkin")
    def _checked_in(*_: Any) -> None:
        pass_point("after the transaction")

    send = requests.adapters.HTTPAdapter.send

    def _send(self: Any, request: Any, *arguments: Any, **options: Any) -> Any:
        pass_point(f"before HTTP {request.method} {request.path_url}")
        try:
            return send(self, request, *arguments, **options)
        finally:
            pass_point(f"after HTTP {request.method} {request.path_url}")

    requests.adapters.HTTPAdapter.send = _send  # type: ignore[method-assign]


def main() -> None:
    """`serve --config FILE`, as the real command."""
    instrument()
    settings = load_settings(Path(sys.argv[sys.argv.index("--config") + 1]))
    app, _ = build_app(settings)
    with serve_in_thread(app, port=parse_bind(settings.server.bind).port):
        threading.Event().wait()


if __name__ == "__main__":
    main()
