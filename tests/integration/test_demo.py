"""The demo: three tabs and the timeline T+0 s to T+60 s, on SQLite and file locks, with the real sidecar in between."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path

import pytest
import requests
from rich.console import Console

from bridge.demo.playground import Playground, open_playground
from bridge.demo.run import perform
from bridge.demo.scenario import LOST_WEBHOOK, THREE_TABS, TWO_OPEN_PAGES, Act, Played, play, table_of
from bridge.demo.scenario.story import Story

pytestmark = pytest.mark.slow

AT_ONCE = 0.0
"""The scale: the order of the steps is what counts here, not the pauses between them."""


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Playground]:
    with open_playground(tmp_path_factory.mktemp("demo")) as opened:
        yield opened


@pytest.fixture(scope="module")
def three_tabs(ground: Playground) -> Played:
    return play(THREE_TABS, ground, scale=AT_ONCE)


@pytest.fixture(scope="module")
def two_open_pages(ground: Playground) -> Played:
    """Without the bridge two webhooks at once are a race: on a busy machine one may be through before the other is."""
    played = play(TWO_OPEN_PAGES, ground, scale=AT_ONCE)
    for _ in range(4):
        if len(played.before.outcome.references) != 2:
            played = play(TWO_OPEN_PAGES, ground, scale=AT_ONCE)
    return played


@pytest.fixture(scope="module")
def lost_webhook(ground: Playground) -> Played:
    return play(LOST_WEBHOOK, ground, scale=AT_ONCE)


def seen_at(played: Played, second: int) -> tuple[str, str]:
    """What was seen at a moment of the timeline, without the bridge and with it."""
    found = [i for i, beat in enumerate(played.act.beats) if beat.second == second]
    return played.before.seen[found[0]], played.after.seen[found[0]]


# The three tabs


@pytest.mark.req("P5")
def test_three_tabs_without_the_bridge_are_two_payments_taken_and_two_orders(three_tabs: Played) -> None:
    outcome = three_tabs.before.outcome

    assert len(outcome.payments) == 3
    assert (outcome.taken.value, outcome.owed.value, outcome.too_much.value) == ("28.80", "14.40", "14.40")
    assert len(outcome.references) == 2


@pytest.mark.req("P5", "P1")
def test_three_tabs_with_the_bridge_are_one_payment_and_one_order(three_tabs: Played) -> None:
    outcome = three_tabs.after.outcome

    assert len(outcome.payments) == 1
    assert (outcome.taken.value, outcome.owed.value, outcome.too_much.value) == ("14.40", "14.40", "0.00")
    assert len(outcome.references) == 1


@pytest.mark.req("P5", "P1", "B3")
@pytest.mark.parametrize("second", [5, 10])
def test_at_5_and_at_10_seconds_the_other_tabs_come_to_the_page_that_is_open(three_tabs: Played, second: int) -> None:
    before, after = seen_at(three_tabs, second)

    assert "is created at Mollie" in before
    assert after == "is sent to the open page of payment 1, nothing new is created"


@pytest.mark.req("P5")
def test_at_32_seconds_the_second_tab_takes_the_money_again_but_with_the_bridge_it_does_not(three_tabs: Played) -> None:
    assert seen_at(three_tabs, 32) == (
        "14.40 taken for payment 2, 28.80 in all",
        "the page takes no money: payment 1 is paid already",
    )


@pytest.mark.req("P5")
def test_at_60_seconds_the_shopper_sees_his_order_confirmed(three_tabs: Played) -> None:
    assert three_tabs.after.told[-1] == "Your order is confirmed"


# Two payments, two webhooks at once


@pytest.mark.req("P5")
def test_two_webhooks_at_once_on_two_web_servers_make_two_orders_without_the_bridge(two_open_pages: Played) -> None:
    assert seen_at(two_open_pages, 35)[0].startswith("2 orders")


@pytest.mark.req("P5", "P2", "P3", "B4")
def test_with_the_bridge_they_make_one_order_and_one_surplus_payment_that_the_module_never_hears_of(
    two_open_pages: Played,
) -> None:
    outcome = two_open_pages.after.outcome

    assert len(outcome.paid) == 2
    assert len(outcome.references) == 1
    assert [payment.reached_module for payment in outcome.surplus] == [False]
    assert "marked as paid too much" in seen_at(two_open_pages, 35)[1]


@pytest.mark.req("B4")
def test_the_surplus_is_given_back_and_the_order_stays_paid(two_open_pages: Played) -> None:
    outcome = two_open_pages.after.outcome

    assert (outcome.taken.value, outcome.given_back.value) == ("28.80", "14.40")
    assert outcome.order_states == ("paid",)


# The lost webhook


@pytest.mark.req("B15")
def test_without_the_bridge_a_lost_webhook_makes_the_shopper_pay_twice(lost_webhook: Played) -> None:
    assert "Your payment was not successful. Try again." in lost_webhook.before.told
    assert lost_webhook.before.outcome.taken.value == "28.80"


@pytest.mark.req("B15")
def test_with_the_bridge_the_order_is_there_when_the_shopper_comes_back(lost_webhook: Played) -> None:
    assert "one order" in seen_at(lost_webhook, 12)[1]
    assert lost_webhook.after.told == ("Awaiting payment status", "Your order is confirmed")


@pytest.mark.req("P5", "B15")
def test_the_webhook_that_comes_late_changes_nothing(lost_webhook: Played) -> None:
    assert lost_webhook.after.outcome.is_clean
    assert len(lost_webhook.after.outcome.payments) == 1


@pytest.mark.req("B15")
def test_who_paid_on_a_page_from_before_the_bridge_is_not_told_that_he_failed_either(ground: Playground) -> None:
    ground.mollie.webhooks.hold()
    story = Story(ground, with_bridge=True)
    story.guard(on=False)
    story.press_pay(1)
    story.guard(on=True)
    story.lose(story.payments()[0])

    story.tab(1).press_pay()
    story.come_back(1)

    assert story.sit_through(1) == "Your order is confirmed"


# The verdict


@pytest.mark.req("P5")
@pytest.mark.parametrize("name", ["three_tabs", "two_open_pages", "lost_webhook"])
def test_every_act_proves_what_it_should(name: str, request: pytest.FixtureRequest) -> None:
    played: Played = request.getfixturevalue(name)

    assert played.faults == ()


class Unplugged(Playground):
    """A demo whose bridge does nothing."""

    def guard(self, *, on: bool) -> None:
        super().guard(on=False)


class AlwaysGuarded(Playground):
    """A demo that can not show what happens without the bridge."""

    def guard(self, *, on: bool) -> None:
        super().guard(on=True)


@dataclass(frozen=True, slots=True)
class Performed:
    status: int
    text: str


def performed(ground: Playground, act: Act = THREE_TABS) -> Performed:
    out = io.StringIO()
    status = perform(ground, Console(file=out, width=80, highlight=False), acts=[act], scale=AT_ONCE)
    return Performed(status, out.getvalue())


def changed(ground: Playground, kind: type[Playground]) -> Playground:
    return kind(**{field.name: getattr(ground, field.name) for field in fields(ground)})


def test_an_after_that_is_not_clean_fails_the_demo_and_says_why(ground: Playground) -> None:
    shown = performed(changed(ground, Unplugged))

    assert shown.status == 1
    assert "with the bridge there are 2 orders instead of one" in shown.text
    assert "With it, once" not in shown.text


def test_a_before_without_a_double_payment_fails_the_demo(ground: Playground) -> None:
    shown = performed(changed(ground, AlwaysGuarded))

    assert shown.status == 1
    assert "so nothing is proven" in shown.text


def test_the_table_is_plain_text_of_80_columns_in_a_pipe(two_open_pages: Played) -> None:
    out = io.StringIO()

    Console(file=out, width=80).print(table_of(two_open_pages))

    lines = out.getvalue().splitlines()
    assert max(map(len, lines)) == 80
    assert "\x1b" not in out.getvalue()
    assert "taken 28.80" in out.getvalue()


# The page


def test_the_pages_switch_holds_for_both_web_servers(ground: Playground) -> None:
    requests.post(f"{ground.shop_url}/bridge", data={"on": "0"}, timeout=10)
    story = Story(ground, with_bridge=False)
    story.press_pay(1)
    story.press_pay(2)

    for tab in (1, 2):
        story.tab(tab).press_pay()
    story.let_webhooks_end()
    ground.guard(on=True)

    assert len(story.payments()) == 2
    assert ground.back_office.attempts_of(story.cart_id) == ()


def test_the_page_gives_a_surplus_payment_back_once(ground: Playground) -> None:
    ground.mollie.webhooks.hold()
    story = Story(ground, with_bridge=True)
    story.guard(on=False)
    story.press_pay(1)
    story.press_pay(2)
    story.guard(on=True)
    for tab in (1, 2):
        story.tab(tab).press_pay()
    story.announce()
    page = f"{ground.shop_url}/cart/{story.cart_id}"
    assert "Give it back" in requests.get(page, timeout=10).text
    asked = {"cart_id": story.cart_id, "transaction_id": story.outcome().surplus[0].transaction_id}

    answers = [requests.post(f"{ground.shop_url}/give-back", data=asked, timeout=10) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert "Give it back" not in answers[1].text
    assert story.outcome().given_back.value == "14.40"


def test_no_environment_variable_leads_the_demo_to_another_shop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MOLLIE_BRIDGE_DATABASE__URL", "sqlite:////nowhere/merchants-own.sqlite")
    monkeypatch.setenv("MOLLIE_BRIDGE_MOLLIE__ENDPOINT", "https://mollie.test")

    with open_playground(tmp_path) as ground:
        story = Story(ground, with_bridge=True)
        story.guard(on=True)
        story.press_pay(1)

        assert len(story.payments()) == 1
