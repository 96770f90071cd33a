"""Histories of a cart: payments, deliveries, a shopper, a process that breaks; and what has to be true in the end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from bridge.domain.attempt import AttemptState
from bridge.domain.cart import OrderPhase
from bridge.domain.errors import BridgeError, Conflict
from bridge.domain.money import Money
from bridge.domain.records import DeliveryState
from bridge.domain.surplus import SurplusPolicy
from bridge.ports.shop import ShopAnswer
from bridge.services.settings import GateLimits, RefundLimits
from tests.fakes.services import Limits
from tests.fakes.shop_webhook import WebhookCall
from tests.unit.builders import CART, OTHER_PRICE, PRICE, a_request
from tests.unit.world import Killed, World

S = AttemptState
FINAL = ["paid", "canceled", "expired", "failed"]
MAY_FOLLOW = {
    "open": ["open", "pending", "authorized", *FINAL],
    "pending": ["pending", "authorized", *FINAL],
    "authorized": ["authorized", "paid", "canceled", "expired"],
    "paid": ["paid"],
    "canceled": ["canceled", "paid"],
    "expired": ["expired", "paid"],
    "failed": ["failed", "paid"],
}
"""Mollie's statuses; late money after an end is rare and real."""


@dataclass(frozen=True)
class Planned:
    """A payment of the cart: its attempt's state (None: made without the bridge), and how it goes on at Mollie."""

    transaction_id: str
    money: Money
    state: AttemptState | None
    row: bool
    course: tuple[str, ...]


@dataclass(frozen=True)
class Step:
    """One thing that happens, and the crossing of a port at which the process breaks meanwhile (None: it does not)."""

    what: str
    which: int
    breaks_at: int | None
    kills: bool


@dataclass
class History:
    """What may never happen, watched while it would."""

    world: World
    settled_by: str | None = None
    duds: list[bool] = field(default_factory=list)
    paid_behind: set[str] = field(default_factory=set)
    """Payments that were paid after the bridge asked about them and before the module did: nobody can prevent that."""
    faults: list[str] = field(default_factory=list)

    def watch(self) -> None:
        """To be called after every step."""
        live = [attempt for attempt in self.world.attempts if attempt.is_live]
        settled_by = self.world.state.settled_transaction_id
        if len(live) > 1:
            self.faults.append(f"several live attempts: {live}")
        if self.settled_by not in (None, settled_by) and not self._gave_all_back(self.settled_by, settled_by):
            self.faults.append(f"settled by {self.settled_by}, then by {settled_by}")
        self.settled_by = settled_by
        if len({order.reference for order in self.world.shop.orders_of(CART)}) > 1:
            self.faults.append("two orders for one cart")
        self.faults += [str(d.last_error) for d in self.world.undone() if str(d.last_error).startswith("Conflict")]

    def _gave_all_back(self, before: str | None, after: str | None) -> bool:
        """The one way in which a settled cart may be paid again: no money, no order, and Mollie says so now."""
        assert before is not None
        return after is None and not self.world.mollie.payments[before].money_in and not self.world.shop.orders_of(CART)

    def hear(self, call: WebhookCall, work: Callable[[WebhookCall], ShopAnswer | None]) -> ShopAnswer | None:
        """The shop hears of a payment."""
        payment = self.world.mollie.payments[call.transaction_id]
        if (
            payment.money_in
            and call.transaction_id not in self.paid_behind
            and self.world.state.settled_transaction_id != call.transaction_id
        ):
            self.faults.append(f"the shop was told of money that does not settle the cart: {call.transaction_id}")
        if self.duds and self.duds.pop():
            return None  # the module's script ended in the middle, with a 200
        return work(call)


@st.composite
def courses(draw: DrawFn) -> tuple[str, ...]:
    course = ["open"]
    for _ in range(draw(st.integers(0, 2))):
        course.append(draw(st.sampled_from(MAY_FOLLOW[course[-1]])))
    return tuple(course)


@st.composite
def plans(draw: DrawFn) -> list[Planned]:
    """One to four payments; at most one attempt is live."""
    planned: list[Planned] = []
    live = False
    for number in range(1, draw(st.integers(1, 4)) + 1):
        states = [S.SUPERSEDED, S.SUPERSEDED, S.EXPIRED, None] + ([] if live else [S.OPEN, S.OPEN, S.PENDING])
        state = draw(st.sampled_from(states))
        live = live or state in (S.OPEN, S.PENDING)
        planned.append(
            Planned(
                transaction_id=f"tr_{number}",
                money=draw(st.sampled_from([PRICE, PRICE, OTHER_PRICE])),
                state=state,
                row=draw(st.booleans()),
                course=draw(courses()),
            )
        )
    return planned


def steps(*kinds: str) -> st.SearchStrategy[list[Step]]:
    step = st.builds(
        Step,
        what=st.sampled_from(kinds),
        which=st.integers(0, 3),
        breaks_at=st.none() | st.integers(1, 40),
        kills=st.booleans(),
    )
    return st.lists(step, max_size=10)


duds = st.lists(st.booleans(), max_size=4)
"""Which of the shop's first answers are a 200 with nothing done."""


def build(
    planned: list[Planned], duds: list[bool], policy: SurplusPolicy = SurplusPolicy.REPORT
) -> tuple[World, History]:
    world = World(Limits(gate=GateLimits(), refunds=RefundLimits(policy=policy)))
    for plan in planned:
        world.add_payment(plan.transaction_id, money=plan.money, state=plan.state, row=plan.row)
    history = History(world, duds=list(duds))
    work = world.webhook.work
    assert work is not None
    world.webhook.work = lambda call: history.hear(call, work)
    return world, history


