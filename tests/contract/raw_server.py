"""An HTTP server made of bytes: it notes what came in as it came in, and answers what no web server would."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import pytest

Answer = Callable[[socket.socket, threading.Event], None]
"""Writes to the connection; the event is set when the test is over."""


@dataclass(slots=True)
class RawServer:
    """Answers every connection with `answer`; `requests` holds what each sent, head and body."""

    answer: Answer
    listener: socket.socket
    tls: ssl.SSLContext | None = None
    requests: list[bytes] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    @property
    def port(self) -> int:
        return int(self.listener.getsockname()[1])

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"

    def header(self, name: str, request: int = 0) -> str | None:
        """A header of one request."""
        head = self.requests[request].partition(b"\r\n\r\n")[0].decode()
        for line in head.split("\r\n")[1:]:
            if line.partition(":")[0].lower() == name.lower():
                return line.partition(":")[2].strip()
        return None

    def serve(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                threading.Thread(target=self._one, args=(connection,), daemon=True).start()

    def _one(self, accepted: socket.socket) -> None:
        with accepted, suppress(OSError), self._secured(accepted) as connection:
            if request := _whole_request(connection):
                self.requests.append(request)
                self.answer(connection, self.over)

    def _secured(self, accepted: socket.socket) -> socket.socket:
        return self.tls.wrap_socket(accepted, server_side=True) if self.tls else accepted


@contextmanager
def raw_server(answer: Answer, tls: ssl.SSLContext | None = None) -> Iterator[RawServer]:
    """A server on a free port until the block ends; with `tls` it speaks https."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = RawServer(answer=answer, listener=listener, tls=tls)
        thread = threading.Thread(target=server.serve, daemon=True)
        thread.start()
        yield server
        server.over.set()
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


def answering(status: str = "200 OK", body: str = "OK", headers: str = "", kind: str = "text/html") -> Answer:
    """A plain answer."""

    def answer(connection: socket.socket, over: threading.Event) -> None:
        head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body.encode())}\r\n{headers}"
        connection.sendall(f"{head}Connection: close\r\n\r\n{body}".encode())

    return answer


def keeping_alive(status: str, body: str) -> Answer:
    """The same answer to every request on the connection; only the first of each connection is noted."""

    def answer(connection: socket.socket, over: threading.Event) -> None:
        head = f"HTTP/1.1 {status}\r\nContent-Type: application/hal+json\r\nContent-Length: {len(body)}\r\n\r\n"
        connection.sendall((head + body).encode())
        while _whole_request(connection):
            connection.sendall((head + body).encode())

    return answer


def trickling(beginning: str, *, pause: float = 0.02) -> Answer:
    """Begins to answer, then sends a byte now and then, for ever."""

    def answer(connection: socket.socket, over: threading.Event) -> None:
        connection.sendall(beginning.encode())
        while not over.wait(pause):
            connection.sendall(b"x")

    return answer


def silent(connection: socket.socket, over: threading.Event) -> None:
    """Never answers."""
    over.wait(30)


dragging_on = pytest.mark.parametrize(
    "answer",
    [
        silent,
        trickling("HTTP/1.1 200 OK\r\nX-Slow: "),
        trickling("HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n"),
        trickling("HTTP/1.1 200 OK\r\n\r\n"),
    ],
    ids=["silent", "head trickles", "body trickles", "body without end"],
)
"""For what has to end in its time, however the answer drags on."""


def hanging_up(connection: socket.socket, over: threading.Event) -> None:
    """Closes the connection instead of answering."""


def _whole_request(connection: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(65536)
        if not piece:
            return data
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    lengths = [line.split(b":")[1] for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
    while len(body) < int(lengths[0] if lengths else 0):
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


@contextmanager
def unused_port() -> Iterator[int]:
    """A port that refuses every connection: bound, and nobody listens."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        yield int(holder.getsockname()[1])
