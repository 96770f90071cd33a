"""Mailing a notice to a server of the tests."""

from __future__ import annotations

from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

from bridge.adapters.notify_smtp import SmtpNotifier
from bridge.adapters.smtp_session import MailServer, Tls
from tests.contract.mail_server import Mailbox
from tests.fakes.clock import FakeClock
from tests.unit.notices import a_notice

SENDER = "bridge@shop.example.test"
OWNER = "owner@shop.example.test"
CLERK = "clerk@shop.example.test"
PASSWORD = "hunter2 of the mailbox"
NOTICE = a_notice()


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
