"""Telling the merchant by mail: what is secured, how long it may take, and which settings are refused."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from bridge.adapters.notify_smtp import SmtpNotifier
from bridge.adapters.smtp_session import MailServer, Tls
from bridge.domain.errors import ConfigurationError, NotifyDown
from tests.contract.certificates import Certificate, make_certificate
from tests.contract.mail_sending import OWNER, PASSWORD, SENDER, send
from tests.contract.mail_server import HANG, HANG_UP, TRICKLE, Mailbox, mail_server, scripted_server
from tests.contract.raw_server import unused_port
from tests.services.waiting import BOUNDED, wait_until

# Secured


pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return make_certificate(tmp_path_factory.mktemp("tls"), "IP:127.0.0.1")


@pytest.fixture
def trusted(certificate: Certificate, monkeypatch: pytest.MonkeyPatch) -> Certificate:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate.file))
    return certificate


def test_with_starttls_the_mail_and_the_password_go_over_tls(trusted: Certificate) -> None:
    with mail_server(Mailbox(password=PASSWORD), starttls=trusted.server_context()) as mailbox:
        send(mailbox.port, tls="starttls", password=PASSWORD)

    assert mailbox.sign_ins == [True]
    assert [(mail.secured, mail.user) for mail in mailbox.mails] == [(True, "bridge")]


def test_tls_from_the_first_byte(trusted: Certificate) -> None:
    with mail_server(Mailbox(), tls=trusted.server_context()) as mailbox:
        send(mailbox.port, tls="tls")

    assert len(mailbox.mails) == 1


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS:UserWarning")
def test_signing_in_over_tls_from_the_first_byte(trusted: Certificate) -> None:
    with mail_server(Mailbox(password=PASSWORD), tls=trusted.server_context()) as mailbox:
        send(mailbox.port, tls="tls", password=PASSWORD)

    assert [mail.user for mail in mailbox.mails] == ["bridge"]


def test_a_server_without_starttls_gets_nothing_in_the_clear() -> None:
    with scripted_server() as server, pytest.raises(NotifyDown, match="SMTPNotSupportedError"):
        send(server.port, tls="starttls", password=PASSWORD)

    assert {command.partition(" ")[0] for command in server.commands} <= {"ehlo", "quit"}


def test_a_refused_starttls_ends_the_session() -> None:
    script = {"EHLO": "250-mail.example.test\r\n250 STARTTLS", "STARTTLS": "454 TLS not available"}
    with scripted_server(**script) as server, pytest.raises(NotifyDown, match="454"):
        send(server.port, tls="starttls", password=PASSWORD)

    assert {command.partition(" ")[0] for command in server.commands} <= {"ehlo", "STARTTLS", "quit"}


def test_what_was_said_in_the_clear_before_tls_is_not_taken_for_the_servers_word() -> None:
    script = {"EHLO": "250-mail.example.test\r\n250 STARTTLS", "STARTTLS": "220 Go on\r\n250 AUTH PLAIN"}
    with scripted_server(**script) as server, pytest.raises(NotifyDown):
        send(server.port, tls="starttls", password=PASSWORD, timeout=1.0)

    assert not [command for command in server.commands if command.startswith(("AUTH", "mail"))]


@pytest.mark.parametrize("tls", ["starttls", "tls"])
def test_a_certificate_that_nobody_vouches_for_is_not_taken(certificate: Certificate, tls: Tls) -> None:
    context = certificate.server_context()
    secured = {"starttls": context} if tls == "starttls" else {"tls": context}
    with mail_server(Mailbox(), **secured) as mailbox, pytest.raises(NotifyDown, match="certificate is not accepted"):
        send(mailbox.port, tls=tls)

    assert mailbox.mails == []


@pytest.mark.parametrize("tls", ["starttls", "tls"])
def test_a_certificate_of_another_name_is_not_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tls: Tls) -> None:
    other = make_certificate(tmp_path, "DNS:other.example.test")
    monkeypatch.setenv("SSL_CERT_FILE", str(other.file))
    context = other.server_context()
    secured = {"starttls": context} if tls == "starttls" else {"tls": context}
    with mail_server(Mailbox(), **secured) as mailbox, pytest.raises(NotifyDown, match="certificate is not accepted"):
        send(mailbox.port, tls=tls)

    assert mailbox.mails == []


def test_a_refused_sign_in_says_nothing_about_the_notice(trusted: Certificate) -> None:
    mailbox, refused = Mailbox(password=PASSWORD), pytest.raises(NotifyDown, match="SMTPAuthenticationError 535")
    with mail_server(mailbox, starttls=trusted.server_context()), refused:
        send(mailbox.port, tls="starttls", password="another")

    assert mailbox.sign_ins != []
    assert mailbox.mails == []


# Bounds


def test_where_nobody_listens_the_server_is_down() -> None:
    with unused_port() as port, pytest.raises(NotifyDown, match="ConnectionRefusedError"):
        send(port)


def test_a_server_that_does_not_even_connect_is_given_up() -> None:
    started = time.monotonic()
    with deaf_port() as port, pytest.raises(NotifyDown):
        send(port, timeout=0.3)

    assert time.monotonic() - started < BOUNDED


@contextmanager
def deaf_port() -> Iterator[int]:
    """A port whose queue is full: who connects gets neither a yes nor a no."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        address = listener.getsockname()
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(address)
        yield int(address[1])


