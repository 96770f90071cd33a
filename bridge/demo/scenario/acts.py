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
from bridge.demo.scenario.outcome import Outcome
from bridge.demo.storefront.return_page import NOT_COMPLETED, NOT_SUCCESSFUL


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """A timeline that is played twice. `installed` says whether the bridge is there from the beginning.

    `find_fault` looks at what became of the cart with the bridge, and at what the shopper was told, for what this act
    must show beyond what every act must; None when all is well.
    """

    title: str
    beats: tuple[Beat, ...]
    find_fault: Callable[[Outcome, tuple[str, ...]], str | None]
    installed: bool = True


def _more_than_one_payment(outcome: Outcome, _told: tuple[str, ...]) -> str | None:
    made = len(outcome.payments)
    return None if made == 1 else f"with the bridge {made} payments were created instead of one"


def _not_one_surplus(outcome: Outcome, _told: tuple[str, ...]) -> str | None:
    if len(outcome.surplus) != 1:
        return f"with the bridge {len(outcome.surplus)} payments are recorded as surplus instead of one"
    if outcome.surplus[0].reached_module:
        return "with the bridge the surplus payment was passed to the shop's module"
    return None


def _told_of_failure(outcome: Outcome, told: tuple[str, ...]) -> str | None:
    failures = [message for message in told if message in (NOT_SUCCESSFUL, NOT_COMPLETED)]
    if failures:
        return f'with the bridge the shopper who had paid was told "{failures[0]}"'
    return _more_than_one_payment(outcome, told)


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
    find_fault=_more_than_one_payment,
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
    find_fault=_not_one_surplus,
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
    find_fault=_told_of_failure,
)

ACTS = (THREE_TABS, TWO_OPEN_PAGES, LOST_WEBHOOK)
