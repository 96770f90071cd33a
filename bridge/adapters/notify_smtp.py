"""Implements `Notifier` by e-mail: a plain-text message for each notice, handed to a mail server over SMTP."""

from __future__ import annotations

import smtplib
import ssl
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from threading import Lock
from typing import Final

import structlog

from bridge.adapters.bounded_calls import Abandoned, BoundedCalls, Deadline, NotStarted
from bridge.adapters.clock import SystemClock
from bridge.adapters.smtp_session import MailServer, Wire, server_faults, smtp_session
from bridge.domain.errors import ConfigurationError, NotifyDown, NotifyRefused
from bridge.domain.notice_words import DEFAULT_API, subject_of, text_of
from bridge.domain.notices import Notice
from bridge.ports.clock import Clock

log = structlog.get_logger()

Codes = Mapping[str, int]
"""Recipients that the server did not take, each with its SMTP code."""

_REMEMBERED: Final = 1000
"""Notices whose recipients are remembered; only those that some recipients have and others do not."""


class SmtpNotifier:
    """Mails each notice from `sender` to all `recipients`, by `server`.

    `timeout` is in seconds and for the whole of it, from the look-up of the server's name. `api` is where the notice's
    reader calls the sidecar. Raises `ConfigurationError` for what can not be meant.

    | the server says | then |
    |---|---|
    | yes to all | delivered |
    | yes to some, a permanent no (5xx) to the others | delivered; the others are logged |
    | "not now" (4xx) to any | `NotifyDown`; the repeat goes only to those who do not have it yet |
    | a permanent no to all, to the sender or to the message | `NotifyRefused` |
    | no to us (greeting, STARTTLS, sign-in), or nothing | `NotifyDown`: that says nothing about the notice |
    """

    channel: Final = "mail"

    def __init__(
        self,
        server: MailServer,
        *,
        sender: str,
        recipients: Sequence[str],
        timeout: float = 30.0,
        api: str = DEFAULT_API,
        most: int = 2,
        clock: Clock | None = None,
    ) -> None:
        if faults := _faults(server, sender, recipients):
            raise ConfigurationError(faults)
        self._server = server
        self._sender = sender
        self._recipients = tuple(dict.fromkeys(recipients))
        self._timeout = timeout
        self._api = api
        self._clock = clock or SystemClock()
        self._calls = BoundedCalls(most=most, name="notify-mail")
        self._told: OrderedDict[str, frozenset[str]] = OrderedDict()
        self._mutex = Lock()

    def send(self, notice: Notice) -> None:
        """Mail it; returns when the server has taken it for somebody, and refused it for good for everybody else.

        Raises as the table above says. What was taken although no answer came back is mailed again under the same
        Message-ID.
        """
        told = self._told_of(notice)
        waiting = tuple(address for address in self._recipients if address not in told)
        message = self._message(notice).as_bytes()
        refused = self._hand_over(message, waiting)
        told |= set(waiting) - refused.keys()
        if later := [code for code in refused.values() if not _for_good(code)]:
            self._remember(notice, told)
            raise NotifyDown(f"the mail server did not take it for {len(later)} of {len(waiting)} ({later[0]})")
        self._remember(notice, frozenset())
        if not told:
            raise NotifyRefused(
                f"the mail server refused it for every recipient ({', '.join(str(code) for code in refused.values())})"
            )
        for address, code in refused.items():
            # By its place in the configuration: addresses are not logged.
            place = self._recipients.index(address) + 1
            log.warning("notice.recipient_refused", notice_id=notice.id, recipient=place, status=code)

    def close(self) -> None:
        """Wait for what is being mailed; its time-outs end it."""
        self._calls.close()

    def _hand_over(self, message: bytes, recipients: Sequence[str]) -> Codes:
        deadline = Deadline.after(self._timeout, self._clock)
        wire = Wire()
        try:
            return self._calls.run(lambda: self._mail(wire, message, recipients, deadline), deadline)
        except (NotStarted, Abandoned) as error:
            wire.break_off()
            raise NotifyDown(f"the mail server did not take it within {self._timeout:g} s") from error

    def _mail(self, wire: Wire, message: bytes, recipients: Sequence[str], deadline: Deadline) -> Codes:
        try:
            with smtp_session(self._server, wire, max(deadline.left(), 0.001)) as session:
                return _hand_over(session, self._sender, recipients, message)
        except (smtplib.SMTPException, OSError) as error:
            raise NotifyDown(f"the mail server could not be worked with ({_reason(error)})") from error

    def _message(self, notice: Notice) -> EmailMessage:
        # Seven bits: nothing then depends on what the servers on the way can do.
        message = EmailMessage(policy=SMTP.clone(cte_type="7bit"))
        message["From"] = self._sender
        message["To"] = ", ".join(self._recipients)
        message["Subject"] = subject_of(notice)
        message["Date"] = format_datetime(self._clock.now())
        message["Message-ID"] = f"<{notice.id}@{self._sender.rpartition('@')[2]}>"
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answers
        message.set_content(text_of(notice, api=self._api))
        return message

    def _told_of(self, notice: Notice) -> frozenset[str]:
        with self._mutex:
            return self._told.get(notice.id, frozenset())

    def _remember(self, notice: Notice, told: frozenset[str]) -> None:
        """Who has it while others wait: a full mailbox must not fill its neighbour's. Forgotten by a restart."""
        with self._mutex:
            self._told.pop(notice.id, None)
            if told:
                self._told[notice.id] = told
            while len(self._told) > _REMEMBERED:
                self._told.popitem(last=False)


def _hand_over(session: smtplib.SMTP, sender: str, recipients: Sequence[str], message: bytes) -> Codes:
    """Who is refused, while the others have it. Raises `NotifyRefused` when the sender or the message is."""
    try:
        return {address: code for address, (code, _) in session.sendmail(sender, recipients, message).items()}
    except smtplib.SMTPRecipientsRefused as refusal:
        if len(refusal.recipients) < len(recipients):
            raise  # 421, it closes: those who were taken do not have it either
        return {address: code for address, (code, _) in refusal.recipients.items()}
    except (smtplib.SMTPSenderRefused, smtplib.SMTPDataError) as refusal:
        if _for_good(refusal.smtp_code):
            raise NotifyRefused(f"the mail server refused it ({refusal.smtp_code})") from refusal
        raise


def _for_good(code: int) -> bool:
    return 500 <= code < 600


def _reason(error: Exception) -> str:
    """What went wrong, without the server's own words: they may name addresses."""
    match error:
        case ssl.SSLCertVerificationError():
            return f"its certificate is not accepted: {error.verify_message}"
        case smtplib.SMTPResponseException():
            return f"{type(error).__name__} {error.smtp_code}"
        case _:
            return type(error).__name__


def _faults(server: MailServer, sender: str, recipients: Sequence[str]) -> list[str]:
    faults = server_faults(server)
    if not recipients:
        faults.append("the notices' mail needs at least one recipient")
    wrong = [address for address in (sender, *recipients) if not _is_address(address)]
    return faults + [f"{address!r} is not a mail address such as shop@example.com" for address in wrong]


def _is_address(text: str) -> bool:
    """A plain address in ASCII; a domain of other letters is written as `xn--...`."""
    try:
        address = Address(addr_spec=text)
    except (MessageError, ValueError, IndexError):
        return False
    return text.isascii() and text.isprintable() and " " not in text and bool(address.username and address.domain)