@pytest.mark.parametrize("how", [HANG, TRICKLE])
@pytest.mark.parametrize("command", ["GREETING", "EHLO", "MAIL", "RCPT", "DATA", "END"])
def test_the_time_is_kept_however_the_server_drags_on(command: str, how: str) -> None:
    started = time.monotonic()
    with scripted_server(**{command: how}) as server:
        with pytest.raises(NotifyDown):
            send(server.port, timeout=0.3)
        wait_until(server.left.is_set)

    assert time.monotonic() - started < BOUNDED


@pytest.mark.parametrize("tls", ["starttls", "tls"])
def test_a_server_that_never_shakes_hands_is_given_up(tls: Tls) -> None:
    script = {"GREETING": HANG} if tls == "tls" else {"EHLO": "250 STARTTLS", "STARTTLS": "220 Go on"}
    started = time.monotonic()
    with scripted_server(**script) as server, pytest.raises(NotifyDown):
        send(server.port, tls=tls, timeout=0.3)

    assert time.monotonic() - started < BOUNDED


@pytest.mark.parametrize("how", [HANG, TRICKLE, HANG_UP, "500 What?"])
def test_how_the_server_says_good_bye_changes_nothing(how: str) -> None:
    started = time.monotonic()
    with scripted_server(QUIT=how) as server:
        send(server.port, timeout=20.0)

    assert time.monotonic() - started < BOUNDED


# What can not be meant


@pytest.mark.parametrize(
    ("server", "fault"),
    [
        (MailServer(host=""), "name or address"),
        (MailServer(host="mail example"), "name or address"),
        (MailServer(host="mail..example"), "name or address"),
        (MailServer(host="mail.example", port=65_536), "not a port"),
        (MailServer(host="mail.example", user="bridge"), "go together"),
        (MailServer(host="mail.example", password=PASSWORD), "go together"),
        (MailServer(host="mail.example", user="bridge", password="pässword"), "ASCII"),
        (MailServer(host="mail.example", tls="none", user="bridge", password=PASSWORD), "in the clear"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_server_that_can_not_be_meant_is_refused_at_once(server: MailServer, fault: str) -> None:
    with pytest.raises(ConfigurationError, match=fault) as refused:
        SmtpNotifier(server, sender=SENDER, recipients=[OWNER])
    assert PASSWORD not in str(refused.value)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_within_the_machine_a_password_may_go_in_the_clear(host: str) -> None:
    SmtpNotifier(
        MailServer(host=host, tls="none", user="bridge", password=PASSWORD), sender=SENDER, recipients=[OWNER]
    ).close()


@pytest.mark.parametrize(
    "address",
    [
        *("", "owner", "owner@", "@shop.example", "Owner <owner@shop.example>", "a@b@c", "owner@shop.example, b@c"),
        *("owner@shop.example\r\nBcc: x@y", "own er@shop.example", "owner@käse.example", "owner@shop.example\x00"),
    ],
)
def test_what_is_no_plain_address_is_refused_at_once(address: str) -> None:
    server = MailServer(host="mail.example")
    with pytest.raises(ConfigurationError, match="not a mail address"):
        SmtpNotifier(server, sender=address, recipients=[OWNER])
    with pytest.raises(ConfigurationError, match="not a mail address"):
        SmtpNotifier(server, sender=SENDER, recipients=[OWNER, address])


def test_mail_without_recipients_is_refused_at_once() -> None:
    with pytest.raises(ConfigurationError, match="at least one recipient"):
        SmtpNotifier(MailServer(host="mail.example"), sender=SENDER, recipients=[])


def test_the_password_is_not_shown() -> None:
    assert PASSWORD not in repr(MailServer(host="mail.example", user="bridge", password=PASSWORD))
