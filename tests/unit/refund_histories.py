"""Histories in which money goes back: by policy, by an admin, by hand at Mollie; and what has to hold."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from bridge.domain.attempt import AttemptState
from bridge.domain.errors import BridgeError, NotFound
from bridge.domain.money import Money
from bridge.domain.observed import PaymentStatus
from bridge.domain.records import UNFINISHED, Refund, RefundKind, RefundState
from bridge.domain.surplus import SURPLUS_KEY
from bridge.ports.mollie import ObservedRefund
from bridge.services.refunds import RefundRequest
from tests.unit.histories import History, Planned, Play, Step
from tests.unit.world import Killed, World

UNDONE = ("failed", "canceled")
"""What gives nothing back."""

PARTS = (200, 500, 900)
"""What is given back in part, in cents: no two of them come to another one."""


class Cashier:
    """Watches what Mollie is asked to give back."""

    def __init__(self, world: World, history: History) -> None:
        self._world = world
        self._history = history
        world.mollie.excess = 2500
        create, release = world.mollie.create_refund, world.mollie.release_authorization

        def created(transaction_id: str, money: Money, *, key: str, description: str) -> ObservedRefund:
            made_before = key in world.mollie._refunded
            made = create(transaction_id, money, key=key, description=description)
            if not made_before:
                self._made(transaction_id, key)
            return made

        def released(transaction_id: str, *, key: str) -> None:
            release(transaction_id, key=key)
            self._made(transaction_id, key)

        world.mollie.create_refund = created  # type: ignore[method-assign]
        world.mollie.release_authorization = released  # type: ignore[method-assign]

    def _made(self, transaction_id: str, key: str) -> None:
        payment = self._world.mollie.payments[transaction_id]
        if payment.refunded_minor > payment.money.minor:
            self._history.faults.append(f"more was given back than was paid: {payment}")
        every = self._world.mollie.refunds[transaction_id]
        own = [each for each in every if each.key == key and each.status not in UNDONE]
        if len(own) > 1:
            self._history.faults.append(f"one refund was made twice: {own}")
        settles = self._world.state.settled_transaction_id == transaction_id
        if key.startswith(SURPLUS_KEY) and settles:
            self._history.faults.append(f"the policy gave back what settled the cart: {transaction_id}")


class MoneyBack(Play):
    """Plays the steps in which money goes back, and all the others."""

    def __init__(self, world: World, history: History, planned: list[Planned]) -> None:
        super().__init__(world, history, planned)
        Cashier(world, history)
        self._keys = 0

    def play(self, step: Step) -> None:
        act: dict[str, Any] = {
            "queue": lambda: self.queue(step.which),
            "approve": lambda: self.approve(step.which),
            "reject": lambda: self.reject(step.which),
            "ask": lambda: self.ask(step.which),
            "by_hand": lambda: self.by_hand(step.which),
            "undo": lambda: self.undo(step.which),
            "look": lambda: self.look(step.which),
            "lazy": self.lazy,
            "tell": self.world.services.notices.work_due,
        }
        if step.what not in act:
            super().play(step)
            return
        self.world.fuse.set(step.breaks_at, kills=step.kills)
        try:
            act[step.what]()
        except Killed:
            self.world.run()
        except BridgeError:
            pass
        self.world.fuse.set(None, kills=False)
        self.history.watch()

    def queue(self, which: int) -> None:
        """The queue is looked at, now or later; after an hour Mollie has forgotten what it was asked."""
        self.world.clock.advance(seconds=[0, 30, 700, 4000][which])
        if which == 3:
            self.world.mollie._refunded.clear()
        self.world.services.refunds.work_due()

    def _proposed(self, which: int) -> str:
        """A refund that somebody may decide about."""
        every = sorted(self.world.ledger._tables.refunds.values(), key=lambda refund: (refund.created_at, refund.id))
        if not every:
            raise NotFound("nothing was written down")
        return every[which % len(every)].id

    def approve(self, which: int) -> None:
        self.world.services.refunds.approve(self._proposed(which))

    def reject(self, which: int) -> None:
        self.world.services.refunds.reject(self._proposed(which))

    def ask(self, which: int) -> None:
        """An admin gives a part back, or all, over the API; now and then he asks twice."""
        attempt = self.world.attempts[which % len(self.world.attempts)] if self.world.attempts else None
        if attempt is None or attempt.transaction_id is None:
            return
        amount = None if which == 3 else Money(currency="EUR", minor=PARTS[which]).value
        self._keys += 1
        request = RefundRequest(
            payment_id=attempt.id, amount=amount, reason="asked for", key=f"key-{self._keys // 2}-{which}"
        )
        self.world.services.refunds.refund(request)

    def by_hand(self, which: int) -> None:
        """Somebody gives money back at Mollie itself."""
        transaction_id = self.ids[which % len(self.ids)]
        payment = self.world.mollie.payments[transaction_id]
        minor = min(PARTS[which % 3], payment.refundable_minor)
        if not payment.money_in or minor == 0 or payment.status.value != "paid":
            return
        money = Money(currency=payment.money.currency, minor=minor)
        refunds = self.world.mollie.refunds[transaction_id]
        refunds.append(
            ObservedRefund(
                refund_id=f"re_hand{len(refunds)}{transaction_id}",
                status="refunded",
                money=money,
                created_at=self.world.clock.now(),
            )
        )
        self.world.mollie.payments[transaction_id] = replace(payment, refunded_minor=payment.refunded_minor + minor)

    def undo(self, which: int) -> None:
        """What Mollie took comes to nothing there: it fails, is canceled, or is listed no more. Nobody is told."""
        transaction_id = self.ids[which % len(self.ids)]
        payment, refunds = self.world.mollie.payments[transaction_id], self.world.mollie.refunds[transaction_id]
        standing = [each for each in refunds if each.status not in UNDONE]
        if not standing:
            return
        one = standing[which % len(standing)]
        refunds[refunds.index(one)] = replace(one, status=UNDONE[which % 2])
        if which == 3:
            refunds[:] = [each for each in refunds if each.refund_id != one.refund_id]
        left = payment.refunded_minor - one.money.minor
        self.world.mollie.payments[transaction_id] = replace(payment, refunded_minor=left)
        self.world.mollie._refunded.clear()

    def lazy(self) -> None:
        """From now on Mollie takes releases and does not make them; or does so again."""
        self.world.mollie.keeps_reserved = not self.world.mollie.keeps_reserved

    def look(self, which: int) -> None:
        """The janitor comes, a while later."""
        self.world.clock.advance(hours=[0, 1, 6, 24][which])
        self.world.services.janitor.sweep()

    def end(self) -> None:
        """Payments come to their end without losing what was given back; the queues are worked off."""
        self.world.run()
        self.world.mollie.keeps_reserved = False
        self.world.clock.advance(minutes=3)
        for transaction_id, course in self.courses.items():
            payment = self.world.mollie.payments[transaction_id]
            last = course[-1] if course else payment.status.value
            last = {"open": "expired", "pending": "expired"}.get(last, last)
            if payment.status.value not in ("paid", "canceled"):
                self.world.mollie.set(transaction_id, last)
        for transaction_id in self.ids:
            self.world.deliver(transaction_id)
            self.history.watch()
        for number in range(14):
            self.world.work_off()
            self.world.services.refunds.work_due()
            self.world.clock.advance(minutes=70 if number % 4 else 24 * 60)
            self.world.services.janitor.sweep()
            self.world.mollie._refunded.clear()
        self.world.work_off()
        self.world.services.notices.work_due()
        self.history.watch()

    def news(self, transaction_id: str) -> None:
        """As ever, but what was given back stays given back."""
        back = self.world.mollie.payments[transaction_id].refunded_minor
        if self.courses[transaction_id]:
            self.world.mollie.set(transaction_id, self.courses[transaction_id].pop(0), refunded=back)
        self.world.deliver(transaction_id)


def assert_nobody_lost_money(world: World, history: History) -> None:
    """What has to be true in the end, whatever happened."""
    assert history.faults == []
    refunds = list(world.ledger._tables.refunds.values())
    assert [refund for refund in refunds if refund.state in UNFINISHED] == [], "a refund neither ended nor is shown"
    assert len({refund.key for refund in refunds}) == len(refunds)
    for payment in world.mollie.payments.values():
        own = [refund for refund in refunds if refund.transaction_id == payment.transaction_id]
        made = [each for each in world.mollie.refunds[payment.transaction_id] if each.key and each.status not in UNDONE]
        assert payment.refunded_minor <= payment.money.minor
        assert_told_apart(own, made)
        let_go = [each for each in own if each.kind is RefundKind.RELEASE and each.state is RefundState.REFUNDED]
        assert not let_go or payment.status is not PaymentStatus.AUTHORIZED, "it is still reserved"
        attempt = next((a for a in world.attempts if a.transaction_id == payment.transaction_id), None)
        if attempt is not None and attempt.state is AttemptState.SURPLUS and payment.money_in:
            assert_shown(world, payment.transaction_id, own)


def assert_told_apart(own: list[Refund], made: list[ObservedRefund]) -> None:
    """What Mollie made under our keys, and nothing else, is refunded in the ledger."""
    refunded = {refund.key for refund in own if refund.state is RefundState.REFUNDED and refund.mollie_refund_id}
    assert {each.key for each in made} == refunded, "the ledger does not say what Mollie made for us"


def assert_shown(world: World, transaction_id: str, own: list[Refund]) -> None:
    """Surplus money that is still there is known to the merchant."""
    told = {notice.case for notice in world.notifier.sent}
    assert f"surplus:{transaction_id}" in told
    policy = world.limits.refunds.policy.value
    by_policy = [refund for refund in own if refund.key.startswith(SURPLUS_KEY)]
    assert policy == "report" or by_policy or own, "the policy was forgotten"
