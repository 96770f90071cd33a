"""Two Mollies under one name: the real client against the simulator, and the fake that the services are tested with."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Protocol

from bridge.adapters.mollie import MollieClientAccounts
from bridge.adapters.mollie.api import ClientMollie
from bridge.demo.serving import serve_in_thread
from bridge.demo.simulator import MollieSimulator, create_app
from bridge.domain.money import Money
from bridge.ports.mollie import Mollie, NewPayment
from bridge.ports.shop import MollieAccess
from tests.fakes.mollie import FakeMollie

KEY = "test_contract1"
WEBHOOK = "http://shop.example.test/module/mollie/webhook?security_token=abc"


def new_payment(amount: str = "14.40", **changes: Any) -> NewPayment:
    """A sound request for a payment of cart 42."""
    sound = NewPayment(
        money=Money.parse(amount, "EUR"),
        description="Order 42",
        redirect_url="http://shop.example.test/return",
        webhook_url=None,
        method="ideal",
        metadata={"cart_id": 42, "molbridge_attempt": "0190-attempt"},
    )
    return replace(sound, **changes)


class Rig(Protocol):
    """What the shared contract needs of either."""

    @property
    def mollie(self) -> Mollie:
        """The one under test."""

    def pay(self, transaction_id: str) -> None:
        """The shopper pays."""

    def authorize(self, transaction_id: str) -> None:
        """The bank reserves the money."""

    def let_cancel(self, transaction_id: str) -> None:
        """Mollie allows to cancel it."""


@dataclass(slots=True)
class SimulatedRig:
    """The client against the simulator; `requests` tells what went over the wire."""

    simulator: MollieSimulator
    accounts: MollieClientAccounts
    url: str

    @property
    def mollie(self) -> ClientMollie:
        return self.accounts.of(1)

    def pay(self, transaction_id: str) -> None:
        self.simulator.pay(transaction_id)

    def authorize(self, transaction_id: str) -> None:
        self.simulator.authorize(transaction_id)

    def let_cancel(self, transaction_id: str) -> None:
        self.simulator.set_cancelable(transaction_id, cancelable=True)

    def requests(self, method: str = ".*") -> list[tuple[str, str, str | None]]:
        """Method, path and Idempotency-Key of each request so far."""
        return [(each.method, each.path, each.key) for each in self.simulator.traffic.requests(method)]


@dataclass(slots=True)
class FakeRig:
    """The fake."""

    mollie: FakeMollie

    def pay(self, transaction_id: str) -> None:
        self.mollie.pay(transaction_id)

    def authorize(self, transaction_id: str) -> None:
        self.mollie.set(transaction_id, "authorized")

    def let_cancel(self, transaction_id: str) -> None:
        payment = self.mollie.payments[transaction_id]
        self.mollie.payments[transaction_id] = replace(payment, is_cancelable=True)


@contextmanager
def simulated_rig(**limits: float) -> Iterator[SimulatedRig]:
    """A simulator on a free port and accounts that talk to it, until the block ends."""
    simulator = MollieSimulator(webhook_time_scale=0.0001)
    with serve_in_thread(create_app(simulator)) as server:
        accounts = MollieClientAccounts(lambda _: MollieAccess(api_key=KEY, live=False), server.url, **limits)  # type: ignore[arg-type]
        try:
            yield SimulatedRig(simulator, accounts, server.url)
        finally:
            simulator.close()
            accounts.close()
