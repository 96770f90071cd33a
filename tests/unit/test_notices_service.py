"""Telling the merchant: once per case and channel, and tried again while there is hope."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

import pytest

from bridge.domain.errors import NotifyDown, NotifyRefused
from bridge.domain.notices import Notice, NoticeState
from tests.unit.builders import CART
from tests.unit.notice_office import CASE, Office
from tests.unit.world import Killed, World


@pytest.fixture
def office() -> Office:
    return Office("webhook", "mail")


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


@pytest.mark.req("P10")
def test_what_a_notice_says_has_no_secret(reporting: World) -> None:
    reporting.services.notices.work_due()

    (notice,) = reporting.notifier.sent
    assert "security_token" not in str(notice)
    assert set(notice.detail) == {"action", "authorized", "settled_by", "payment_id", "refund_id"}
