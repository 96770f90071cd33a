"""A sidecar that answers what a test tells it to, over real HTTP."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from flask import Flask, Response, jsonify, request

from bridge.demo.serving import serve_in_thread
from bridge.demo.storefront import BridgeShim

TOKEN = "shop-token"
NOBODY = "http://127.0.0.1:9"
"""Where no sidecar listens."""


@dataclass(frozen=True, kw_only=True)
class Call:
    """One request that arrived."""

    path: str
    body: dict[str, Any]
    key: str | None
    authorization: str | None


@dataclass
class FakeSidecar:
    """`answers` maps a path's last word to the answers in turn: (status, data, headers); the last one stays."""

    answers: dict[str, list[tuple[int, dict[str, Any], dict[str, str]]]] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    let_go: threading.Event = field(default_factory=threading.Event)
    hangs: bool = False

    def says(self, word: str, status: int, data: dict[str, Any] | None = None, **headers: str) -> None:
        """Answer so from now on, or after the answers given before."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.answers.setdefault(word, []).append((status, data or {}, named))

    def called(self, word: str) -> list[Call]:
        """The calls whose path ends in `word`."""
        return [call for call in self.calls if call.path.endswith(word)]

    def app(self) -> Flask:
        """The sidecar as a WSGI app."""
        app = Flask(__name__)

        @app.post("/<path:path>")
        def take(path: str) -> Response:
            authorization, key = request.headers.get("Authorization"), request.headers.get("Idempotency-Key")
            self.calls.append(Call(path=path, body=request.get_json(), key=key, authorization=authorization))
            if self.hangs:
                self.let_go.wait(30)
            waiting = self.answers[path.rpartition("/")[2]]
            status, data, headers = waiting.pop(0) if len(waiting) > 1 else waiting[0]
            answer = jsonify({"data": data, "message": ""})
            answer.status_code = status
            answer.headers.update(headers)
            return answer

        return app


Bridge = tuple[FakeSidecar, BridgeShim]
"""The sidecar, and a shim that asks it."""


@contextmanager
def open_sidecar() -> Iterator[tuple[FakeSidecar, str]]:
    """Serve a fake sidecar; it and its address."""
    sidecar = FakeSidecar()
    with serve_in_thread(sidecar.app()) as server:
        try:
            yield sidecar, server.url
        finally:
            sidecar.let_go.set()
