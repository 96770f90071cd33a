"""What stands before the API: the request log, the faults and the idempotency keys.

A WSGI layer, because a dropped connection is nothing a Flask view can answer with.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import socket
from collections.abc import Iterable
from typing import TYPE_CHECKING

from werkzeug.wrappers import Request, Response

from bridge.demo.simulator.errors import ApiError, error_body
from bridge.demo.simulator.faults import Fault, FaultKind
from bridge.demo.simulator.idempotency import StoredAnswer
from bridge.demo.simulator.render import HAL
from bridge.demo.simulator.simulator import MollieSimulator

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

# A hanging request is let go after this at the latest; longer than any client's time-out in use here.
LONGEST_HANG = 120.0


class ConnectionDropped(ConnectionAbortedError):
    """The server hangs up; werkzeug takes a ConnectionError for a client that went away and sends nothing."""


class Front:
    """Wraps the API's WSGI app; what is not under `/v2/` passes untouched."""

    def __init__(self, app: WSGIApplication, simulator: MollieSimulator) -> None:
        self._app = app
        self._simulator = simulator

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Log the request, let its fault happen, and answer."""
        request = Request(environ)
        if not request.path.startswith("/v2/"):
            return self._app(environ, start_response)
        key = request.headers.get("Idempotency-Key") or None
        ticket = self._simulator.traffic.arrived(request.method, request.path, key, self._simulator.clock.now())
        fault = self._simulator.faults.take(request.method, request.path)
        body = request.get_data()
        environ["wsgi.input"] = io.BytesIO(body)
        environ["CONTENT_LENGTH"] = str(len(body))
        response = self._answer(request, key if request.method == "POST" else None, body, fault)
        self._simulator.traffic.answered(ticket, response.status_code)
        return response(environ, start_response)

    def _answer(self, request: Request, key: str | None, body: bytes, fault: Fault | None) -> Response:
        match fault:
            case Fault(kind=FaultKind.ANSWER):
                return Response(fault.body, fault.status, dict(fault.headers), content_type=fault.content_type)
            case Fault(kind=FaultKind.HANG):
                self._simulator.faults.wait(LONGEST_HANG)
                self._drop(request)
            case Fault(kind=FaultKind.DROP_BEFORE):
                self._drop(request)
        response = self._work_once(request, key, body, fault)
        if fault is not None and fault.kind is FaultKind.DELAY_AFTER:
            self._simulator.faults.wait(fault.seconds)
        if fault is not None and fault.kind is FaultKind.DROP_AFTER:
            self._drop(request)
        return response

    def _work_once(self, request: Request, key: str | None, body: bytes, fault: Fault | None) -> Response:
        if key is None:
            return self._work(request, fault)
        keys = self._simulator.idempotency
        try:
            stored = keys.begin(key, _fingerprint(request, body), self._simulator.clock.now())
        except ApiError as error:
            return Response(json.dumps(error_body(error.status, error.detail)), error.status, content_type=HAL)
        if stored is not None:
            return Response(
                stored.body, stored.status, {"Idempotent-Replayed": "true"}, content_type=stored.content_type
            )
        try:
            response = self._work(request, fault)
        except BaseException:
            keys.give_up(key)
            raise
        if 200 <= response.status_code < 300:
            answer = StoredAnswer(
                status=response.status_code, body=response.get_data(), content_type=response.content_type or HAL
            )
            keys.finish(key, answer)
        else:
            keys.give_up(key)
        return response

    def _work(self, request: Request, fault: Fault | None) -> Response:
        if fault is not None and fault.kind is FaultKind.DELAY:
            self._simulator.faults.wait(fault.seconds)
        return Response.from_app(self._app, request.environ, buffered=True)

    def _drop(self, request: Request) -> None:
        connection = request.environ.get("werkzeug.socket")
        if isinstance(connection, socket.socket):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        raise ConnectionDropped("the simulator dropped the connection")


def _fingerprint(request: Request, body: bytes) -> str:
    return hashlib.sha256(b"\n".join((request.method.encode(), request.path.encode(), body))).hexdigest()
