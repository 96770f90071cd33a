"""The office that tells the merchant, with two ways to reach him and no threads."""

from __future__ import annotations

from bridge.domain.notices import Notice, NoticeKind
from bridge.services.notices import Case, Notices
from bridge.services.settings import NoticeLimits
from tests.fakes.clock import FakeClock
from tests.fakes.memory_ledger import MemoryLedger
from tests.fakes.notifier import FakeNotifier
from tests.fakes.shop import FakeShop
from tests.unit.builders import CART, PRICE

CASE = Case(kind=NoticeKind.SURPLUS, name="surplus:tr_2", cart=CART, transaction_id="tr_2", money=PRICE)
"""What is told: `tr_2` is surplus."""


class Office:
    """Two ways to the merchant."""

    def __init__(self, *channels: str, tries: int = 48) -> None:
        self.clock = FakeClock()
        self.ledger = MemoryLedger(FakeShop(self.clock))
        self.ways = {channel: FakeNotifier(channel) for channel in channels}
        self.limits = NoticeLimits(tries=tries)
        self.open(*channels)

    def open(self, *channels: str) -> None:
        """Start anew with these channels configured."""
        ways = [self.ways.setdefault(channel, FakeNotifier(channel)) for channel in channels]
        self.notices = Notices(ledger=self.ledger, notifiers=ways, clock=self.clock, limits=self.limits)

    def stored(self, channel: str) -> Notice:
        """The one notice of a channel."""
        (found,) = (each for each in self.ledger._tables.notices.values() if each.channel == channel)
        return found

    def sent(self) -> dict[str, int]:
        return {channel: len(way.sent) for channel, way in self.ways.items()}
