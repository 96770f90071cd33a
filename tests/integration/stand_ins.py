"""Servers that record what reaches them: in the place of a sidecar that misbehaves, and of a shop behind nginx."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import BaseServer, TCPServer, ThreadingMixIn, UnixStreamServer
from typing import Any

BACKLOG = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request as it arrived; header names in lower case."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


@dataclass(kw_only=True)
class StandIn:
    """What a recording server answers, and what it was asked.

    `hang`: take the call and say nothing until `let_go`. `break_off`: take it and close the connection.
    """

    status: int = 200
    answer: bytes = b"stand-in"
    headers: dict[str, str] = field(default_factory=dict)
    hang: bool = False
    break_off: bool = False
    calls: list[Call] = field(default_factory=list)
    address: str = ""
    """As nginx and the sidecar write it: `127.0.0.1:8787` or `unix:/path`."""
    let_go: threading.Event = field(default_factory=threading.Event)

    @property
    def call(self) -> Call:
        """The only call."""
        (only,) = self.calls
        return only


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = False  # a Unix socket knows no such option
    stand_in: StandIn

    def handle_one_request(self) -> None:
        # A Unix socket's peer has no address, and http.server's log would want one.
        self.client_address = ("peer", 0)
        super().handle_one_request()

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        headers = {name.lower(): value for name, value in self.headers.items()}
        call = Call(method=self.command, target=self.path, headers=headers, body=self.rfile.read(length))
        self.stand_in.calls.append(call)
        if self.stand_in.hang:
            self.stand_in.let_go.wait(60)
        if self.stand_in.hang or self.stand_in.break_off:
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True
            return
        self._answer()

    do_GET = do_HEAD = do_PUT = do_POST  # noqa: N815  (as http.server wants them)

    def _answer(self) -> None:
        self.send_response(self.stand_in.status)
        for name, value in {"Content-Length": str(len(self.stand_in.answer)), **self.stand_in.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(self.stand_in.answer)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say nothing."""


class _Tcp(ThreadingMixIn, TCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = BACKLOG


class _Unix(ThreadingMixIn, UnixStreamServer):
    daemon_threads = True
    request_queue_size = BACKLOG


@contextmanager
def recording(
    *, status: int = 200, answer: bytes = b"stand-in", path: Path | None = None, **how: Any
) -> Iterator[StandIn]:
    """A recording server on a free port of 127.0.0.1, or on the Unix socket `path`."""
    stand_in = StandIn(status=status, answer=answer, **how)
    handler = type("Handler", (_Handler,), {"stand_in": stand_in})
    server: BaseServer
    if path is None:
        server = tcp = _Tcp(("127.0.0.1", 0), handler)
        stand_in.address = f"127.0.0.1:{tcp.server_address[1]}"
    else:
        server = _Unix(str(path), handler)
        stand_in.address = f"unix:{path}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield stand_in
    finally:
        stand_in.let_go.set()
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def never_accepting(path: Path | None = None, *, full: bool = False) -> Iterator[str]:
    """The address of somebody who listens and never takes a connection; `full`: no further one fits his queue."""
    with ExitStack() as stack:
        family = socket.AF_INET if path is None else socket.AF_UNIX
        listening = stack.enter_context(socket.socket(family))
        listening.bind(("127.0.0.1", 0) if path is None else str(path))
        listening.listen(0)
        there = listening.getsockname()
        for _ in range(4 if full else 0):
            waiting = stack.enter_context(socket.socket(family))
            waiting.setblocking(False)
            waiting.connect_ex(there)
        yield f"127.0.0.1:{there[1]}" if path is None else f"unix:{path}"
