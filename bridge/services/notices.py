"""Telling the merchant: a notice is stored with what it is about, once per case and channel, and sent afterwards."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

import structlog

from bridge.domain.cart import CartRef
from bridge.domain.errors import BridgeError, NotifyRefused
from bridge.domain.money import Money
from bridge.domain.notices import Fact, Notice, NoticeKind, NoticeState
from bridge.ports.clock import Clock
from bridge.ports.ledger import CartTransaction, Ledger
from bridge.ports.notifier import Notifier
from bridge.services.backoff import pause_after, reason_of
from bridge.services.ids import new_id
from bridge.services.settings import NoticeLimits
from bridge.telemetry import METRICS

log = structlog.get_logger()

AT_ONCE = 50
"""Notices sent by one look; the rest is due at the next."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What the merchant is to be told; `name` is unique for it for ever, such as `surplus:tr_abc`."""

    kind: NoticeKind
    name: str
    cart: CartRef | None = None
    transaction_id: str | None = None
    money: Money | None = None
    detail: Mapping[str, Fact] = field(default_factory=dict)


class Notices:
    """Stores notices, and sends those that are due."""

    def __init__(self, *, ledger: Ledger, notifiers: Iterable[Notifier], clock: Clock, limits: NoticeLimits) -> None:
        self._ledger = ledger
        self._notifiers = {notifier.channel: notifier for notifier in notifiers}
        self._clock = clock
        self._limits = limits

    def tell_in(self, tx: CartTransaction, case: Case) -> None:
        """Store the case's notices with what the transaction writes: both, or neither."""
        for notice in self._of(case):
            tx.add_notice(notice)

    def tell(self, case: Case) -> None:
        """Store the case's notices, outside any cart."""
        for notice in self._of(case):
            self._ledger.queues.add_notice(notice)

    def _of(self, case: Case) -> tuple[Notice, ...]:
        now = self._clock.now()
        return tuple(
            Notice(
                id=new_id(),
                case=case.name,
                channel=channel,
                kind=case.kind,
                at=now,
                cart=case.cart,
                transaction_id=case.transaction_id,
                money=case.money,
                detail=case.detail,
                state=NoticeState.WAITING,
                next_try_at=now,
            )
            for channel in self._notifiers
        )

    def work_due(self) -> int:
        """Send what is due; returns how many notices left."""
        queues = self._ledger.queues
        sent = 0
        for due in queues.due_notices(self._clock.now(), AT_ONCE):
            # The time of each: those before it may have taken longer than a notice is somebody's.
            now = self._clock.now()
            notice = queues.claim_notice(due.id, now, now + self._limits.working)
            if notice is not None:
                sent += self._send(notice)
        return sent

    def _send(self, notice: Notice) -> bool:
        notifier = self._notifiers.get(notice.channel)
        try:
            if notifier is None:
                raise NotifyRefused(f"the channel {notice.channel!r} is not configured any more")
            if notice.tries > self._limits.tries:
                raise NotifyRefused("it came to no end too often: whoever sent it died")
            notifier.send(notice)
        except BridgeError as error:
            self._put_back(notice, error)
            return False
        self._end(replace(notice, state=NoticeState.SENT, next_try_at=None, last_error=None))
        return True

    def _put_back(self, notice: Notice, error: BridgeError) -> None:
        hopeless = isinstance(error, NotifyRefused) or notice.tries >= self._limits.tries
        pause = pause_after(notice.tries, self._limits.pauses, error)
        log.warning("notice.not_sent", notice_id=notice.id, channel=notice.channel, error=reason_of(error))
        self._end(
            replace(
                notice,
                state=NoticeState.DEAD if hopeless else NoticeState.WAITING,
                next_try_at=None if hopeless else self._clock.now() + pause,
                last_error=reason_of(error),
            )
        )

    def _end(self, notice: Notice) -> None:
        self._ledger.queues.save_notice(notice)
        METRICS.notices.labels(channel=notice.channel, state=notice.state.value).inc()
