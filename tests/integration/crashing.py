"""A sidecar that kills itself with SIGKILL at the n-th point of its work, as a power cut would.

The points are those of `tests/integration/points.py`. `POINTS` names a file; while `<file>.armed` exists, every point
that a request passes is appended to it, and at the number that `<file>.armed` holds the process kills its whole group.
"""

from __future__ import annotations

import itertools
import os
import signal
import sys
import threading
from pathlib import Path

from bridge.bootstrap import build_app
from bridge.config import load_settings
from bridge.demo.serving import serve_in_thread
from bridge.server import parse_bind
from tests.integration.points import instrument

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


def main() -> None:
    """`serve --config FILE`, as the real command."""
    instrument(pass_point)
    settings = load_settings(Path(sys.argv[sys.argv.index("--config") + 1]))
    app, _ = build_app(settings)
    with serve_in_thread(app, port=parse_bind(settings.server.bind).port):
        threading.Event().wait()


if __name__ == "__main__":
    main()
