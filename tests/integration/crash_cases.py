"""Carts that are worked on while sidecars are killed: how each comes about, and what must come of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

import requests

from bridge.demo.storefront.database import system_now
from bridge.demo.storefront.seed import State
from tests.integration.findings import attempt_state, order_of, order_states, paid_by, refunded, undone
from tests.integration.mortal import Life, MortalSidecar
from tests.integration.world import World

MINUTE = 60.0
RETRIES = tuple(MINUTE * minutes for minutes in (1, 3, 7, 15, 31, 60, 120, 240))
"""When Mollie comes again, in seconds after its first call."""
PASSES = tuple(MINUTE * minutes for minutes in (10, 45, 60, 75, 90, 105, 120))
"""When the janitor comes; open payments are asked about after half an hour."""


@dataclass(kw_only=True)
class Case:
    """A cart, its payment that Mollie announces, and what was written in the shop before."""

    cart_id: int
    transaction_id: str
    before: dict[str, object] = field(default_factory=dict)


@dataclass(kw_only=True)
class Crashing:
    """The world, its killed sidecars, and how Mollie's call is made (`call`)."""

    world: World
    sidecar: MortalSidecar
    call: Callable[[str], int | None]

    def set_clock_ahead(self, seconds: float) -> None:
        """The web servers' clocks go with the sidecar's: what it signs has a time."""
        for shop in self.world.shops:
            shop.now = partial(_ahead, seconds)

    def strike(self, case: Case, die_at: int) -> Life:
        """Mollie's call, to a sidecar that dies at that point."""
        self.sidecar.live(die_at=die_at)
        with suppress(requests.ConnectionError):
            self.call(case.transaction_id)
        return self.sidecar.end()

    def come_again(self, cases: Sequence[Case]) -> None:
        """Mollie's own retries until each is accepted; a sidecar was started again and works on its queues."""
        waiting = list(cases)
        for later in RETRIES:
            self.set_clock_ahead(later)
            with self.sidecar.living(later=later):
                waiting = [case for case in waiting if self.call(case.transaction_id) != 200]
            self.sidecar.work("inbox", later=later)
            self.sidecar.work("refunds", later=later)
            if not waiting and not undone(self.world):
                return
        raise AssertionError(f"never accepted: {waiting}, left: {undone(self.world)}")

    def sweep(self, cases: Sequence[Case]) -> None:
        """Mollie never comes again; only `mollie-bridge janitor --once` does, until nothing is left to do."""
        for later in PASSES:
            self.set_clock_ahead(later)
            self.sidecar.work("janitor", later=later)
            if later > 31 * MINUTE and not undone(self.world):
                return
        raise AssertionError(f"left: {undone(self.world)}")

    # --- how the carts come about -----------------------------------------------------------------------------------

    def paid(self, number: int) -> list[Case]:
        """Carts with one payment, paid, of which nobody has been told."""
        with self.sidecar.living():
            cases = [self._opened() for _ in range(number)]
        for case in cases:
            self.world.mollie.pay(case.transaction_id)
        return cases

    def expired(self, number: int) -> list[Case]:
        """Carts with one payment, expired, of which nobody has been told."""
        with self.sidecar.living():
            cases = [self._opened() for _ in range(number)]
        for case in cases:
            self.world.mollie.expire(case.transaction_id)
        return cases

    def paid_twice(self, number: int) -> list[Case]:
        """Carts that were changed between two tabs, settled by the second payment; now the first is paid, too."""
        cases = []
        with self.sidecar.living():
            for _ in range(number):
                case = self._opened()
                self.world.shop.change_cart(case.cart_id, "28.80")
                _, second = self.world.open_payment(case.cart_id, "28.80")
                self.world.mollie.webhooks.lose(second)
                self.world.mollie.pay(second)
                assert self.call(second) == 200
                self.world.mollie.pay(case.transaction_id)
                case.before = order_of(self.world, case.cart_id)
                cases.append(case)
        return cases

    def to_be_refunded(self, number: int) -> list[Case]:
        """As `paid_twice`, and the bridge has been told: the refund stands in the queue."""
        cases = self.paid_twice(number)
        with self.sidecar.living():
            for case in cases:
                assert self.call(case.transaction_id) == 200
        return cases

    def _opened(self) -> Case:
        cart_id, _ = self.world.new_cart()
        _, transaction_id = self.world.open_payment(cart_id)
        self.world.mollie.webhooks.lose(transaction_id)
        return Case(cart_id=cart_id, transaction_id=transaction_id)

    # --- what must come of them -------------------------------------------------------------------------------------

    def is_settled_once(self, case: Case) -> None:
        """One order, paid once and never anything else; the bridge and the module say the same."""
        (order,) = self.world.shop.orders_of(case.cart_id)
        assert order_states(self.world, case.cart_id) == [State.PAID]
        assert paid_by(self.world, case.cart_id) == [case.transaction_id]
        (row,) = self.world.shop.payments_of(case.cart_id)
        assert (row["bank_status"], row["order_id"]) == ("paid", order["id_order"])
        assert attempt_state(self.world, case.transaction_id) == "paid"
        state = "SELECT order_phase, settled_transaction_id FROM {p}cart WHERE id_cart = %s"
        assert self.world.rows(state, case.cart_id) == (("done", case.transaction_id),)

    def is_given_back_once(self, case: Case) -> None:
        """The surplus money is back, once and all of it; what the shop says of its order has not changed."""
        assert refunded(self.world, case.transaction_id) == ["14.40"]
        refunds = "SELECT state, amount_minor FROM {p}refund WHERE transaction_id = %s"
        assert self.world.rows(refunds, case.transaction_id) == (("refunded", 1440),)
        assert attempt_state(self.world, case.transaction_id) == "refunded"
        assert order_of(self.world, case.cart_id) == case.before

    def is_free(self, case: Case) -> None:
        """No order, and the cart may be paid."""
        assert self.world.shop.orders_of(case.cart_id) == []
        assert attempt_state(self.world, case.transaction_id) == "expired"
        live = "SELECT COUNT(*) FROM {p}attempt WHERE live_cart_id = %s"
        assert self.world.rows(live, case.cart_id) == ((0,),)


def _ahead(seconds: float) -> datetime:
    return system_now() + timedelta(seconds=seconds)
