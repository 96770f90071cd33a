"""Reading ahead: while the server runs, the days that are over are read before anybody looks at status or page."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from typing import Any, cast

import pytest

from bridge.adapters.memory_locks import MemoryCartLocks
from bridge.domain.days import Window
from bridge.ports.figures import FigureSource
from bridge.services.container import Services
from bridge.services.kept import FRESH_FOR
from bridge.services.status import DAYS
from tests.fakes.busy_month import BusyMonth
from tests.fakes.clock import FakeClock
from tests.fakes.memory_ledger import MemoryLedger
from tests.fakes.mollie import FakeMollie, FakeMollieAccounts
from tests.fakes.services import make_services
from tests.fakes.shop import FakeShop
from tests.fakes.shop_webhook import FakeShopWebhook, mollie_module
from tests.services.waiting import wait_until

pytestmark = pytest.mark.req("B13")


class Recorder:
    """A `FigureSource` that notes the days at which reads begin that read a stretch of time."""

    def __init__(self, source: FigureSource) -> None:
        self._source = source
        self.read: list[tuple[str, datetime]] = []

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._source, name)
        if name not in ("decided", "ordered", "begun"):
            return found

        def noted(since: datetime, until: datetime) -> object:
            self.read.append((name, since))
            return found(since, until)

        return noted


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def ledger(clock: FakeClock) -> MemoryLedger:
    ledger = MemoryLedger(FakeShop(clock))
    BusyMonth(ledger, clock.now()).write()
    return ledger


@pytest.fixture
def recorder(ledger: MemoryLedger) -> Recorder:
    return Recorder(ledger.figures)


@pytest.fixture
def services(clock: FakeClock, ledger: MemoryLedger, recorder: Recorder) -> Iterator[Services]:
    shop, mollie = FakeShop(clock), FakeMollie()
    made = make_services(
        ledger=ledger,
        locks=MemoryCartLocks(clock),
        accounts=FakeMollieAccounts(mollie),
        shop_webhook=FakeShopWebhook(mollie_module(shop, mollie)),
        clock=clock,
        figures=cast("FigureSource", recorder),
    )
    with closing(made):
        yield made


def read_ahead(services: Services) -> None:
    for _ in range(DAYS + 24):
        services.dashboard.catch_up()


def of_the_trail(recorder: Recorder) -> list[tuple[str, datetime]]:
    return [(name, since) for name, since in recorder.read if name != "begun"]


def test_after_reading_ahead_a_look_reads_what_is_not_over_alone(
    services: Services, recorder: Recorder, clock: FakeClock
) -> None:
    read_ahead(services)
    recorder.read.clear()

    services.dashboard.overview()

    over = Window.of(clock.now(), DAYS).over
    assert of_the_trail(recorder) == [("decided", over), ("ordered", over)]


def test_a_step_of_reading_ahead_reads_one_stretch_of_the_trail(services: Services, recorder: Recorder) -> None:
    services.dashboard.catch_up()

    assert [name for name, _ in of_the_trail(recorder)] == ["decided", "ordered"]


def test_an_hour_that_becomes_over_is_read_ahead_as_well(
    services: Services, recorder: Recorder, clock: FakeClock
) -> None:
    read_ahead(services)
    over = Window.of(clock.now(), DAYS).over
    clock.advance(hours=1)
    recorder.read.clear()

    services.dashboard.catch_up()

    assert of_the_trail(recorder) == [("decided", over), ("ordered", over)]


def test_what_was_read_ahead_changes_no_figure(services: Services, clock: FakeClock) -> None:
    looked = services.dashboard.overview()
    read_ahead(services)
    clock.advance(seconds=FRESH_FOR + 1)

    again = services.dashboard.overview()

    assert looked.status.surplus > 1
    assert sum(day.orders for day in looked.times) > 1
    assert (again.status.daily, again.payments, again.times) == (looked.status.daily, looked.payments, looked.times)


def test_the_server_reads_ahead_by_itself(services: Services, recorder: Recorder) -> None:
    (reading,) = [regularly for regularly in services.background if regularly.name == "figures"]

    reading.start()
    try:
        wait_until(lambda: {name for name, _ in recorder.read} == {"decided", "ordered", "begun"})
    finally:
        reading.close()
