"""The program, started without importing it anew each time: a fork of a process that has imported it (`forking`).

Importing takes more than a second of processor time, and the tests start the program some hundreds of times. A fork
has a process id, files, environment, folder and signals of its own, leads a session, and ends as any program does. The
tests of starting itself (the server's, the demo's, the tutorial's) do without, and so do the benchmarks.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import IO, Any

from tests.services.guard import guard
from tests.services.waiting import wait_until

ROOT = Path(__file__).parents[2]
PROGRAM = "bridge.cli"


class Forked:
    """A started process, with that part of `subprocess.Popen` that the tests use."""

    def __init__(self, connection: socket.socket, arguments: Sequence[str]) -> None:
        self.args = list(arguments)
        self._connection = connection
        self._answers = connection.makefile("r")
        self.pid = int(self._answers.readline())
        self.returncode: int | None = None
        guard().watch(self.pid)

    def poll(self) -> int | None:
        """The exit code, or None while it runs."""
        return self._ended(0)

    def wait(self, timeout: float | None = None) -> int:
        """The exit code, within `timeout` seconds. Raises `subprocess.TimeoutExpired`."""
        code = self._ended(timeout)
        if code is None:
            raise subprocess.TimeoutExpired(self.args, timeout or 0)
        return code

    def send_signal(self, number: int) -> None:
        """Send it a signal, unless it has ended."""
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def kill(self) -> None:
        """Kill -9."""
        self.send_signal(signal.SIGKILL)

    def _ended(self, timeout: float | None) -> int | None:
        if self.returncode is None:
            with selectors.DefaultSelector() as selector:
                selector.register(self._connection, selectors.EVENT_READ)
                if selector.select(timeout):
                    self.returncode = int(self._answers.readline())
                    self._answers.close()
                    self._connection.close()
        return self.returncode


class Captured(Forked):
    """`mollie-bridge <arguments>`, started, with its output kept as text."""

    def __init__(self, *arguments: str, cwd: Path = ROOT, env: Mapping[str, str] | None = None) -> None:
        self.out, self.error = tempfile.TemporaryFile("w+"), tempfile.TemporaryFile("w+")  # noqa: SIM115 (communicate)
        started = fork_server().start(*arguments, cwd=cwd, env=env or os.environ, stdout=self.out, stderr=self.error)
        super().__init__(started, arguments)

    def communicate(self, timeout: float) -> tuple[str, str]:
        """Wait for its end; what it wrote to standard output and to standard error."""
        self.wait(timeout)
        with self.out, self.error:
            self.out.seek(0)
            self.error.seek(0)
            return self.out.read(), self.error.read()


class ForkServer:
    """The running fork server, as seen from the test process."""

    def __init__(self) -> None:
        folder = tempfile.mkdtemp(prefix="molbridge-fork-")
        guard().remove(Path(folder))
        self.path = f"{folder}/socket"
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.services.forking", self.path],
            stdin=subprocess.DEVNULL,
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            start_new_session=True,
        )
        guard().watch(self._process.pid)
        atexit.register(self._end)
        wait_until(lambda: Path(self.path).exists() or self._process.poll() is not None, 60, what="the fork server")

    def start(
        self, *arguments: str, cwd: Path, env: Mapping[str, str], stdout: IO[Any], stderr: IO[Any]
    ) -> socket.socket:
        """Run `mollie-bridge <arguments>`, which reads nothing; the connection on which its end is told."""
        order = {"module": PROGRAM, "arguments": arguments, "cwd": str(cwd), "env": dict(env)}
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(self.path)
        line = json.dumps(order).encode() + b"\n"
        with Path(os.devnull).open("rb") as nothing:
            sent = socket.send_fds(connection, [line], [nothing.fileno(), stdout.fileno(), stderr.fileno()])
        connection.sendall(line[sent:])
        return connection

    def _end(self) -> None:
        self._process.kill()
        self._process.wait()


@cache
def fork_server() -> ForkServer:
    """The one fork server of this process, started at first use."""
    return ForkServer()


def for_a_shell() -> str:
    """What to write into a shell for `mollie-bridge`."""
    client = Path(__file__).with_name("at_shell.py")
    return f"{sys.executable} -S -E {client} {fork_server().path}"


def start_program(*arguments: str, cwd: Path, env: Mapping[str, str], log: IO[bytes]) -> Forked:
    """Run `mollie-bridge <arguments>` with its output in a file."""
    return Forked(fork_server().start(*arguments, cwd=cwd, env=env, stdout=log, stderr=log), arguments)


def run_program(
    *arguments: str, cwd: Path = ROOT, env: Mapping[str, str] | None = None, timeout: float = 90
) -> subprocess.CompletedProcess[str]:
    """Run `mollie-bridge <arguments>` to its end, as `subprocess.run` does with its output captured."""
    process = Captured(*arguments, cwd=cwd, env=env)
    try:
        out, error = process.communicate(timeout)
    finally:
        process.kill()
    return subprocess.CompletedProcess(process.args, process.wait(), out, error)