@dataclass(frozen=True)
class AtWork:
    """The shop's module, in the middle of a webhook."""

    token: str
    transaction_id: str
    since: datetime
    found_order: bool
    had_money: bool


class Play:
    """Plays steps on a world; whatever broke is started again, as a supervisor would."""

    def __init__(self, world: World, history: History, planned: list[Planned]) -> None:
        self.world, self.history = world, history
        self.ids = [plan.transaction_id for plan in planned]
        self.courses = {plan.transaction_id: list(plan.course[1:]) for plan in planned}
        self.at_work: list[AtWork] = []

    def play(self, step: Step) -> None:
        transaction_id = self.ids[step.which % len(self.ids)]
        act: dict[str, Callable[[], Any]] = {
            "news": lambda: self.news(transaction_id),
            "deliver": lambda: self.world.deliver(transaction_id),
            "claim": lambda: self.claim(transaction_id),
            "finish": lambda: self.finish(completes=step.which > 0),
            "later": lambda: self.later(step.which),
            "initiate": lambda: self.initiate(step.which),
            "restart": self.world.run,
        }
        self.world.fuse.set(step.breaks_at, kills=step.kills)
        try:
            act[step.what]()
        except Killed:
            self.world.run()
        except BridgeError as error:
            if type(error) is Conflict:
                self.history.faults.append(f"{step.what}: {error}")
        self.world.fuse.set(None, kills=False)
        self.history.watch()

    def news(self, transaction_id: str) -> None:
        """The payment goes on at Mollie, and its webhook comes."""
        if self.courses[transaction_id]:
            self.world.mollie.set(transaction_id, self.courses[transaction_id].pop(0))
        self.world.deliver(transaction_id)

    def claim(self, transaction_id: str) -> None:
        """A webhook reaches the shop, whose shim asks first; the module begins: it looks whether there is an order."""
        had_money = self.world.mollie.payments[transaction_id].money_in
        lease = self.world.claims.claim(transaction_id).lease
        if lease is not None:
            found_order = bool(self.world.shop.orders_of(CART))
            self.at_work.append(AtWork(lease.token, transaction_id, self.world.clock.now(), found_order, had_money))

    def finish(self, *, completes: bool) -> None:
        """The module goes on where it was, with what it saw then; the shim may die before it says so.

        PHP gave up on what took as long as a lease lives.
        """
        if not self.at_work:
            return
        work = self.at_work.pop(0)
        if self.world.clock.now() - work.since >= timedelta(seconds=60):
            return
        self.history.paid_behind = set() if work.had_money else {work.transaction_id}
        orders = self.world.shop._orders.pop(CART.cart_id, [])
        if work.found_order:
            self.world.shop._orders[CART.cart_id] = orders
        self.world.module(work.transaction_id)
        self.history.paid_behind = set()
        if not work.found_order:
            made = self.world.shop._orders.get(CART.cart_id, [])
            self.world.shop._orders[CART.cart_id] = orders + made
        self.history.watch()
        if completes:
            self.world.claims.complete(work.token, succeeded=True, status=200)

    def later(self, which: int) -> None:
        self.world.clock.advance(seconds=[1, 61, 130, 4000][which])
        self.world.work_due()

    def initiate(self, which: int) -> None:
        """The shopper opens the payment page; the module makes the payment it may make, and binds it, or dies first."""
        money = [PRICE, OTHER_PRICE][which % 2]
        answer = self.world.services.initiation.initiate(a_request(f"key-{len(self.ids)}-{which}", money=money))
        if not answer.is_new or answer.payment_id is None:
            return
        transaction_id = f"tr_{len(self.ids) + 1}"
        self.world.add_payment(transaction_id, money=money, state=None)
        self.ids.append(transaction_id)
        self.courses[transaction_id] = [FINAL[which], "paid"][: 1 + which // 2]
        if which < 3:
            self.world.services.payments.bind(answer.payment_id, transaction_id=transaction_id, checkout_url=None)

    def end(self) -> None:
        """Mollie's payments come to their end, every webhook comes once more, the inbox works off what is due."""
        self.world.run()
        self.world.clock.advance(minutes=3)
        for transaction_id, course in self.courses.items():
            last = course[-1] if course else self.world.mollie.payments[transaction_id].status.value
            self.world.mollie.set(transaction_id, {"open": "expired", "pending": "expired"}.get(last, last))
        for transaction_id in self.ids:
            self.world.deliver(transaction_id)
            self.history.watch()
        self.world.work_off()
        self.history.watch()


def assert_paid_once(world: World, history: History) -> None:
    """What has to be true in the end, whatever happened."""
    assert history.faults == []
    paid = {p.transaction_id for p in world.mollie.payments.values() if p.money_in}
    held = {attempt.transaction_id for attempt in world.attempts if attempt.state is S.HELD}
    surplus = {attempt.transaction_id for attempt in world.attempts if attempt.state is S.SURPLUS}
    settled_by = world.state.settled_transaction_id
    live = [attempt for attempt in world.attempts if attempt.is_live]

    assert [d for d in world.undone() if d.state is not DeliveryState.DONE] == []
    if not paid:
        return
    assert paid == ({settled_by} if settled_by in paid else set()) | held | surplus
    assert not held or live, "money is held, and nothing stands against it"
    assert settled_by is not None or held, "money is in, and nobody knows what for"
    assert settled_by is None or world.state.order_phase is OrderPhase.DONE
    assert settled_by is None or len(world.shop.orders_of(CART)) == 1
    for attempt in live:
        assert attempt.transaction_id is None, "every payment at Mollie has ended"
