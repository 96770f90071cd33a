"""The three acts: what happens in each, and what each must show for the demo to prove anything."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bridge.demo.scenario.beats import (
    Beat,
    announce,
    come_back,
    come_back_and_stay,
    give_back,
    hear_at_last,
    install,
    look_again,
    pay,
    pay_again_if_told_so,
    pay_unheard,
    press_pay,
    sit_through,
)
from bridge.demo.scenario.story import Story
from bridge.demo.storefront.return_page import NOT_COMPLETED, NOT_SUCCESSFUL


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """A timeline that is played twice. `installed` says whether the bridge is there from the beginning.

    `fault` looks at the way with the bridge, beyond what holds for every act; None when all is well.
    """

    title: str
    beats: tuple[Beat, ...]
    fault: Callable[[Story], str | None]
    installed: bool = True


def _one_payment(story: Story) -> str | None:
    made = len(story.payments())
    return None if made == 1 else f"{made} payments were created with the bridge instead of one"


def _one_surplus(story: Story) -> str | None:
    outcome = story.outcome()
    if len(outcome.surplus) != 1:
        return f"{len(outcome.surplus)} payments are recorded as surplus instead of one"
    if outcome.surplus[0].reached_module:
        return "the surplus payment was passed to the module"
    return None


def _never_told_of_failure(story: Story) -> str | None:
    told = {NOT_SUCCESSFUL, NOT_COMPLETED} & set(story.told)
    return f'the shopper who had paid was told "{told.pop()}"' if told else _one_payment(story)


THREE_TABS = Act(
    title="1. One cart, three tabs",
    beats=(
        Beat(second=0, what="Tab 1: the shopper presses Pay", do=press_pay(1)),
        Beat(second=5, what="Tab 2: presses Pay again", do=press_pay(2)),
        Beat(second=10, what="Tab 3: and once more", do=press_pay(3)),
        Beat(second=30, what="Pays in tab 1", do=pay(1)),
        Beat(second=32, what="Pays in tab 2", do=pay(2)),
        Beat(second=35, what="Mollie tells the shop, both its web servers at once", do=announce),
        Beat(second=60, what="Comes back to the shop", do=come_back_and_stay(1)),
    ),
    fault=_one_payment,
)

TWO_OPEN_PAGES = Act(
    title="2. Two pages were open before the bridge was there",
    beats=(
        Beat(second=0, what="Tab 1: the shopper presses Pay", do=press_pay(1)),
        Beat(second=5, what="Tab 2: presses Pay again", do=press_pay(2)),
        Beat(second=20, what="The bridge is installed", do=install),
        Beat(second=30, what="Pays in tab 1", do=pay(1)),
        Beat(second=32, what="Pays in tab 2", do=pay(2)),
        Beat(second=35, what="Mollie tells the shop, both its web servers at once", do=announce),
        Beat(second=45, what="Comes back to the shop", do=come_back_and_stay(1)),
        Beat(second=60, what="The merchant gives back what was paid too much", do=give_back),
    ),
    fault=_one_surplus,
    installed=False,
)

LOST_WEBHOOK = Act(
    title="3. Mollie's message to the shop is lost",
    beats=(
        Beat(second=0, what="The shopper presses Pay", do=press_pay(1)),
        Beat(second=10, what="Pays; Mollie's message about it is lost", do=pay_unheard(1)),
        Beat(second=12, what="Comes back to the shop", do=come_back(1)),
        Beat(second=15, what="The page looks for his order once more", do=look_again(1)),
        Beat(second=42, what="Has waited for half a minute", do=sit_through(1)),
        Beat(second=50, what="Pays again, if told to", do=pay_again_if_told_so(2)),
        Beat(second=60, what="Mollie's message arrives after all", do=hear_at_last),
    ),
    fault=_never_told_of_failure,
)

ACTS = (THREE_TABS, TWO_OPEN_PAGES, LOST_WEBHOOK)
