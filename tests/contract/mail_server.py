"""Mail servers of the tests: a real one (aiosmtpd), and one that says and does what no decent server would."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A message as it came in, with its envelope."""

    sender: str | None
    recipients: list[str]
    content: bytes
    secured: bool
    user: str | None


@dataclass(slots=True)
class Mailbox:
    """What a real server takes. `answers`: what it says to a recipient or to `DATA`, one after the other; then yes."""

    port: int = 0
    password: str | None = None
    answers: dict[str, list[str]] = field(default_factory=dict)
    mails: list[Mail] = field(default_factory=list)
    sign_ins: list[bool] = field(default_factory=list)

    async def handle_RCPT(  # noqa: N802 the library's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = self._answer(address, "250 OK")
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        answer = self._answer("DATA", "250 OK")
        if answer.startswith("250"):
            assert isinstance(envelope.content, bytes)
            mail = Mail(
                sender=envelope.mail_from,
                recipients=list(envelope.rcpt_tos),
                content=envelope.content,
                secured=session.ssl is not None,
                user=session.auth_data,
            )
            self.mails.append(mail)
        return answer

    def authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, given: object
    ) -> AuthResult:
        assert isinstance(given, LoginPassword)
        self.sign_ins.append(session.ssl is not None)
        right = self.password is not None and given.password == self.password.encode()
        return AuthResult(success=right, handled=right, auth_data=given.login.decode())

    def _answer(self, to: str, usual: str) -> str:
        planned = self.answers.get(to)
        return planned.pop(0) if planned else usual


@contextmanager
def mail_server(
    mailbox: Mailbox,
    *,
    tls: ssl.SSLContext | None = None,
    starttls: ssl.SSLContext | None = None,
) -> Iterator[Mailbox]:
    """A real server on a free port until the block ends. With a password nobody mails without signing in."""
    loop = asyncio.new_event_loop()

    def protocol() -> SMTP:
        return SMTP(
            mailbox,
            loop=loop,
            hostname="mail.example.test",
            tls_context=starttls,
            require_starttls=starttls is not None,
            authenticator=mailbox.authenticate if mailbox.password else None,
            auth_required=mailbox.password is not None,
            # With TLS from the first byte the session is not marked as secured by STARTTLS.
            auth_require_tls=starttls is not None,
        )

    with socket.create_server(("127.0.0.1", 0)) as listener:
        mailbox.port = listener.getsockname()[1]
        server = loop.run_until_complete(loop.create_server(protocol, sock=listener, ssl=tls))
        thread = threading.Thread(target=loop.run_forever, daemon=True)
        thread.start()
        try:
            yield mailbox
        finally:
            asyncio.run_coroutine_threadsafe(_stop(server), loop).result(timeout=30)
            loop.call_soon_threadsafe(loop.stop)
            thread.join()
            loop.close()


async def _stop(server: asyncio.Server) -> None:
    server.close()
    await server.wait_closed()
    tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


HANG = "hang"
TRICKLE = "trickle"
HANG_UP = "hang up"


@dataclass(slots=True)
class ScriptedServer:
    """Says what `script` has for a command (`GREETING`, `EHLO`, `MAIL`, ..., `END` after the message), else yes.

    `HANG` says nothing, `TRICKLE` a byte now and then for ever, `HANG_UP` closes. `commands` is what was said to it.
    """

    script: dict[str, str]
    listener: socket.socket
    commands: list[str] = field(default_factory=list)
    left: threading.Event = field(default_factory=threading.Event)
    over: threading.Event = field(default_factory=threading.Event)

    @property
    def port(self) -> int:
        return int(self.listener.getsockname()[1])

    def serve(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                threading.Thread(target=self._one, args=(connection,), daemon=True).start()

    def _one(self, connection: socket.socket) -> None:
        with suppress(OSError), connection, connection.makefile("rb") as lines:
            if self._say(connection, "GREETING", "220 mail.example.test"):
                self._converse(connection, iter(lines))
        self.left.set()

    def _converse(self, connection: socket.socket, lines: Iterator[bytes]) -> None:
        for line in lines:
            self.commands.append(line.decode(errors="replace").strip())
            command = self.commands[-1].partition(" ")[0].upper()
            usual = {"EHLO": "250-mail.example.test\r\n250 SIZE 1000000", "DATA": "354 Go on", "QUIT": "221 Bye"}
            if not self._say(connection, command, usual.get(command, "250 OK")):
                return
            if command == "DATA" and "DATA" not in self.script:
                while next(lines) != b".\r\n":
                    pass
                if not self._say(connection, "END", "250 Taken"):
                    return

    def _say(self, connection: socket.socket, command: str, usual: str) -> bool:
        """Whether the conversation goes on."""
        match self.script.get(command, usual):
            case "hang":
                self._wait_for_the_end(connection)
            case "trickle":
                while not self.over.wait(0.02):
                    connection.sendall(b"2")
            case "hang up":
                pass
            case words:
                connection.sendall(f"{words}\r\n".encode())
                return True
        return False

    def _wait_for_the_end(self, connection: socket.socket) -> None:
        connection.settimeout(0.02)
        while not self.over.is_set():
            with suppress(TimeoutError):
                if not connection.recv(65536):
                    return


@contextmanager
def scripted_server(**script: str) -> Iterator[ScriptedServer]:
    """Such a server on a free port until the block ends."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = ScriptedServer(script=script, listener=listener)
        thread = threading.Thread(target=server.serve, daemon=True)
        thread.start()
        yield server
        server.over.set()
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()
