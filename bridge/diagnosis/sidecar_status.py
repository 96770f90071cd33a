"""Asks the sidecar how it is, at the address that it is configured to listen on."""

from __future__ import annotations

import http.client
import json
import socket
from dataclasses import dataclass
from typing import Any, Final

from bridge.server import parse_bind

_TIMEOUT: Final = 5.0
_ANY: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  (asked on loopback when it listens everywhere)


@dataclass(frozen=True, slots=True, kw_only=True)
class SidecarStatus:
    """Its answer; `fault` says why there is none of use. `status` is 0 without one."""

    where: str
    status: int = 0
    fault: str = ""
    told: dict[str, Any]

    def text(self, name: str) -> str:
        """A field of what it told, '' where it told none."""
        value = self.told.get(name)
        return value if isinstance(value, str) else ""


class _UnixConnection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=_TIMEOUT)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(_TIMEOUT)
        self.sock.connect(self._path)


def ask_sidecar(bind: str, token: str) -> SidecarStatus:
    """`GET /v1/status` with the shop's token. Raises `ConfigurationError` for a `bind` that names nothing."""
    listen = parse_bind(bind)
    if listen.socket is not None:
        connection: http.client.HTTPConnection = _UnixConnection(str(listen.socket))
    else:
        connection = http.client.HTTPConnection(_ANY.get(listen.address, listen.address), listen.port, timeout=_TIMEOUT)
    try:
        connection.request("GET", "/v1/status", headers={"Authorization": f"Bearer {token}", "Connection": "close"})
        answer = connection.getresponse()
        body = answer.read()
    except (OSError, http.client.HTTPException) as error:
        return SidecarStatus(where=bind, fault=getattr(error, "strerror", None) or type(error).__name__, told={})
    finally:
        connection.close()
    try:
        told = json.loads(body)["data"] if answer.status == 200 else {}
    except (ValueError, KeyError, TypeError):
        return SidecarStatus(where=bind, status=answer.status, fault="its answer is not a sidecar's", told={})
    return SidecarStatus(where=bind, status=answer.status, told=told if isinstance(told, dict) else {})
