"""A process that has imported the program already: what it is asked to start is a fork, which imports nothing anew.

It listens on a Unix socket. Each connection is one start: a line of JSON and three files, for standard input, output
and error. It is answered with the process id, and with the exit code when there is one. Who hangs up before that has
died: what he started is killed.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import pkgutil
import runpy
import selectors
import signal
import socket
import sys
import threading
import time
from pathlib import Path
from typing import Any

import bridge.commands

IMPORTED = (
    *(f"bridge.commands.{module.name}" for module in pkgutil.iter_modules(bridge.commands.__path__)),
    "bridge.bootstrap",
    "bridge.server",
    "alembic.command",
    "rich.progress",
)
LONGEST_REQUEST = 1 << 20


def main(path: str) -> None:
    """Serve on the socket; in a fork, run the module that was asked for."""
    for name in IMPORTED:
        importlib.import_module(name)
    # The collector looks at what is frozen never again, so that the forks share it; each takes it back for itself.
    gc.collect()
    gc.freeze()
    order = _Forks(path).until_forked()
    gc.unfreeze()
    os.environ.clear()
    os.environ.update(order["env"])
    time.tzset()
    os.chdir(order["cwd"])
    sys.argv = ["", *order["arguments"]]
    runpy.run_module(order["module"], run_name="__main__", alter_sys=True)


class _Forks:
    """Forks for whoever connects, and tells him how it ended."""

    def __init__(self, path: str) -> None:
        self._selector = selectors.DefaultSelector()
        self._listener = socket.socket(socket.AF_UNIX)
        # Whoever sees the path may connect at once.
        being_made = Path(f"{path}.new")
        self._listener.bind(str(being_made))
        self._listener.listen(64)
        being_made.rename(path)
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._children: dict[int, tuple[int, socket.socket]] = {}

    def until_forked(self) -> dict[str, Any]:
        """Returns in the forks only, with what each is to do."""
        while True:
            for key, _ in self._selector.select():
                if key.fileobj is self._listener:
                    order = self._fork()
                    if order is not None:
                        return order
                elif key.fd in self._children:
                    self._bury(key.fd)
                else:
                    self._kill_for(key.fd)

    def _fork(self) -> dict[str, Any] | None:
        connection, _ = self._listener.accept()
        line, files = _received(connection)
        assert threading.active_count() == 1, "a fork has none of its parent's threads"
        pid = os.fork()
        if pid == 0:
            self._leave(connection, files)
            order: dict[str, Any] = json.loads(line)
            return order
        for file in files:
            os.close(file)
        process = os.pidfd_open(pid)
        self._children[process] = (pid, connection)
        self._selector.register(process, selectors.EVENT_READ)
        self._selector.register(connection, selectors.EVENT_READ)
        connection.sendall(f"{pid}\n".encode())
        return None

    def _leave(self, connection: socket.socket, files: list[int]) -> None:
        os.setsid()
        for wanted, file in enumerate(files):
            os.dup2(file, wanted)
            os.close(file)
        for process, (_, anothers) in self._children.items():
            os.close(process)
            anothers.close()
        connection.close()
        self._listener.close()
        self._selector.close()

    def _kill_for(self, caller: int) -> None:
        for pid, connection in self._children.values():
            if connection.fileno() == caller:
                self._selector.unregister(connection)
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(pid, signal.SIGKILL)

    def _bury(self, process: int) -> None:
        pid, connection = self._children.pop(process)
        self._selector.unregister(process)
        with contextlib.suppress(KeyError):
            self._selector.unregister(connection)
        os.close(process)
        _, status = os.waitpid(pid, 0)
        with contextlib.suppress(OSError), connection:
            connection.sendall(f"{os.waitstatus_to_exitcode(status)}\n".encode())


def _received(connection: socket.socket) -> tuple[bytes, list[int]]:
    line, files, _, _ = socket.recv_fds(connection, LONGEST_REQUEST, 3)
    while not line.endswith(b"\n"):
        line += connection.recv(LONGEST_REQUEST)
    return line, files


if __name__ == "__main__":
    main(sys.argv[1])
