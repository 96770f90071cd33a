"""A WSGI app on a port of its own, in threads of this process: for the demo and for tests, not for production."""

from __future__ import annotations

import socket
import threading
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

# Longest queue of connections not yet accepted. A burst of 200 clients must not meet a refused or delayed connect;
# the kernel cuts the figure to net.core.somaxconn (4096 on current Linux).
LISTEN_BACKLOG = 1024


class _QuietHandler(WSGIRequestHandler):
    """Answers without a line on stderr for each request."""

    # Status line, headers and body leave in several writes; with Nagle's algorithm the last one could wait 40 ms
    # for the client's delayed acknowledgement.
    disable_nagle_algorithm = True

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing."""


class _Server(ThreadedWSGIServer):
    """One daemon thread per connection, with a queue long enough for a burst."""

    daemon_threads = True
    request_queue_size = LISTEN_BACKLOG

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing about clients that went away in the middle of a request."""


class RunningServer:
    """A server that answers from construction until `stop`; use it as a context manager.

    `port` is the real one, also when 0 was asked for; `url` has no trailing slash.
    """

    def __init__(self, app: WSGIApplication, host: str, port: int) -> None:
        # Bound here: the server itself would end the process over a port that is taken.
        with socket.create_server((host, port), backlog=LISTEN_BACKLOG) as listening:
            self._server = _Server(host, port, app, handler=_QuietHandler, fd=listening.fileno())
        self.host = host
        self.port: int = self._server.port
        self.url = f"http://{host}:{self.port}"
        self._thread = threading.Thread(
            target=self._server.serve_forever,
            # How often the accept loop looks for stop(): what a test waits for at its end, at most.
            kwargs={"poll_interval": 0.02},
            name=f"serve-{self.port}",
            daemon=True,
        )
        self._thread.start()

    def stop(self) -> None:
        """Accept no more connections and free the port; requests in flight end by themselves. May be repeated."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def serve_in_thread(app: WSGIApplication, host: str = "127.0.0.1", port: int = 0) -> RunningServer:
    """Serve `app` on `host:port` (0: any free port) until the returned server is stopped.

    Raises OSError when the port is taken.
    """
    return RunningServer(app, host, port)
