"""A session with a mail server: secured as configured or not at all, and ended from outside when its time is up."""

from __future__ import annotations

import smtplib
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from ipaddress import ip_address
from threading import Lock
from typing import Literal, assert_never

Tls = Literal["starttls", "tls", "none"]
"""`starttls`: asked for after the greeting, and insisted on. `tls`: from the first byte. `none`: not at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MailServer:
    """The server that takes the mail. With `user` goes `password`; without them nobody signs in.

    `port` by custom is 587 for `starttls`, 465 for `tls`, 25 for `none`.
    """

    host: str
    port: int = 587
    tls: Tls = "starttls"
    user: str | None = None
    password: str | None = field(default=None, repr=False)


def server_faults(server: MailServer) -> list[str]:
    """What can not be meant, one line each."""
    faults = []
    if not _can_be_looked_up(server.host):
        faults.append(f"{server.host!r} is not the name or address of a mail server")
    if not 0 < server.port < 65_536:
        faults.append(f"{server.port} is not a port")
    if (server.user is None) != (server.password is None):
        faults.append("the mail server's user and password go together: set both or none")
    if not (server.user or "").isascii() or not (server.password or "").isascii():
        faults.append("the mail server's user and password must be ASCII: its sign-in knows nothing else")
    if server.user is not None and server.tls == "none" and not _is_loopback(server.host):
        faults.append("a password is not sent over the network in the clear: use starttls or tls")
    return faults


class Wire:
    """The connection below a session. A socket's time-out bounds each read, not a server that sends byte after byte."""

    def __init__(self) -> None:
        self._mutex = Lock()
        self._same: socket.socket | None = None
        self._over = False

    def connect(self, host: str, port: int, timeout: float) -> socket.socket:
        """A connection whose every step ends within `timeout` seconds."""
        connected = socket.create_connection((host, port), timeout)
        with self._mutex:
            if self._over:
                connected.close()
                raise TimeoutError("the time was up before the connection stood")
            # One of our own: TLS takes the descriptor away from the socket that it wraps.
            self._same = connected.dup()
        return connected

    def break_off(self) -> None:
        """End the connection, whoever waits on it, or the one that is about to be made."""
        with self._mutex:
            self._over = True
            if self._same is not None:
                with suppress(OSError):
                    self._same.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Let the connection go."""
        with self._mutex:
            if self._same is not None:
                self._same.close()
            self._same = None


@contextmanager
def smtp_session(server: MailServer, wire: Wire, timeout: float) -> Iterator[smtplib.SMTP]:
    """A session that is ready for mail: greeted, secured as `server.tls` says, signed in.

    Raises `smtplib.SMTPException` or `OSError` where the server will not have it so; never goes on with less.
    """
    try:
        session = _Session(server, wire, timeout)
        try:
            if server.tls == "starttls":
                session.starttls(context=ssl.create_default_context())
            if server.user is not None and server.password is not None:
                session.login(server.user, server.password)
            yield session
        finally:
            # The mail is taken or not by now: how the server takes the good-bye changes nothing.
            with suppress(smtplib.SMTPException, OSError):
                session.putcmd("quit")
            session.close()
    finally:
        wire.close()


class _Session(smtplib.SMTP):
    """smtplib's session over a `Wire`."""

    def __init__(self, server: MailServer, wire: Wire, timeout: float) -> None:
        self._server = server
        self._wire = wire
        super().__init__(server.host, server.port, timeout=timeout)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        """Connects; smtplib's own `SMTP_SSL` overrides this too."""
        connected = self._wire.connect(host, port, timeout)
        match self._server.tls:
            case "tls":
                return ssl.create_default_context().wrap_socket(connected, server_hostname=host)
            case "starttls" | "none":
                return connected
            case _:
                assert_never(self._server.tls)


def _can_be_looked_up(host: str) -> bool:
    try:
        return bool(host) and host.isprintable() and " " not in host and bool(host.encode("idna"))
    except UnicodeError:
        return False


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
