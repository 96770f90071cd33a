"""The wire between shop and sidecar: it passes requests on, counts them, and goes wrong on demand."""

from __future__ import annotations

import contextlib
import http.client
import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

Answer = Callable[["Asked"], bytes | None]
"""What is sent back for a request; None closes the connection without a word."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request of the shim's, and how to have the sidecar answer it."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    forward: Callable[[], bytes] = field(repr=False)


def raw(status: int, body: bytes, content_type: str = "application/json", *headers: str) -> bytes:
    """A whole HTTP answer."""
    lines = [f"HTTP/1.1 {status} Whatever", f"Content-Type: {content_type}", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, *headers, "Connection: close", "", ""]).encode() + body


def problem(status: int, kind: str) -> bytes:
    """An error as the sidecar words it."""
    body = f'{{"type":"/problems/{kind}","title":"{kind}","status":{status},"detail":"on purpose"}}'
    return raw(status, body.encode(), "application/problem+json", "Retry-After: 1")


GARBAGE: Final[dict[str, bytes]] = {
    "a gateway's page": raw(502, b"<html><h1>502 Bad Gateway</h1></html>", "text/html"),
    "a page with 200": raw(200, b"<html>It works!</html>", "text/html"),
    "half of the JSON": raw(201, b'{"data":{"type":"new","payment_id":'),
    "JSON of somebody else": raw(200, b'["ok"]'),
    "JSON without data": raw(200, b'{"status":"fine"}'),
    "an empty answer": raw(200, b""),
    "no HTTP": b"SSH-2.0-OpenSSH_9.2\r\n",
    "less than announced": b"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: 5000\r\n\r\n{",
    "a server error": raw(500, b'{"error":"boom"}'),
}
"""Answers that are none."""


class Wire:
    """Listens where the shim believes the sidecar; `rules` are tried in order, and what meets none is passed on."""

    def __init__(self, sidecar_port: int) -> None:
        self._sidecar_port = sidecar_port
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=256)
        self._rules: list[tuple[re.Pattern[str], Answer]] = []
        self._hanging = threading.Event()
        self._lock = threading.Lock()
        self._asked: list[str] = []
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def paths(self, pattern: str = ".*") -> list[str]:
        """What was asked since `clear`, as `POST /v1/payments`, where the pattern matches it whole."""
        with self._lock:
            return [path for path in self._asked if re.fullmatch(pattern, path)]

    def rule(self, pattern: str, answer: Answer) -> None:
        """Answer requests whose `METHOD path` matches whole so."""
        self._rules.append((re.compile(pattern), answer))

    def hang(self, pattern: str = ".*") -> None:
        """Take such requests and never answer them."""

        def wait(_: Asked) -> None:
            self._hanging.wait(30)

        self.rule(pattern, wait)

    def clear(self) -> None:
        """Work again, let go of what hangs, and forget what was asked."""
        self._rules.clear()
        self._hanging.set()
        self._hanging = threading.Event()
        with self._lock:
            self._asked.clear()

    def close(self) -> None:
        """Listen no more."""
        self.clear()
        self._listening.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError, http.client.HTTPException), connection, connection.makefile("rb") as stream:
            asked = self._read(stream.readline, stream.read)
            if asked is None:
                return
            line = f"{asked.method} {asked.path}"
            with self._lock:
                self._asked.append(line)
            answer = next((act for pattern, act in list(self._rules) if pattern.fullmatch(line)), None)
            reply = asked.forward() if answer is None else answer(asked)
            if reply is not None:
                connection.sendall(reply)

    def _read(self, readline: Callable[[], bytes], read: Callable[[int], bytes]) -> Asked | None:
        first = readline().decode().split()
        if len(first) != 3:
            return None
        headers: dict[str, str] = {}
        while line := readline().decode().strip():
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        body = read(int(headers.get("content-length", 0)))
        method, path, _ = first
        return Asked(
            method=method,
            path=path,
            headers=headers,
            body=body,
            forward=lambda: self._forward(method, path, headers, body),
        )

    def _forward(self, method: str, path: str, headers: dict[str, str], body: bytes) -> bytes:
        sidecar = http.client.HTTPConnection("127.0.0.1", self._sidecar_port, timeout=30)
        with contextlib.closing(sidecar):
            sidecar.request(method, path, body or None, headers | {"connection": "close"})
            answer = sidecar.getresponse()
            content = answer.read()
            kept = [f"{name}: {value}" for name, value in answer.getheaders() if name.lower() == "retry-after"]
            return raw(answer.status, content, answer.getheader("Content-Type", ""), *kept)


@contextmanager
def wire_to(sidecar_port: int) -> Iterator[Wire]:
    """A wire to that sidecar."""
    wire = Wire(sidecar_port)
    try:
        yield wire
    finally:
        wire.close()
