"""Reconciling: Mollie's list of payments, page by page, held against the shop and the ledger.

Nothing is changed unless that is asked for, and then only under the cart's lease: a delivery of its own is worked on,
or Mollie's word is written into the module's row. A walk that was broken off goes on from the page after the last one
that its caller wrote down.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar, assert_never

import structlog

from bridge.domain.cart import CartRef
from bridge.domain.errors import BridgeError, Conflict, LeaseHeld, MollieError, MollieUnavailable, UnknownStatus
from bridge.domain.observed import ObservedPayment, StrangePayment
from bridge.domain.reconciliation import Finding, Remedy, ShopFacts, find_disagreement, tell_strange
from bridge.domain.rollout import Rollout
from bridge.ports.clock import Clock
from bridge.ports.ledger import Ledger
from bridge.ports.mollie import Mollie, MollieAccounts, PaymentPage
from bridge.services.inbox import Inbox
from bridge.services.leases import Leases
from bridge.services.shop_rows import ShopRows

T = TypeVar("T")

log = structlog.get_logger()

ASK_AGAIN = 6
"""Times that a page is asked for before the walk is broken off: with Mollie's own Retry-After, some minutes."""

LONGEST_WAIT = 60.0

QUESTIONS_OF_A_FIX = 3
"""Times that Mollie is asked about a payment while it is put right: before, under the lease, and after."""

