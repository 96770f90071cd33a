"""The server: granian in WSGI mode, one process with threads (several processes only with the Redis locks)."""

from __future__ import annotations

import gc
import hashlib
import os
import signal
import socket
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import util
from pathlib import Path

from filelock import FileLock, Timeout
from flask import Flask
from granian.constants import Interfaces
from granian.server import MPServer

from bridge.bootstrap import build_app, build_ledger
from bridge.config import Settings, find_config, load_settings
from bridge.config_sections import ServerSettings
from bridge.domain.errors import ConfigurationError
from bridge.telemetry import configure_logging

BACKLOG = 2048
"""Connections that wait while every thread is busy: a thousand tabs at once are queued, not refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listen:
    """Where the server listens: a port of an address, or a Unix socket."""

    address: str = "127.0.0.1"
    port: int = 8787
    socket: Path | None = None


def parse_bind(bind: str) -> Listen:
    """Read `server.bind`. Raises `ConfigurationError`."""
    if bind.startswith("unix:"):
        return Listen(socket=Path(bind.removeprefix("unix:")))
    address, _, port = bind.rpartition(":")
    if not address or not port.isdigit() or not 0 < int(port) < 65_536:
        raise ConfigurationError([f"server.bind: {bind!r} is neither address:port nor unix:/path"])
    return Listen(address=address.strip("[]"), port=int(port))


def application() -> Flask:
    """What each server process runs. It closes its services when the process ends."""
    settings = load_settings(find_config())
    configure_logging(level=settings.log.level, as_json=settings.log.format == "json")
    app, services = build_app(settings)
    # A worker of multiprocessing ends without `atexit`; its finalizers do run.
    util.Finalize(None, services.close, exitpriority=10)
    # What was loaded until now stays for good: the collector need not walk through it in the middle of a request.
    gc.collect()
    gc.freeze()
    return app


def serve(settings: Settings) -> None:
    """Run the server until SIGTERM or SIGINT; then finish what is being worked on.

    Raises `ConfigurationError` when it may not run, and `StoreDown` without its database.
    """
    listen = parse_bind(settings.server.bind)
    with _alone(settings):
        # Here, where it is one line for the reader; in the workers it would be a back trace from each of them.
        build_ledger(settings).close()
        if listen.socket is not None:
            _clear(listen.socket)
        os.register_at_fork(after_in_child=_end_when_told)
        _server(settings.server, listen).serve()


def _end_when_told() -> None:
    """A worker that is still starting ends at once.

    It has its parent's handler, which only wakes the parent's own loop: told to stop before granian has set the
    worker's, it would go on starting, and be killed after `stop_within`. The kernel ends it: an exception may come
    up in a place that swallows it. No request has come in yet, and what the queues have begun is taken up again as
    after any crash.
    """
    for told in (signal.SIGTERM, signal.SIGINT):
        signal.signal(told, signal.SIG_DFL)


def _clear(path: Path) -> None:
    """Remove the socket that a killed server left behind: the next one could not listen there.

    Raises `ConfigurationError` when somebody listens on it, or when it is no socket.
    """
    try:
        if not stat.S_ISSOCK(path.stat().st_mode):
            raise ConfigurationError([f"server.bind: {path} is there already and no socket"])
        with socket.socket(socket.AF_UNIX) as caller:
            caller.settimeout(1.0)
            caller.connect(str(path))
    except FileNotFoundError:
        return
    except ConnectionRefusedError:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise ConfigurationError([f"server.bind: {path}: {error.strerror or error}"]) from error
    else:
        raise ConfigurationError([f"server.bind: another process listens on {path}"])


@contextmanager
def _alone(settings: Settings) -> Iterator[None]:
    """With file locks, keep a second sidecar of the same shop from starting on this host.

    Both would exclude each other from carts, but neither could complete a lease that the other one took: a file lock is
    released by its own process alone. Raises `ConfigurationError`.
    """
    if settings.locks.backend != "flock":
        yield
        return
    if not settings.locks.directory.is_dir():
        raise ConfigurationError([f"locks.directory: {settings.locks.directory} is no directory"])
    shop = f"{settings.database.url.get_secret_value()}\n{settings.database.prefix}"
    name = f"molbridge-serve-{hashlib.sha256(shop.encode()).hexdigest()[:16]}.lock"
    guard = FileLock(settings.locks.directory / name, timeout=0, mode=0o600, fallback_to_soft=False)
    try:
        guard.acquire()
    except Timeout:
        raise ConfigurationError(["another sidecar of this shop runs already; several need the Redis locks"]) from None
    except OSError as error:
        raise ConfigurationError([f"locks.directory: {settings.locks.directory / name}: {error.strerror}"]) from error
    try:
        yield
    finally:
        guard.release()


def _server(settings: ServerSettings, listen: Listen) -> MPServer:
    return MPServer(
        "bridge.server:application",
        factory=True,
        interface=Interfaces.WSGI,
        address=listen.address,
        port=listen.port,
        uds=listen.socket,
        uds_permissions=0o660 if listen.socket else None,
        workers=settings.processes,
        blocking_threads=settings.threads,
        backlog=BACKLOG,
        backpressure=BACKLOG,
        workers_kill_timeout=int(settings.stop_within),
        log_access=False,
        respawn_failed_workers=True,
        websockets=False,
    )
