"""Reconciling: Mollie's list of payments, page by page, held against the shop and the ledger.

Nothing is changed unless that is asked for, and then only by what the bridge does anyway: a delivery of its own, worked
on under the cart's lease, or Mollie's word in the module's row. A walk that was broken off goes on from the page after
the last one that was told to its `keep`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

import structlog

from bridge.domain.cart import CartRef
from bridge.domain.errors import BridgeError, LeaseHeld, MollieUnavailable
from bridge.domain.observed import ObservedPayment
from bridge.domain.reconciliation import Finding, Remedy, ShopFacts, find_disagreement
from bridge.ports.clock import Clock
from bridge.ports.ledger import Ledger
from bridge.ports.mollie import Mollie, MollieAccounts, PaymentPage
from bridge.services.inbox import Inbox
from bridge.services.shop_rows import ShopRows

T = TypeVar("T")

log = structlog.get_logger()

ASK_AGAIN = 6
"""Times that a page is asked for before the walk is broken off: with Mollie's own Retry-After, some minutes."""

LONGEST_WAIT = 60.0


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

    def __init__(self, *, ledger: Ledger, accounts: MollieAccounts, inbox: Inbox, rows: ShopRows, clock: Clock) -> None:
        self._ledger = ledger
        self._accounts = accounts
        self._inbox = inbox
        self._rows = rows
        self._clock = clock

    def pages(self, walk: Walk) -> Iterator[Reconciled]:
        """The pages from the newest payment to the oldest. Raises `MollieUnauthorized`, `Unavailable`, `StoreDown`."""
        mollie = self._accounts.of(walk.shop_id)
        orders: set[str] = set()
        begin = walk.begin
        while True:
            asked_at = self._clock.monotonic()
            page = self._page(mollie, begin, walk.page_size)
            within = [each for each in page.payments if not _is_before(each, walk.since)]
            findings = [self._compare(mollie, each, orders, walk) for each in within]
            over = page.next_id is None or len(within) < len(page.payments)
            begin = None if over else page.next_id
            found = tuple(finding for finding in findings if finding is not None)
            yield Reconciled(payments=len(within), findings=found, next_begin=begin)
            if begin is None:
                return
            self._pace(asked_at, walk.rate)

    def _page(self, mollie: Mollie, begin: str | None, size: int) -> PaymentPage:
        return self._patiently(lambda: mollie.list_payments(begin=begin, limit=size))

    def _compare(self, mollie: Mollie, listed: ObservedPayment, orders: set[str], walk: Walk) -> Finding | None:
        """A payment that belongs to an order of the Orders API stands for that order, once."""
        observed: ObservedPayment | None = listed
        if listed.order_id is not None:
            order_id = listed.order_id
            if order_id in orders:
                return None
            orders.add(order_id)
            asked_at = self._clock.monotonic()
            observed = self._patiently(lambda: mollie.find_payment(order_id))
            self._pace(asked_at, walk.rate)
        return find_disagreement(observed, self._facts(observed)) if observed is not None else None

    def _facts(self, observed: ObservedPayment) -> ShopFacts:
        attempt = self._ledger.find_attempt_by_transaction(observed.transaction_id)
        row = self._ledger.shop.find_payment(observed.transaction_id)
        cart = attempt.cart if attempt else self._find_cart(observed)
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

    def _find_cart(self, observed: ObservedPayment) -> CartRef | None:
        known = self._ledger.shop.find_cart_of(observed.transaction_id)
        if known is not None or observed.cart_id is None:
            return known
        return self._ledger.shop.find_cart(observed.cart_id)

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

    def fix(self, finding: Finding) -> Fixed:
        """Do what is safe about a finding, and look again. A finding for a person is left as it is."""
        try:
            self._remedy(finding)
            left = self.again(finding)
        except BridgeError as error:
            return Fixed(tried=finding, left=finding, error=str(error))
        return Fixed(tried=finding, left=left)

    def _remedy(self, finding: Finding) -> None:
        match finding.remedy:
            case Remedy.REPLAY:
                worked = self._inbox.work_now(finding.transaction_id, source="reconcile")
                if not worked.done:
                    raise LeaseHeld(worked.delivery.last_error or "it is being worked on")
            case Remedy.CORRECT_ROW:
                observed = self._observe(finding)
                if observed is not None:
                    self._rows.show_ended(observed)
            case Remedy.PERSON:
                pass

    def again(self, finding: Finding) -> Finding | None:
        """What is left of a finding now."""
        observed = self._observe(finding)
        return find_disagreement(observed, self._facts(observed)) if observed is not None else None

    def _observe(self, finding: Finding) -> ObservedPayment | None:
        shop_id = finding.cart.shop_id if finding.cart else self._ledger.shop.shop_ids()[0]
        return self._accounts.of(shop_id).find_payment(finding.transaction_id)


def _is_before(observed: ObservedPayment, since: datetime | None) -> bool:
    return since is not None and observed.created_at is not None and observed.created_at < since
