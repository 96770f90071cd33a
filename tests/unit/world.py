"""A shop, Mollie and the bridge in memory, wired as the program wires them, with a process that can fail or be killed.

The ledger, the shop and Mollie outlive the process; its locks die with it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

from bridge.adapters.memory_locks import MemoryCartLocks
from bridge.domain.attempt import Attempt, AttemptState
from bridge.domain.cart import CartRef, CartState
from bridge.domain.errors import BridgeError, MollieTimeout, NotifyDown, ShopDown, StoreDown
from bridge.domain.money import Money
from bridge.domain.observed import ObservedPayment, PaymentStatus
from bridge.domain.records import Delivery
from bridge.ports.ledger import Ledger
from bridge.ports.mollie import MollieAccounts
from bridge.ports.notifier import Notifier
from bridge.ports.shop import ShopWebhook
from bridge.services.changes import Changes
from bridge.services.settings import GateLimits
from tests.fakes.clock import FakeClock
from tests.fakes.memory_ledger import MemoryLedger
from tests.fakes.mollie import FakeMollie, FakeMollieAccounts
from tests.fakes.notifier import FakeNotifier
from tests.fakes.services import Limits, make_services
from tests.fakes.shop import FakeShop
from tests.fakes.shop_webhook import FakeShopWebhook, WebhookCall, mollie_module
from tests.unit.builders import CART, CUSTOMER, PRICE, an_attempt


class Killed(BaseException):
    """The process is gone: nothing it would still do happens."""


class Fuse:
    """Breaks the process at one point: the `at`-th crossing into or out of a port."""

    def __init__(self) -> None:
        self.points = 0
        self._at: int | None = None
        self._kills = False
        self._dead = False

    def set(self, at: int | None, *, kills: bool) -> None:
        self.points, self._at, self._kills, self._dead = 0, at, kills, False

    def cross(self, error: BridgeError) -> None:
        """One crossing. Raises `error` once, or `Killed` from then on."""
        if self._dead:
            raise Killed
        self.points += 1
        if self.points != self._at:
            return
        if self._kills:
            self._dead = True
            raise Killed
        raise error


class Fused:
    """A port whose every call may fail before it is made, and after it was done."""

    def __init__(self, port: object, fuse: Fuse, error: BridgeError) -> None:
        self._port, self._fuse, self._error = port, fuse, error

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._port, name)
        if name == "channel":
            return found
        if name in ("shop", "of", "queues"):
            wrapped = found if callable(found) else (lambda: found)
            if name in ("shop", "queues"):
                return Fused(found, self._fuse, self._error)
            return lambda *args: Fused(wrapped(*args), self._fuse, self._error)
        return self._fused(found)

    def _fused(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def fused(*args: Any, **named: Any) -> Any:
            self._fuse.cross(self._error)
            result = call(*args, **named)
            self._fuse.cross(self._error)
            return result

        return fused


class TellingChanges(Changes):
    """Waiting takes no time: `meanwhile` happens, or the clock moves on by what was waited for."""

    def __init__(self, clock: FakeClock, *, places: int, places_per_cart: int) -> None:
        super().__init__(places=places, places_per_cart=places_per_cart)
        self.waits = 0
        self.meanwhile: Callable[[], object] | None = None
        self._clock = clock

    def wait(self, cart: CartRef, seen: int, timeout: float) -> None:
        self.waits += 1
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile is not None:
            meanwhile()
        else:
            self._clock.advance(seconds=timeout)


class World:
    """Cart 42 of customer 7, and a running process that may be broken by its `fuse`."""

    def __init__(self, limits: Limits | None = None) -> None:
        self.clock = FakeClock()
        self.shop = FakeShop(self.clock)
        self.shop.add_cart(CART.cart_id, shop_id=CART.shop_id, customer_id=CUSTOMER)
        self.mollie = FakeMollie()
        self.mollie.clock = self.clock
        self.accounts = FakeMollieAccounts(self.mollie)
        self.webhook = FakeShopWebhook(mollie_module(self.shop, self.mollie))
        self.ledger = MemoryLedger(self.shop)
        self.notifier = FakeNotifier()
        self.limits = limits or Limits(gate=GateLimits())
        self.fuse = Fuse()
        self.run()

    def run(self) -> None:
        """Start the process (anew)."""
        self.fuse.set(None, kills=False)
        ledger = cast("Ledger", Fused(self.ledger, self.fuse, StoreDown("the ledger fails for this test")))
        accounts = cast("MollieAccounts", Fused(self.accounts, self.fuse, MollieTimeout("Mollie fails for this test")))
        shop_webhook = cast("ShopWebhook", Fused(self.webhook, self.fuse, ShopDown("the shop fails for this test")))
        self.locks = MemoryCartLocks(self.clock)
        self.services = make_services(
            ledger=ledger,
            locks=self.locks,
            accounts=accounts,
            shop_webhook=shop_webhook,
            clock=self.clock,
            notifiers=(cast("Notifier", Fused(self.notifier, self.fuse, NotifyDown("nobody is told for this test"))),),
            limits=replace(self.limits, webhook_threads=1),
        )
        self.webhooks = self.services.webhooks
        self.claims = self.services.claims
        gate = self.limits.gate
        self.changes = TellingChanges(self.clock, places=gate.waiting, places_per_cart=gate.waiting_per_cart)
        self.services.initiation._changes = self.changes

    def close(self) -> None:
        self.fuse.set(None, kills=False)
        self.services.close()

    def module(self, transaction_id: str) -> None:
        """The shop's module at work on a webhook that the shim let through."""
        call = WebhookCall(cart=CART, transaction_id=transaction_id, webhook_url="", timeout=0)
        self.webhook.calls.append(call)
        assert self.webhook.work is not None
        self.webhook.work(call)

    # --- what is there --------------------------------------------------------------------------------------------

    def add_attempt(
        self,
        transaction_id: str | None,
        state: AttemptState | str = AttemptState.OPEN,
        *,
        money: Money = PRICE,
        **named: Any,
    ) -> Attempt:
        """An attempt of the ledger, and nothing else."""
        attempt = an_attempt(
            state, transaction_id, attempt_id=named.pop("attempt_id", f"attempt-{transaction_id}"), money=money, **named
        )
        self.ledger.in_cart(CART, lambda tx: tx.add_attempt(attempt))
        return attempt

    def add_payment(
        self,
        transaction_id: str,
        status: PaymentStatus | str = "open",
        *,
        money: Money = PRICE,
        state: AttemptState | str | None = AttemptState.OPEN,
        row: bool = True,
        cancelable: bool = False,
    ) -> ObservedPayment:
        """A payment at Mollie with the module's row, and an attempt in `state` (None: made without the bridge)."""
        payment = self.mollie.add(
            transaction_id, status, money.value, currency=money.currency, is_cancelable=cancelable
        )
        self.mollie.payments[transaction_id] = replace(payment, created_at=self.clock.now())
        if row:
            self.shop.add_payment(CART, transaction_id)
        if state is not None:
            self.add_attempt(transaction_id, state, money=money)
        return payment

    def raise_fence(self) -> None:
        """Somebody else takes the cart, once."""
        self.mollie.before = None
        self.ledger.in_cart(CART, lambda tx: tx.save_state(replace(tx.state, fence=tx.state.fence + 1, lease=None)))

    # --- what happened --------------------------------------------------------------------------------------------

    @property
    def state(self) -> CartState:
        return self.ledger.find_state(CART) or CartState(cart=CART)

    @property
    def attempts(self) -> tuple[Attempt, ...]:
        return self.ledger.attempts_of(CART)

    def attempt(self, transaction_id: str) -> Attempt:
        """The attempt of a transaction."""
        return next(attempt for attempt in self.attempts if attempt.transaction_id == transaction_id)

    def states(self) -> dict[str | None, str]:
        """The attempts' states by transaction."""
        return {attempt.transaction_id: attempt.state.value for attempt in self.attempts}

    @property
    def told(self) -> list[str]:
        """The transactions that the shop's webhook heard of, in order."""
        return [call.transaction_id for call in self.webhook.calls]

    @property
    def asked(self) -> list[str | None]:
        """The transactions that Mollie was asked about, in order."""
        return [request.transaction_id for request in self.mollie.requests_of("find_payment")]

    def audited(self, event: str) -> list[dict[str, object]]:
        """The details of the audit entries of one kind, oldest first."""
        return [dict(entry.detail) for entry in self.ledger.trail if entry.event == event]

    # --- what the inbox does, without its threads -------------------------------------------------------------------

    def deliver(self, transaction_id: str, *, source: str = "mollie") -> Delivery:
        """A routed webhook, worked on at once."""
        return self.webhooks.work(self.webhooks.take(transaction_id, source=source)).delivery

    def work_due(self) -> int:
        """Work on what is due now; returns how much there was."""
        due = self.ledger.queues.due_deliveries(self.clock.now(), 100)
        for delivery in due:
            self.webhooks.work_due(delivery)
        return len(due)

    def work_off(self) -> None:
        """Let the clock go on and work on what is due until nothing is left; fails when that never happens."""
        for _ in range(60):
            self.work_due()
            if not self.undone():
                return
            self.clock.advance(hours=1)
        raise AssertionError(f"never done: {self.undone()}")

    def undone(self) -> list[Delivery]:
        """The deliveries that are not done."""
        return [delivery for delivery in self.ledger._tables.deliveries.values() if delivery.state != "done"]
