"""A port that is free now, or the next one that is."""

from __future__ import annotations

import socket
from typing import Final

_TRIED: Final = 50
_HIGHEST: Final = 65_535


def find_free_port(wanted: int, host: str = "127.0.0.1") -> int:
    """`wanted`, or the first free port after it; 0, which means any, when fifty in a row are taken."""
    if wanted == 0:
        return 0
    for port in range(wanted, min(wanted + _TRIED, _HIGHEST + 1)):
        if _is_free(host, port):
            return port
    return 0


def _is_free(host: str, port: int) -> bool:
    with socket.socket() as probe:
        # As a server does it: connections of a demo that has just ended do not hold its port.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True
