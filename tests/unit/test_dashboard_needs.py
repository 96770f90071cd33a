"""The commands that the merchant's page tells are ones that there are, and its settings those that are documented."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from bridge.config_sections import DashboardSettings
from bridge.domain.rollout import Rollout, RolloutMode
from bridge.services.dashboard import Held, Needs
from bridge.web.dashboard.needs import is_watching, needs_of
from bridge.web.settings import DashboardAccess
from tests.fakes.busy_month import BusyMonth
from tests.fakes.services import make_world
from tests.unit.pages import BRIDGE, page
from tests.unit.test_docs_operations import calls, fault

pytestmark = pytest.mark.req("B13")


def test_every_command_on_a_page_is_one_that_there_is() -> None:
    with make_world() as world:
        BusyMonth(world.ledger, world.clock.now()).write()
        overview = world.services.dashboard.overview()
    worst = replace(
        overview,
        needs=Needs(
            dead_deliveries=1,
            refunds_proposed=1,
            refunds_failed=1,
            refunds_uncertain=1,
            refunds_unsent=1,
            notices_dead=1,
            unverified_orders=1,
            unreturned=overview.needs.unreturned,
        ),
        held=Held(locks=None, leased=()),
    )
    told = [need.command for need in needs_of(worst) if need.command]
    templates = (BRIDGE / "web" / "dashboard" / "templates" / "dashboard").glob("*.html")
    shown = [found for file in templates for found in re.findall(r"<code>(mollie-bridge [^<{]+)", file.read_text())]

    assert len(needs_of(worst)) == 10
    assert len(told) + len(shown) > 10
    assert [each for each in (fault(call.removeprefix("mollie-bridge ")) for call in (*told, *shown)) if each] == []


def test_the_how_to_names_no_command_that_there_is_not() -> None:
    assert [each for each in map(fault, calls(page("how-to/use-the-dashboard.md"))) if each] == []


@pytest.mark.parametrize(
    ("rollout", "watching"),
    [
        (Rollout(), False),
        (Rollout(percentage=50), True),
        (Rollout(mode=RolloutMode.OBSERVE), True),
    ],
)
def test_it_says_when_carts_are_only_watched(rollout: Rollout, watching: bool) -> None:
    with make_world() as world:
        overview = world.services.dashboard.overview()

    assert is_watching(replace(overview, status=replace(overview.status, rollout=rollout))) is watching


@pytest.mark.req("L12")
def test_the_settings_defaults_are_the_documented_ones() -> None:
    settings = DashboardSettings()

    assert DashboardAccess() == DashboardAccess(**settings.model_dump())
