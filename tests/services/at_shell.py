"""`mollie-bridge` for a shell: has the fork server (`forking`) start it, with this program's own files and environment.

Run as `python -S -E at_shell.py SOCKET ARGUMENTS`, which imports next to nothing; it ends as the command does.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys


def main(path: str, *arguments: str) -> int:
    """Start it, pass signals on, and wait; the exit code, as a shell has it."""
    cwd = os.getcwd()  # noqa: PTH109 (pathlib is slow to import)
    order = {"module": "bridge.cli", "arguments": arguments, "cwd": cwd, "env": dict(os.environ)}
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(path)
        line = json.dumps(order).encode() + b"\n"
        connection.sendall(line[socket.send_fds(connection, [line], [0, 1, 2]) :])
        answers = connection.makefile("r")
        pid = int(answers.readline())
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda number, _: os.kill(pid, number))
        code = int(answers.readline())
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