LEASE_WAIT = 2.0
"""Seconds that a row's correction waits for the cart: nothing hangs on it, and the next walk finds it again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """What is walked. `begin`: the first payment's id (None: the newest); `since`: where to stop, by creation.

    `rate` is how many questions Mollie is asked in a second at most.
    """

    shop_id: int
    begin: str | None = None
    since: datetime | None = None
    page_size: int = 250
    rate: float = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciled:
    """One page: how many payments it had, what did not fit, and where the next one begins (None: the end)."""

    payments: int
    findings: tuple[Finding, ...]
    next_begin: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fixed:
    """What became of a finding; `finding` is what is left of it (None: it is put right)."""

    tried: Finding
    left: Finding | None
    error: str | None = None


class Reconciliation:
    """Walks, compares, and puts right what is safe."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        accounts: MollieAccounts,
        inbox: Inbox,
        leases: Leases,
        rows: ShopRows,
        rollout: Rollout,
        clock: Clock,
    ) -> None:
        self._ledger = ledger
        self._accounts = accounts
        self._inbox = inbox
        self._leases = leases
        self._rows = rows
        self._rollout = rollout
        self._clock = clock

    def pages(self, walk: Walk) -> Iterator[Reconciled]:
        """The pages from the newest payment to the oldest. Raises `MollieUnauthorized`, `Unavailable`, `StoreDown`."""
        mollie = self._accounts.of(walk.shop_id)
        orders: set[str] = set()
        begin = walk.begin
        while True:
            asked_at = self._clock.monotonic()
            page = self._page(mollie, begin, walk.page_size)
            if page.next_id is not None and page.next_id in {each.transaction_id for each in page.payments}:
                raise MollieError(f"Mollie's list goes round in a circle at {page.next_id}")
            within = [each for each in page.payments if not _is_before(each.created_at, walk.since)]
            strange = [each for each in page.strange if not _is_before(each.created_at, walk.since)]
            findings = [self._compare(mollie, each, orders, walk) for each in within]
            findings += [tell_strange(each, self._cart_of(each.transaction_id, each.cart_id)) for each in strange]
            looked_at = len(within) + len(strange)
            over = page.next_id is None or looked_at < len(page.payments) + len(page.strange)
            begin = None if over else page.next_id
            found = tuple(finding for finding in findings if finding is not None)
            yield Reconciled(payments=looked_at, findings=found, next_begin=begin)
            if begin is None:
                return
            self._pace(asked_at, walk.rate)

    def _page(self, mollie: Mollie, begin: str | None, size: int) -> PaymentPage:
        return self._patiently(lambda: mollie.list_payments(begin=begin, limit=size))

    def _compare(self, mollie: Mollie, listed: ObservedPayment, orders: set[str], walk: Walk) -> Finding | None:
        """A payment that belongs to an order of the Orders API stands for that order, once.

        The money of an order that Mollie does not show (any more) is there all the same: its payment speaks for it.
        """
        order_id = listed.order_id
        if order_id is None:
            return find_disagreement(listed, self._facts(listed))
        if order_id in orders:
            return None
        asked_at = self._clock.monotonic()
        try:
            order = self._patiently(lambda: mollie.find_payment(order_id))
        except UnknownStatus as error:
            orders.add(order_id)
            return self._strange_order(listed, order_id, error.word)
        self._pace(asked_at, walk.rate)
        if order is None and not listed.money_in:
            return None
        orders.add(order_id)
        observed = order or replace(listed, transaction_id=order_id)
        return find_disagreement(observed, self._facts(observed))

    def _strange_order(self, listed: ObservedPayment, order_id: str, word: str) -> Finding:
        strange = StrangePayment(transaction_id=order_id, word=word, money=listed.money)
        return tell_strange(strange, self._cart_of(order_id, listed.cart_id))

    def _facts(self, observed: ObservedPayment) -> ShopFacts:
        attempt = self._ledger.find_attempt_by_transaction(observed.transaction_id)
        row = self._ledger.shop.find_payment(observed.transaction_id)
        cart = attempt.cart if attempt else self._find_cart(observed.transaction_id, observed.cart_id)
        if cart is None:
            return ShopFacts(row=row)
        state = self._ledger.find_state(cart)
        return ShopFacts(
            cart=cart,
            record=self._ledger.shop.find_record(cart),
            row=row,
            attempt=attempt,
            settled_by=state.settled_transaction_id if state else None,
            refunds=self._ledger.queues.refunds_of(observed.transaction_id),
        )

    def _cart_of(self, transaction_id: str, cart_id: int | None) -> CartRef | None:
        attempt = self._ledger.find_attempt_by_transaction(transaction_id)
        return attempt.cart if attempt else self._find_cart(transaction_id, cart_id)

    def _find_cart(self, transaction_id: str, cart_id: int | None) -> CartRef | None:
        known = self._ledger.shop.find_cart_of(transaction_id)
        if known is not None or cart_id is None:
            return known
        return self._ledger.shop.find_cart(cart_id)

    def _patiently(self, ask: Callable[[], T]) -> T:
        """Ask, and again after a pause while Mollie says "not now"."""
        for attempt in range(1, ASK_AGAIN + 1):
            try:
                return ask()
            except MollieUnavailable as error:
                if attempt == ASK_AGAIN:
                    raise
                pause = min(LONGEST_WAIT, max(error.retry_after, 2.0 ** (attempt - 1)))
                log.warning("reconcile.waiting", seconds=pause, error=str(error))
                self._clock.sleep(pause)
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _pace(self, asked_at: float, rate: float) -> None:
        rest = 1.0 / rate - (self._clock.monotonic() - asked_at)
        if rest > 0:
            self._clock.sleep(rest)

    # --- putting right ----------------------------------------------------------------------------------------------

    def fixes(self, findings: Iterable[Finding], walk: Walk) -> Iterator[Fixed]:
        """Each finding put right, as far as that is safe, at the walk's pace."""
        for finding in findings:
            asked_at = self._clock.monotonic()
            yield self.fix(finding, shop_id=walk.shop_id)
            if finding.remedy is not Remedy.PERSON:
                self._pace(asked_at, walk.rate / QUESTIONS_OF_A_FIX)

    def fix(self, finding: Finding, *, shop_id: int) -> Fixed:
        """Look again, do what is safe about what is left of a finding, and look once more.

        `shop_id` is the shop whose list it was found in. A finding for a person is left as it is.
        """
        if finding.remedy is Remedy.PERSON:
            return Fixed(tried=finding, left=finding)
        left: Finding | None = finding
        try:
            # It may be hours old, and somebody may have put it right since.
            left = self._again(finding, shop_id)
            if left is not None and left.remedy is not Remedy.PERSON:
                self._remedy(left, shop_id)
                left = self._again(left, shop_id)
        except BridgeError as error:
            return Fixed(tried=finding, left=left, error=str(error))
        return Fixed(tried=finding, left=left)

    def _remedy(self, finding: Finding, shop_id: int) -> None:
        if finding.cart is None or not self._rollout.guards(finding.cart):
            raise Conflict("the bridge does not guard the cart (rollout), and changes nothing about it")
        match finding.remedy:
            case Remedy.REPLAY:
                worked = self._inbox.work_now(finding.transaction_id, source="reconcile")
                if not worked.done:
                    raise LeaseHeld(worked.delivery.last_error or "it is being worked on")
            case Remedy.CORRECT_ROW:
                self._correct_row(finding, finding.cart, shop_id)
            case Remedy.PERSON:
                pass
            case _:
                assert_never(finding.remedy)

    def _correct_row(self, finding: Finding, cart: CartRef, shop_id: int) -> None:
        """Under the lease: money that comes in late is not to be overwritten by what was true before."""
        purpose = f"reconcile:{finding.transaction_id}"
        lease = self._leases.take(cart, purpose=purpose, timeout=LEASE_WAIT, keep=True)
        if lease is None:
            raise LeaseHeld(f"{cart} is being worked on")
        try:
            self._rows.show_ended(self._observe(finding, shop_id))
        finally:
            self._leases.give_back(lease)

    def _again(self, finding: Finding, shop_id: int) -> Finding | None:
        """What is left of a finding now."""
        observed = self._observe(finding, shop_id)
        return find_disagreement(observed, self._facts(observed))

    def _observe(self, finding: Finding, shop_id: int) -> ObservedPayment:
        mollie = self._accounts.of(shop_id)
        observed = self._patiently(lambda: mollie.find_payment(finding.transaction_id))
        if observed is None:
            raise MollieError("Mollie does not show it any more")
        return observed


def _is_before(created_at: datetime | None, since: datetime | None) -> bool:
    return since is not None and created_at is not None and created_at < since
