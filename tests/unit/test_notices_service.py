"""Telling the merchant: once per case and channel, tried again while there is hope, never lost and never in the way."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest

from bridge.domain.errors import NotifyDown, NotifyRefused
from bridge.domain.notices import Notice, NoticeKind, NoticeState
from bridge.services.notices import Case, Notices
from bridge.services.settings import NoticeLimits
from tests.fakes.clock import FakeClock
from tests.fakes.memory_ledger import MemoryLedger
from tests.fakes.notifier import FakeNotifier
from tests.fakes.shop import FakeShop
from tests.unit.builders import CART, PRICE
from tests.unit.money_back import a_world, notices, paid_twice
from tests.unit.world import Killed, World

CASE = Case(kind=NoticeKind.SURPLUS, name="surplus:tr_2", cart=CART, transaction_id="tr_2", money=PRICE)


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


@pytest.fixture
def office() -> Office:
    return Office("webhook", "mail")


@pytest.fixture
def world(reporting: World) -> World:
    return reporting


@pytest.mark.req("P3", "P10")
def test_a_case_is_told_once_on_each_channel(office: Office) -> None:
    for _ in range(3):
        office.notices.tell(CASE)
    office.ledger.in_cart(CART, lambda tx: office.notices.tell_in(tx, CASE))
    assert office.notices.work_due() == 2
    office.notices.tell(CASE)
    office.clock.advance(hours=48)

    assert office.notices.work_due() == 0
    assert office.sent() == {"webhook": 1, "mail": 1}


@pytest.mark.req("P3")
def test_what_a_transaction_takes_back_is_not_told(office: Office) -> None:
    def work(tx: object) -> None:
        office.notices.tell_in(tx, CASE)  # type: ignore[arg-type]
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        office.ledger.in_cart(CART, work)
    assert office.notices.work_due() == 0


@pytest.mark.req("P3", "B9")
def test_a_channel_that_is_down_does_not_keep_the_other_one(office: Office) -> None:
    office.ways["webhook"].faults = [NotifyDown("refused")]
    office.notices.tell(CASE)
    assert office.notices.work_due() == 1
    assert office.sent() == {"webhook": 0, "mail": 1}

    waiting = office.stored("webhook")
    assert (waiting.state, waiting.tries, waiting.last_error) == (NoticeState.WAITING, 1, "NotifyDown: refused")
    assert waiting.next_try_at is not None
    pause = waiting.next_try_at - office.clock.now()
    assert timedelta(seconds=15) <= pause <= timedelta(seconds=30)
    office.clock.advance(pause - timedelta(seconds=1))
    assert office.notices.work_due() == 0
    office.clock.advance(seconds=1)
    assert office.notices.work_due() == 1
    assert (office.stored("webhook").state, office.stored("webhook").last_error) == (NoticeState.SENT, None)


@pytest.mark.req("B9")
def test_a_receiver_that_says_when_is_not_asked_before(office: Office) -> None:
    office.ways["mail"].faults = [NotifyDown("busy", retry_after=600)]
    office.notices.tell(CASE)
    office.notices.work_due()

    assert office.stored("mail").next_try_at == office.clock.now() + timedelta(seconds=600)


@pytest.mark.req("P3")
def test_a_refusal_is_final_and_is_kept(office: Office) -> None:
    office.ways["mail"].faults = [NotifyRefused("550 no such user")]
    office.notices.tell(CASE)
    office.notices.work_due()
    office.clock.advance(hours=48)
    office.notices.work_due()

    dead = office.stored("mail")
    assert (dead.state, dead.next_try_at) == (NoticeState.DEAD, None)
    assert dead.last_error == "NotifyRefused: 550 no such user"
    assert office.sent() == {"webhook": 1, "mail": 0}


@pytest.mark.req("P3", "B9")
def test_after_so_many_tries_it_is_dead_and_not_one_earlier() -> None:
    office = Office("mail", tries=4)
    office.ways["mail"].faults = [NotifyDown("down") for _ in range(10)]
    office.notices.tell(CASE)
    states = []
    for _ in range(6):
        office.notices.work_due()
        states.append(office.stored("mail").state.value)
        office.clock.advance(hours=2)

    assert states == ["waiting", "waiting", "waiting", "dead", "dead", "dead"]
    assert len(office.ways["mail"].faults) == 6


@pytest.mark.req("P3", "B9")
def test_the_last_try_may_still_get_through() -> None:
    office = Office("mail", tries=3)
    office.ways["mail"].faults = [NotifyDown("down")] * 2
    office.notices.tell(CASE)
    for _ in range(3):
        office.notices.work_due()
        office.clock.advance(hours=2)

    assert office.sent() == {"mail": 1}


@pytest.mark.req("P3")
def test_a_notice_that_kills_its_sender_each_time_is_given_up() -> None:
    office = Office("mail", tries=4)
    office.notices.tell(CASE)
    begun = 0

    def die(_: Notice) -> None:
        nonlocal begun
        begun += 1
        raise Killed

    office.ways["mail"].send = die  # type: ignore[method-assign,assignment]
    for _ in range(10):
        with suppress(Killed):
            office.notices.work_due()
        office.clock.advance(hours=2)

    assert begun == 4
    assert office.stored("mail").state is NoticeState.DEAD


@pytest.mark.req("P3")
def test_a_channel_that_is_not_configured_any_more_says_so(office: Office) -> None:
    office.notices.tell(CASE)
    office.open("webhook")
    assert office.notices.work_due() == 1

    assert office.stored("mail").state is NoticeState.DEAD
    assert "'mail' is not configured any more" in (office.stored("mail").last_error or "")
    assert office.sent() == {"webhook": 1, "mail": 0}


def test_without_a_channel_nothing_is_stored() -> None:
    office = Office()
    office.notices.tell(CASE)

    assert office.ledger._tables.notices == {}
    assert office.notices.work_due() == 0


@pytest.mark.req("P3", "B4")
def test_two_processes_send_a_notice_once(office: Office) -> None:
    office.notices.tell(CASE)
    way = office.ways["webhook"]
    send, seen = way.send, []

    def meanwhile(notice: Notice) -> None:
        way.send = send  # type: ignore[method-assign]
        seen.append(office.notices.work_due())
        send(notice)

    way.send = meanwhile  # type: ignore[method-assign]
    office.notices.work_due()

    assert office.sent() == {"webhook": 1, "mail": 1}
    assert seen == [1]


@pytest.mark.req("P3", "B4")
def test_a_slow_receiver_does_not_make_the_notices_behind_it_anybodys() -> None:
    """Each is taken for its own time, not for the time since the look began."""
    office = Office("mail")
    for number in range(5):
        office.notices.tell(replace(CASE, name=f"surplus:tr_{number}"))
    way = office.ways["mail"]
    send = way.send

    def slow(notice: Notice) -> None:
        office.clock.advance(seconds=50)
        way.send = send  # type: ignore[method-assign]
        other_sidecar.work_due()
        way.send = slow  # type: ignore[method-assign]
        send(notice)

    other_sidecar = Notices(ledger=_Blind(office.ledger), notifiers=[way], clock=office.clock, limits=office.limits)  # type: ignore[arg-type]
    way.send = slow  # type: ignore[method-assign]
    office.notices.work_due()

    cases = [notice.case for notice in way.sent]
    assert len(cases) == len(set(cases)) == 5


class _Blind:
    """A ledger whose due notices are only those that were taken before: what another sidecar might take over."""

    def __init__(self, ledger: MemoryLedger) -> None:
        self._ledger = ledger

    @property
    def queues(self) -> _BlindQueues:
        return _BlindQueues(self._ledger)


class _BlindQueues:
    def __init__(self, ledger: MemoryLedger) -> None:
        self._queues = ledger.queues

    def due_notices(self, now: object, limit: int) -> tuple[Notice, ...]:
        return tuple(each for each in self._queues.due_notices(now, limit) if each.tries > 0)  # type: ignore[arg-type]

    def __getattr__(self, name: str) -> object:
        return getattr(self._queues, name)


@pytest.mark.req("P3", "B9")
@pytest.mark.parametrize("kills", [True, False])
def test_a_process_that_breaks_anywhere_tells_at_least_once(*, kills: bool) -> None:
    """Between sending and writing it down there is no way to know: the same id then comes twice."""
    for at in range(1, 15):
        world = paid_twice("report")
        world.fuse.set(at, kills=kills)
        try:
            world.services.notices.work_due()
        except Exception:  # noqa: BLE001  (whatever broke)
            pass
        except Killed:
            world.run()
        world.fuse.set(None, kills=False)
        world.clock.advance(hours=2)
        world.services.notices.work_due()
        ids = {notice.id for notice in world.notifier.sent}
        assert (len(ids), len(world.notifier.sent) in (1, 2)) == (1, True), f"at crossing {at}"
        assert [notice.state for notice in notices(world)] == [NoticeState.SENT]
        world.close()


@pytest.mark.req("P3", "B8")
def test_a_merchant_who_can_not_be_told_does_not_stop_the_settling() -> None:
    world = a_world("refund")
    world.notifier.faults = [NotifyDown("down")] * 100
    world.add_payment("tr_1", "paid")
    world.deliver("tr_1")
    world.add_payment("tr_2", "paid", state="superseded")

    assert world.deliver("tr_2").state == "done"
    assert world.services.notices.work_due() == 0
    assert world.services.refunds.work_due() == 1
    world.close()


@pytest.mark.req("P10")
def test_what_a_notice_says_has_no_secret(world: World) -> None:
    world.services.notices.work_due()

    (notice,) = world.notifier.sent
    assert "security_token" not in str(notice)
    assert set(notice.detail) == {"action", "authorized", "settled_by", "payment_id", "refund_id"}
