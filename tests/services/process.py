"""What every private server shares: a folder, a port, a log, and a process to stop, kill and start again."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
from abc import ABC, abstractmethod
from pathlib import Path
from typing import IO, Protocol, Self

import pytest

from tests.services.guard import guard
from tests.services.waiting import WaitedInVain, wait_until

START_LIMIT = 30.0
"""Seconds a server may take until it answers: usually well under one, but the machine may be busy with other tests."""

STOP_LIMIT = 20.0
"""Seconds a server may take to stop in good order before it is killed."""


class ServerFailed(RuntimeError):
    """The server ended or never answered; the message holds the end of its log."""


def program(name: str, package: str) -> str:
    """The path of an installed program; the test fails with one line when it is missing (it is never skipped)."""
    path = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin:/sbin")
    if path is None:
        pytest.fail(f"{name} is not installed: `make test` installs it, or apt-get install {package}", pytrace=False)
    return path


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody listens on.

    It lies below the range Linux takes for outgoing connections (32768 and up), so that a server which is stopped for a
    while finds its port free when it comes back.
    """
    for port in random.sample(range(15000, 32000), 200):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise RuntimeError("no free port between 15000 and 32000 on 127.0.0.1")


def accepts_connections(host: str, port: int) -> bool:
    """Whether somebody listens there."""
    try:
        socket.create_connection((host, port), timeout=1).close()
    except OSError:
        return False
    return True


def alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and waits for its parent to notice (a zombie) does not."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return status.rpartition(")")[2].split()[0] not in {"Z", "X"}


class Process(Protocol):
    """What is needed of a started process; `subprocess.Popen` has it."""

    @property
    def pid(self) -> int:
        """Its number."""

    def poll(self) -> int | None:
        """The exit code, or None while it runs."""

    def wait(self, timeout: float | None = None) -> int:
        """The exit code. Raises `subprocess.TimeoutExpired`."""

    def send_signal(self, sig: int) -> None:
        """Send it a signal, unless it has ended."""


class PrivateServer(ABC):
    """A server process in a temporary folder. Use it as a context manager, or call `start` and `close`."""

    name: str

    def __init__(self) -> None:
        self.host = "127.0.0.1"
        self.port = free_port()
        # Not under pytest's tmp_path: a Unix socket's path must be shorter than 108 bytes.
        self.folder = Path(tempfile.mkdtemp(prefix=f"molbridge-{self.name}-"))
        guard().remove(self.folder)
        self.log = self.folder / "server.log"
        self._process: Process | None = None

    @abstractmethod
    def command(self) -> list[str]:
        """The program and its arguments; it stays in the foreground."""

    @abstractmethod
    def answers(self) -> bool:
        """Whether a client gets through; False while the server is starting."""

    def prepare(self) -> None:  # noqa: B027  (most servers need nothing)
        """Make what the server needs before its first start."""

    @property
    def pid(self) -> int:
        """The process id of the running server; an error when it does not run."""
        if self._process is None:
            raise ServerFailed(f"{self.name} does not run")
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether the process is there."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start and wait until it answers, within `START_LIMIT`; nothing happens when it runs already."""
        if self.running:
            return
        with self.log.open("ab") as log:
            self._process = self.launch(log)
        guard().watch(self._process.pid)
        try:
            wait_until(self._answers_or_ended, START_LIMIT, what=f"{self.name} on port {self.port}", interval=0.02)
        except WaitedInVain as error:
            self.kill()
            raise ServerFailed(f"{error}\n{self.log_end()}") from None

    def launch(self, log: IO[bytes]) -> Process:
        """Start the process; it leads a session of its own."""
        return subprocess.Popen(
            self.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder, start_new_session=True
        )

    def stop(self) -> None:
        """Stop in good order (SIGTERM), after `STOP_LIMIT` by force."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """Kill -9: what a crash or a power cut does to the process."""
        self._end(signal.SIGKILL)

    def restart(self) -> None:
        """Stop in good order and start again, on the same port."""
        self.stop()
        self.start()

    def close(self) -> None:
        """Kill the server and remove its folder."""
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def log_end(self, lines: int = 20) -> str:
        """The last lines of the server's log."""
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        return "\n".join(text.splitlines()[-lines:])

    def __enter__(self) -> Self:
        """Prepare and start."""
        try:
            self.prepare()
            self._start_on_a_free_port()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """Kill and remove: nothing in the folder is wanted any more."""
        self.close()

    def _start_on_a_free_port(self) -> None:
        # Somebody else may take the port between the look and the start, most likely another test process.
        for _ in range(3):
            try:
                return self.start()
            except ServerFailed:
                if "in use" not in self.log_end():
                    raise
                self.port = free_port()
        return self.start()

    def _answers_or_ended(self) -> bool:
        if not self.running:
            raise ServerFailed(f"{self.name} ended while starting:\n{self.log_end()}")
        return self.answers()

    def _end(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(how)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(STOP_LIMIT)
        # The server leads a process group: no worker of it stays behind.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
