"""Telling the merchant by mail: what arrives, and what becomes of every kind of no."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from structlog.testing import capture_logs

from bridge.adapters.notify_smtp import SmtpNotifier
from bridge.domain.errors import NotifyDown, NotifyRefused
from bridge.domain.notice_words import subject_of, text_of
from bridge.domain.notices import NoticeKind
from tests.contract.mail_sending import CLERK, NOTICE, OWNER, SENDER, a_notifier, message, send
from tests.contract.mail_server import HANG_UP, Mailbox, mail_server, scripted_server
from tests.unit.notices import NOTICE_ID, a_notice


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
