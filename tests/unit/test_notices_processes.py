"""Telling the merchant from several processes, and from one that breaks: never lost, and never in the way."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bridge.domain.errors import NotifyDown
from bridge.domain.notices import Notice, NoticeState
from bridge.services.notices import Notices
from tests.fakes.memory_ledger import MemoryLedger
from tests.unit.money_back import a_world, notices, paid_twice
from tests.unit.notice_office import CASE, Office
from tests.unit.world import Killed


@pytest.fixture
def office() -> Office:
    return Office("webhook", "mail")


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
