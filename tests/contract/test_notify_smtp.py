"""Telling the merchant by mail: what arrives, over which connections, and what becomes of every kind of no."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from bridge.adapters.notify_smtp import SmtpNotifier
from bridge.adapters.smtp_session import MailServer, Tls
from bridge.domain.errors import ConfigurationError, NotifyDown, NotifyRefused
from bridge.domain.notice_words import subject_of, text_of
from bridge.domain.notices import NoticeKind
from tests.contract.certificates import Certificate, make_certificate
from tests.contract.mail_server import HANG, HANG_UP, TRICKLE, Mailbox, mail_server, scripted_server
from tests.contract.raw_server import unused_port
from tests.fakes.clock import FakeClock
from tests.services.waiting import wait_until
from tests.unit.notices import NOTICE_ID, a_notice

SENDER = "bridge@shop.example.test"
OWNER = "owner@shop.example.test"
CLERK = "clerk@shop.example.test"
PASSWORD = "hunter2 of the mailbox"
NOTICE = a_notice()


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with mail_server(Mailbox()) as server:
        yield server


@pytest.fixture
def notifiers() -> Iterator[list[SmtpNotifier]]:
    made: list[SmtpNotifier] = []
    yield made
    for notifier in made:
        notifier.close()


@pytest.fixture
def plain(mailbox: Mailbox, notifiers: list[SmtpNotifier]) -> SmtpNotifier:
    """A notifier for the mailbox, without TLS."""
    notifiers.append(a_notifier(mailbox.port))
    return notifiers[0]


def a_notifier(port: int, *, tls: Tls = "none", password: str | None = None, timeout: float = 5.0) -> SmtpNotifier:
    user = "bridge" if password else None
    server = MailServer(host="127.0.0.1", port=port, tls=tls, user=user, password=password)
    return SmtpNotifier(server, sender=SENDER, recipients=[OWNER, CLERK], timeout=timeout, clock=FakeClock())


def send(port: int, *, tls: Tls = "none", password: str | None = None, timeout: float = 5.0) -> None:
    """Mail `NOTICE` with a notifier of its own."""
    notifier = a_notifier(port, tls=tls, password=password, timeout=timeout)
    try:
        notifier.send(NOTICE)
    finally:
        notifier.close()


def message(mailbox: Mailbox, number: int = 0) -> EmailMessage:
    read = message_from_bytes(mailbox.mails[number].content, policy=default)
    assert isinstance(read, EmailMessage)
    return read


# What arrives


def test_the_mail_is_the_notice_in_words(mailbox: Mailbox, plain: SmtpNotifier) -> None:
    plain.send(NOTICE)

    mail = message(mailbox)
    assert mailbox.mails[0].recipients == [OWNER, CLERK]
    assert mailbox.mails[0].sender == SENDER
    assert (mail["From"], mail["To"]) == (SENDER, f"{OWNER}, {CLERK}")
    assert mail["Subject"] == subject_of(NOTICE)
    assert mail.get_content().replace("\r\n", "\n") == text_of(NOTICE)


def test_it_says_that_a_program_wrote_it_and_when(mailbox: Mailbox, plain: SmtpNotifier) -> None:
    plain.send(NOTICE)

    mail = message(mailbox)
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Date"].datetime == datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_a_repeat_can_be_recognised(mailbox: Mailbox, plain: SmtpNotifier) -> None:
    plain.send(NOTICE)
    plain.send(replace(NOTICE, tries=3))

    assert message(mailbox, 0)["Message-ID"] == f"<{NOTICE_ID}@shop.example.test>"
    assert message(mailbox, 1)["Message-ID"] == message(mailbox, 0)["Message-ID"]


def test_letters_of_all_kinds_arrive_in_seven_bits(mailbox: Mailbox, plain: SmtpNotifier) -> None:
    notice = a_notice(NoticeKind.ORDER_MISMATCH, order_reference="Bestellung Käse 🧀", mismatches="Prüfung: 5 €")
    plain.send(notice)

    assert mailbox.mails[0].content.isascii()
    assert "Käse 🧀" in message(mailbox)["Subject"]
    assert "Prüfung: 5 €" in message(mailbox).get_content()


@pytest.mark.parametrize("line_break", ["\r\n", "\n", "\r", "\u2028", "\x85"])
def test_no_fact_can_add_a_header_or_a_recipient(mailbox: Mailbox, plain: SmtpNotifier, line_break: str) -> None:
    hostile = f"tr_1{line_break}Bcc: thief@evil.test{line_break}{line_break}.{line_break}QUIT"
    plain.send(a_notice(NoticeKind.DELIVERY_DEAD, transaction_id=hostile, error=hostile))

    expected = ["From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted"]
    mime = ["Content-Type", "Content-Transfer-Encoding", "MIME-Version"]
    assert message(mailbox).keys() == expected + mime
    assert mailbox.mails[0].recipients == [OWNER, CLERK]
    assert b"thief@evil.test" not in mailbox.mails[0].content


# Secured


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


# No, and not now


def test_greylisting_is_worth_another_try(mailbox: Mailbox, plain: SmtpNotifier) -> None:
    mailbox.answers = {OWNER: ["451 Come again"], CLERK: ["451 Come again"]}
    with pytest.raises(NotifyDown, match="451"):
        plain.send(NOTICE)
    plain.send(NOTICE)

    assert [mail.recipients for mail in mailbox.mails] == [[OWNER, CLERK]]


def test_one_recipient_who_is_unknown_does_not_keep_the_others_from_it(mailbox: Mailbox, plain: SmtpNotifier) -> None:
    mailbox.answers = {OWNER: ["550 No such mailbox"]}
    with capture_logs() as logs:
        plain.send(NOTICE)

    assert [mail.recipients for mail in mailbox.mails] == [[CLERK]]
    expected = {"event": "notice.recipient_refused", "log_level": "warning", "notice_id": NOTICE_ID}
    assert logs == [{**expected, "recipient": 1, "status": 550}]


def test_the_notice_is_refused_when_every_recipient_is(mailbox: Mailbox, plain: SmtpNotifier) -> None:
    mailbox.answers = {OWNER: ["550 No such mailbox"], CLERK: ["553 Not here"]}
    with pytest.raises(NotifyRefused, match="550, 553"):
        plain.send(NOTICE)

    assert mailbox.mails == []


def test_a_repeat_goes_only_to_those_who_do_not_have_it(mailbox: Mailbox, plain: SmtpNotifier) -> None:
    mailbox.answers = {CLERK: ["452 Mailbox full"] * 2}
    for _ in range(2):
        with pytest.raises(NotifyDown, match="452"):
            plain.send(NOTICE)
    plain.send(NOTICE)

    assert [mail.recipients for mail in mailbox.mails] == [[OWNER], [CLERK]]


def test_what_is_delivered_is_forgotten_so_that_a_repeat_goes_to_all(mailbox: Mailbox, plain: SmtpNotifier) -> None:
    mailbox.answers = {CLERK: ["452 Mailbox full"]}
    with pytest.raises(NotifyDown):
        plain.send(NOTICE)
    plain.send(NOTICE)
    plain.send(NOTICE)

    assert mailbox.mails[2].recipients == [OWNER, CLERK]


def test_it_is_delivered_once_the_one_who_was_to_wait_is_refused_for_good(
    mailbox: Mailbox, plain: SmtpNotifier
) -> None:
    mailbox.answers = {CLERK: ["452 Mailbox full", "550 No such mailbox"]}
    with pytest.raises(NotifyDown):
        plain.send(NOTICE)
    plain.send(NOTICE)

    assert [mail.recipients for mail in mailbox.mails] == [[OWNER]]


def test_who_has_one_notice_is_mailed_another(mailbox: Mailbox, plain: SmtpNotifier) -> None:
    mailbox.answers = {CLERK: ["452 Mailbox full"]}
    with pytest.raises(NotifyDown):
        plain.send(NOTICE)
    plain.send(a_notice(notice_id="another"))

    assert mailbox.mails[1].recipients == [OWNER, CLERK]


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [("451 Later", NotifyDown), ("421 Closing", NotifyDown), ("554 Spam", NotifyRefused), ("552 Big", NotifyRefused)],
)
def test_the_answer_to_the_message_decides(
    mailbox: Mailbox, plain: SmtpNotifier, answer: str, outcome: type[NotifyDown | NotifyRefused]
) -> None:
    mailbox.answers = {"DATA": [answer]}
    with pytest.raises(outcome, match=answer[:3]):
        plain.send(NOTICE)


@pytest.mark.parametrize(
    ("script", "outcome"),
    [
        ({"GREETING": "554 Not for you"}, NotifyDown),
        ({"GREETING": "421 Too many"}, NotifyDown),
        ({"EHLO": "550 No", "HELO": "550 No"}, NotifyDown),
        ({"MAIL": "550 No such sender"}, NotifyRefused),
        ({"MAIL": "530 Sign in first"}, NotifyRefused),
        ({"MAIL": "451 Later"}, NotifyDown),
        ({"MAIL": "421 Closing"}, NotifyDown),
        ({"RCPT": "421 Closing"}, NotifyDown),
        ({"RCPT": "nonsense"}, NotifyDown),
        ({"DATA": "554 No"}, NotifyRefused),
        ({"DATA": "451 Later"}, NotifyDown),
        ({"DATA": HANG_UP}, NotifyDown),
        ({"END": HANG_UP}, NotifyDown),
        ({"GREETING": HANG_UP}, NotifyDown),
        ({"GREETING": "HTTP/1.1 400 Bad Request"}, NotifyDown),
    ],
    ids=str,
)
def test_a_no_to_us_is_worth_another_try_and_a_no_to_the_notice_is_not(
    script: dict[str, str], outcome: type[NotifyDown | NotifyRefused]
) -> None:
    with scripted_server(**script) as server, pytest.raises(outcome):
        send(server.port)


def test_nobody_has_what_was_broken_off_after_the_first_recipient(notifiers: list[SmtpNotifier]) -> None:
    with mail_server(Mailbox(answers={CLERK: ["421 Closing"]})) as mailbox:
        notifiers.append(a_notifier(mailbox.port))
        with pytest.raises(NotifyDown):
            notifiers[0].send(NOTICE)
        notifiers[0].send(NOTICE)

    assert [mail.recipients for mail in mailbox.mails] == [[OWNER, CLERK]]


# Bounds


def test_where_nobody_listens_the_server_is_down() -> None:
    with unused_port() as port, pytest.raises(NotifyDown, match="ConnectionRefusedError"):
        send(port)


def test_a_server_that_does_not_even_connect_is_given_up() -> None:
    started = time.monotonic()
    with deaf_port() as port, pytest.raises(NotifyDown):
        send(port, timeout=0.3)

    assert time.monotonic() - started < 3.0


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
        wait_until(server.left.is_set, timeout=5)

    assert time.monotonic() - started < 3.0


@pytest.mark.parametrize("tls", ["starttls", "tls"])
def test_a_server_that_never_shakes_hands_is_given_up(tls: Tls) -> None:
    script = {"GREETING": HANG} if tls == "tls" else {"EHLO": "250 STARTTLS", "STARTTLS": "220 Go on"}
    started = time.monotonic()
    with scripted_server(**script) as server, pytest.raises(NotifyDown):
        send(server.port, tls=tls, timeout=0.3)

    assert time.monotonic() - started < 3.0


@pytest.mark.parametrize("how", [HANG, TRICKLE, HANG_UP, "500 What?"])
def test_how_the_server_says_good_bye_changes_nothing(how: str) -> None:
    started = time.monotonic()
    with scripted_server(QUIT=how) as server:
        send(server.port, timeout=2.0)

    assert time.monotonic() - started < 1.5


# What can not be meant


@pytest.mark.parametrize(
    ("server", "fault"),
    [
        (MailServer(host=""), "name or address"),
        (MailServer(host="mail example"), "name or address"),
        (MailServer(host="mail..example"), "name or address"),
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
