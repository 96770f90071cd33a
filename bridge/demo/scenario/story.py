"""One cart's way through the timeline: what the shopper and Mollie do, and what can be read of it afterwards."""

from __future__ import annotations

from typing import Final

from bridge.demo.playground import Playground
from bridge.demo.scenario.outcome import Outcome, payments_of, read_outcome
from bridge.demo.scenario.tab import Tab
from bridge.demo.simulator.records import Payment

MUG: Final = 1
"""The product that the cart holds: one for 14.40 EUR."""

_IDLE: Final = 15.0
"""Seconds to wait for the webhooks that Mollie repeats; each repeat comes within a few."""


class Story:
    """A cart and its shopper. `with_bridge` says which of the two ways this is; the acts decide when it begins."""

    def __init__(self, ground: Playground, *, with_bridge: bool) -> None:
        self.ground = ground
        self.with_bridge = with_bridge
        self.cart_id = ground.shop.add_cart(products={MUG: 1})
        self._tabs: dict[int, Tab] = {}
        self.told: list[str] = []
        """Every page that the shopper was shown by the shop, by what it said."""

    def tab(self, number: int) -> Tab:
        """The shopper's tab of that number."""
        return self._tabs.setdefault(number, Tab())

    def guard(self, *, on: bool) -> None:
        """Let the bridge watch over the shop from now on, or not."""
        self.ground.guard(on=on and self.with_bridge)

    def press_pay(self, tab: int) -> Tab:
        """The pay button of the shop, in a tab."""
        page = self.tab(tab)
        page.open(self.ground.shop.urls.payment(self.cart_id, "ideal"))
        return page

    def come_back(self, tab: int) -> str:
        """Back in the shop after the payment; what the shopper is told there."""
        self.tab(tab).come_back()
        return self._hear(tab)

    def look_again(self, tab: int) -> str:
        """The page that waits for the order looks again by itself; what it says then."""
        self.tab(tab).look_again()
        return self._hear(tab)

    def sit_through(self, tab: int) -> str:
        """The same, as often as the page does it; what it says in the end."""
        self.tab(tab).sit_through()
        return self._hear(tab)

    def _hear(self, tab: int) -> str:
        message = self.tab(tab).message
        self.told.append(message)
        return message

    def announce(self) -> None:
        """Mollie tells the shop about every paid payment that it is not to lose, all at the same moment, and repeats
        what was refused.
        """
        webhooks = self.ground.mollie.webhooks
        waiting = {transaction_id for transaction_id, _ in webhooks.waiting()}
        webhooks.deliver_together(p.id for p in self.payments() if p.id in waiting)
        self.let_webhooks_end()

    def let_webhooks_end(self) -> None:
        """Let out what is still to be told, and wait until the shop has taken it."""
        webhooks = self.ground.mollie.webhooks
        webhooks.release()
        webhooks.wait_until_idle(_IDLE)
        webhooks.hold()

    def lose(self, payment: Payment) -> None:
        """Let what Mollie has to tell about a payment be lost on the way."""
        self.ground.mollie.webhooks.lose(payment.id)

    def find(self, payment: Payment) -> None:
        """Let it arrive after all."""
        webhooks = self.ground.mollie.webhooks
        webhooks.find(payment.id)
        webhooks.deliver(payment.id)
        self.let_webhooks_end()

    def give_surplus_back(self) -> None:
        """The merchant has the sidecar give back what it recorded as paid too much."""
        for payment in self.outcome().surplus:
            self.ground.back_office.give_back(payment.transaction_id)
        self.let_webhooks_end()

    def payments(self) -> tuple[Payment, ...]:
        """What Mollie has of the cart."""
        return payments_of(self.ground, self.cart_id)

    def outcome(self) -> Outcome:
        """Everything that can be read of the cart now."""
        return read_outcome(self.ground, self.cart_id)
