"""The steps of the timelines. Each acts, then looks what came of it, and tells that: nothing unread is told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bridge.demo.scenario.outcome import Outcome
from bridge.demo.scenario.story import Story
from bridge.demo.simulator.records import Payment
from bridge.demo.storefront.return_page import NOT_COMPLETED, NOT_SUCCESSFUL

Do = Callable[[Story], str]

NOTHING = "-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Beat:
    """At `second`, `what` happens; `do` lets it happen and returns what could be seen of it."""

    second: int
    what: str
    do: Do


def press_pay(tab: int) -> Do:
    """The pay button of the shop."""

    def do(story: Story) -> str:
        before = story.payments()
        page = story.press_pay(tab)
        made = [payment for payment in story.payments() if payment not in before]
        if made:
            return f"{_name(story, made[0])} is created at Mollie"
        if page.checkout_of is not None:
            return f"is sent to the open page of {_name_of(story, page.checkout_of)}, nothing new is created"
        return f'is told "{page.message}"'

    return do


def pay(tab: int) -> Do:
    """The pay button of Mollie's page."""

    def do(story: Story) -> str:
        page = story.tab(tab)
        status = page.press_pay()
        payment = next(p for p in story.payments() if p.id == page.checkout_of)
        if status >= 400:
            return f"the page takes no money: {_name(story, payment)} is {payment.status} already"
        outcome = story.outcome()
        more = f", {outcome.taken.value} in all" if outcome.taken != payment.amount else ""
        return f"{payment.amount.value} taken for {_name(story, payment)}{more}"

    return do


def pay_unheard(tab: int) -> Do:
    """The same, but what Mollie has to say about it is lost on its way to the shop."""

    def do(story: Story) -> str:
        story.lose(next(p for p in story.payments() if p.id == story.tab(tab).checkout_of))
        return pay(tab)(story)

    return do


def announce(story: Story) -> str:
    """Mollie's webhooks, all at the same moment."""
    story.announce()
    return _tell_orders(story)


def look_for_orders(story: Story) -> str:
    """The merchant looks at his orders."""
    outcome = story.outcome()
    pairs = zip(outcome.references, outcome.order_states, strict=False)
    return ", ".join(f"order {reference} is {state}" for reference, state in pairs) or "no order"


def install(story: Story) -> str:
    """The bridge is put to work, where there is one."""
    story.guard(on=True)
    if not story.with_bridge:
        return NOTHING
    still_open = [p for p in story.payments() if p.payable]
    return f"from now on; {len(still_open)} open pages can still be paid"


def come_back(tab: int) -> Do:
    """Mollie sends the shopper back to the shop."""
    return lambda story: _tell_page(story, story.come_back(tab))


def come_back_and_stay(tab: int) -> Do:
    """The same, and he stays until the page has something to tell."""

    def do(story: Story) -> str:
        story.come_back(tab)
        return _tell_page(story, story.sit_through(tab))

    return do


def look_again(tab: int) -> Do:
    """The page that waits for the order looks again by itself, as it does every three seconds."""
    return lambda story: _tell_page(story, story.look_again(tab)) if story.tab(tab).is_waiting else NOTHING


def sit_through(tab: int) -> Do:
    """The shopper stays on that page as long as it waits."""
    return lambda story: _tell_page(story, story.sit_through(tab)) if story.tab(tab).is_waiting else NOTHING


def pay_again_if_told_so(tab: int) -> Do:
    """The shopper does what he is told."""

    def do(story: Story) -> str:
        if not {NOT_SUCCESSFUL, NOT_COMPLETED} & set(story.told):
            return "has his order and leaves" if story.outcome().references else "leaves"
        story.press_pay(tab)
        paid = pay(tab)(story)
        story.announce()
        return f"{paid}; {_tell_orders(story)}"

    return do


def hear_at_last(story: Story) -> str:
    """The lost webhook arrives after all."""
    story.find(story.payments()[0])
    return _tell_orders(story)


def give_back(story: Story) -> str:
    """The merchant gives back what the bridge has recorded as paid too much."""
    story.give_surplus_back()
    outcome = story.outcome()
    if not outcome.surplus:
        return "nothing is marked as paid too much"
    return f"{outcome.given_back.value} given back; {look_for_orders(story)}"


def _tell_page(story: Story, message: str) -> str:
    return f'is told "{message}"; {_tell_references(story.outcome())}'


def _tell_orders(story: Story) -> str:
    outcome = story.outcome()
    return _tell_references(outcome) + _tell_surplus(story, outcome)


def _tell_references(outcome: Outcome) -> str:
    match outcome.references:
        case ():
            return "no order"
        case (reference,):
            return f"one order: {reference}"
        case several:
            return f"{len(several)} orders: {', '.join(several)}"


def _tell_surplus(story: Story, outcome: Outcome) -> str:
    told = ""
    for payment in outcome.surplus:
        module = "knows of it all the same" if payment.reached_module else "does not hear of it"
        told += f"; {_name_of(story, payment.transaction_id)} is marked as paid too much, the shop's module {module}"
    return told


def _name(story: Story, payment: Payment) -> str:
    return f"payment {[p.id for p in story.payments()].index(payment.id) + 1}"


def _name_of(story: Story, transaction_id: str) -> str:
    return _name(story, next(p for p in story.payments() if p.id == transaction_id))
