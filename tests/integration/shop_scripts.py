"""The scripts of a shop's web servers, counted while they are at work."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING

from tests.services.waiting import wait_until

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


class Scripts:
    """The shop's scripts at work. One that a sidecar no longer waits for works on, and writes what it has to write."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._working = 0

    def counted(self, app: WSGIApplication) -> WSGIApplication:
        """The same web server, whose scripts are counted."""

        def serve(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            with self._lock:
                self._working += 1
            try:
                return app(environ, start_response)
            finally:
                with self._lock:
                    self._working -= 1

        return serve

    def wait_until_idle(self) -> None:
        """Until none is at work."""
        wait_until(lambda: self._working == 0, 30, what="the shop's scripts to end")
