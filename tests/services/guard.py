"""A process that outlives the test run by a moment: it kills the servers and removes the folders that were left behind.

Run as a program it reads lines from its standard input: `pid <n>` (kill this in the end), `folder <path>` (remove this
in the end). It acts when its input ends or its parent dies, whichever way that happens, kill -9 included.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import select
import shutil
import signal
import subprocess
import sys
from functools import cache
from pathlib import Path


class Guard:
    """The running guard, as seen from the test process."""

    def __init__(self) -> None:
        # A session of its own: Ctrl-C in the terminal must not reach the one who cleans up after it.
        self._process = subprocess.Popen(
            [sys.executable, "-S", __file__], stdin=subprocess.PIPE, text=True, start_new_session=True
        )
        atexit.register(self._dismiss)

    def watch(self, pid: int) -> None:
        """Have the process, and the process group that it leads, killed when this one has ended."""
        self._tell(f"pid {pid}")

    def remove(self, folder: Path) -> None:
        """Have the folder removed when this process has ended."""
        self._tell(f"folder {folder}")

    def _dismiss(self) -> None:
        self._process.communicate(timeout=10)

    def _tell(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()


@cache
def guard() -> Guard:
    """The one guard of this process, started at first use."""
    return Guard()


def main() -> None:
    """Collect what there is to clean up until the parent is gone, then clean up."""
    parent = os.pidfd_open(os.getppid())
    # A pidfd stays with its process: a number that was given to another program since is never signalled.
    processes: dict[int, int] = {}
    folders: list[str] = []
    pending = b""
    while True:
        readable, _, _ = select.select([0, parent], [], [])
        chunk = os.read(0, 65536) if 0 in readable else b""
        pending += chunk
        *lines, pending = pending.split(b"\n")
        for line in lines:
            verb, _, argument = line.decode().partition(" ")
            if verb == "folder":
                folders.append(argument)
            else:
                with contextlib.suppress(ProcessLookupError):
                    processes[os.pidfd_open(int(argument))] = int(argument)
        if not chunk:
            break
    for process, pid in processes.items():
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(process, signal.SIGKILL)
            os.killpg(pid, signal.SIGKILL)
    # A pidfd becomes readable when its process has ended; only then nobody writes into the folder any more.
    for process in processes:
        select.select([process], [], [], 5)
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
