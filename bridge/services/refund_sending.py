"""Sending a refund to Mollie: written down as sent before it is, looked for before it is sent again.

| what came of it | refund | taken up again |
|---|---|---|
| Mollie took it | refunded | never |
| Mollie refused it | failed (dropped where nothing was left to give back) | never; the merchant is told |
| not sent (Mollie down, no key) | queued | sent under the same Idempotency-Key |
| nobody knows | uncertain | looked for at Mollie first, sent only if it is not there |
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import assert_never

from bridge.domain.errors import (
    Conflict,
    MollieDuplicateRefund,
    MollieError,
    MollieRefused,
    MollieTimeout,
    MollieUnauthorized,
    Unavailable,
)
from bridge.domain.observed import ENDED, ObservedPayment
from bridge.domain.records import UNFINISHED, Refund, RefundKind, RefundState
from bridge.domain.refunding import left_of
from bridge.domain.surplus import SURPLUS_KEY
from bridge.ports.clock import Clock
from bridge.ports.ledger import CartTransaction, Ledger
from bridge.ports.mollie import Mollie, MollieAccounts
from bridge.services.backoff import reason_of
from bridge.services.refund_book import RefundBook
from bridge.services.refund_ends import (
    find_own,
    is_doubted_release,
    is_in_place_of,
    stored_in,
    why_not,
    why_not_beside,
    why_undone,
)


class RefundSender:
    """Sends one refund, or finds out what became of it."""

    def __init__(self, *, ledger: Ledger, accounts: MollieAccounts, book: RefundBook, clock: Clock) -> None:
        self._ledger = ledger
        self._accounts = accounts
        self._book = book
        self._clock = clock

    def send(self, refund: Refund) -> Refund:
        """The refund as it is afterwards.

        Raises `Unavailable` and `MollieUnauthorized` while it is not done or its outcome is not known (it is due again
        by itself), and `MollieRefused` when Mollie refused it.
        """
        try:
            return self._send(refund, self._accounts.of(refund.cart.shop_id))
        except (MollieTimeout, MollieDuplicateRefund, Conflict) as error:
            self._book.put_back(refund, error)
            raise _unknown() from error
        except (Unavailable, MollieUnauthorized) as error:
            self._book.put_back(refund, error)
            raise
        except MollieRefused as error:
            if is_doubted_release(refund):
                self._book.put_back(refund, error)
            else:
                self._book.fail(refund, reason_of(error))
            raise
        except MollieError as error:
            # An answer that makes no sense: it may have been done.
            self._book.put_back(refund, error)
            raise _unknown() from error

    def _send(self, refund: Refund, mollie: Mollie) -> Refund:
        # Before Mollie is asked: what is made from now on its answer may not count yet.
        made = [each.id for each in self._ledger.queues.refunds_of(refund.transaction_id) if _is_made(each)]
        observed, found = self._look(refund, mollie)
        if found is not None:
            return found
        refund = self._ledger.in_cart(refund.cart, lambda tx: self._write_sent(tx, refund, observed, made))
        if refund.state is not RefundState.SENT:
            return refund
        match refund.kind:
            case RefundKind.REFUND:
                sent = mollie.create_refund(
                    refund.transaction_id, refund.money, key=refund.key, description=refund.reason
                )
                return self._book.take(refund, sent.refund_id)
            case RefundKind.RELEASE:
                mollie.release_authorization(refund.transaction_id, key=refund.key)
                if is_doubted_release(refund):
                    return self._book.wait_for_release(refund)
                return self._book.take(refund, None)
            case _:
                assert_never(refund.kind)

    def _look(self, refund: Refund, mollie: Mollie) -> tuple[ObservedPayment | None, Refund | None]:
        """The payment as it is now, and what an earlier sending did.

        In this order: what is made in between is then listed, and never taken for somebody else's.
        """
        if refund.state is RefundState.QUEUED:
            return mollie.find_payment(refund.transaction_id), None
        try:
            observed = mollie.find_payment(refund.transaction_id)
            return observed, self._find_sent(refund, mollie, observed)
        except MollieRefused as error:
            # The question was refused, not the refund: it may be there all the same.
            raise MollieError(f"the refund can not be looked for: {error}") from error

    def _write_sent(
        self, tx: CartTransaction, refund: Refund, observed: ObservedPayment | None, made: Collection[str]
    ) -> Refund:
        """Write it down as sent, with the amount that may be sent; or as ended when it is not to be sent.

        Once it was sent its amount stands: Mollie refuses another payload under a key that it knows. Raises `Conflict`
        when somebody else has sent it since it was read: it is looked for first, then; and when another refund of the
        payment was made since Mollie was asked, which its answer may count or not.
        """
        known = stored_in(tx, refund)
        if known.state not in UNFINISHED:
            return known
        never_sent = known.state is RefundState.QUEUED
        if refund.state is RefundState.QUEUED and not never_sent:
            raise Conflict(f"refund {refund.id} was sent by somebody else meanwhile")
        sent = replace(known, state=RefundState.SENT, last_error=None)
        if observed is None:
            return self._book.write(tx, sent)
        beside = tx.refunds(known.transaction_id)
        if any(_is_made(each) and each.id not in made for each in beside):
            raise Conflict(f"another refund of {known.transaction_id} was made meanwhile: what is left is asked again")
        stays = why_not(tx, known, observed)
        if stays is not None:
            return self._book.write(tx, replace(known, state=RefundState.DROPPED, next_try_at=None, last_error=stays))
        left = left_of(observed, beside, but=known.id)
        if known.kind is RefundKind.RELEASE or known.money.minor <= left.minor:
            return self._book.write(tx, sent)
        if never_sent and known.key.startswith(SURPLUS_KEY):
            # All of it was meant, and somebody has given a part back meanwhile.
            return self._book.write(tx, replace(sent, money=left))
        too_much = f"{known.money} can not be refunded: {left} is left of the payment"
        return self._book.fail_in(tx, replace(known, state=RefundState.FAILED, next_try_at=None, last_error=too_much))

    # --- what became of it ----------------------------------------------------------------------------------------

    def _find_sent(self, refund: Refund, mollie: Mollie, observed: ObservedPayment | None) -> Refund | None:
        """What an earlier sending did; None when it did nothing."""
        match refund.kind:
            case RefundKind.REFUND:
                return self._find_refund(refund, mollie, observed)
            case RefundKind.RELEASE:
                released = observed is not None and (observed.status in ENDED or observed.is_captured_in_part)
                return self._book.take(refund, None, ended=True) if released else None
            case _:
                assert_never(refund.kind)

    def _find_refund(self, refund: Refund, mollie: Mollie, observed: ObservedPayment | None) -> Refund | None:
        """What an earlier sending did at Mollie, known by the key in the refund's metadata, and by nothing else.

        One of the same amount that somebody made by hand at about the time of ours is never taken for ours, but it may
        be what ours was meant for: ours is not sent again then, and a person is told. Where nothing would be left for
        ours in any case, there is nobody to ask: it is dropped. What Mollie took once is never sent again.
        """
        seen = mollie.refunds_of(refund.transaction_id)
        ours = self._ledger.queues.refunds_of(refund.transaction_id)
        known = next(each for each in ours if each.id == refund.id)
        own = find_own(seen, known)
        undone = why_undone(own, known, self._clock.now())
        if undone is not None:
            return self._book.fail(refund, undone, mollie_refund_id=own.refund_id if own else known.mollie_refund_id)
        if own is not None:
            return self._book.take(refund, own.refund_id)
        if known.mollie_refund_id is not None:
            raise MollieError(f"Mollie's list of refunds does not show {known.mollie_refund_id}, which it took")
        alike = next((each for each in seen if is_in_place_of(each, refund)), None)
        if alike is None or observed is None or left_of(observed, ours, but=refund.id).minor < refund.money.minor:
            return None
        # Whether ours is meant as well, a person has to say.
        return self._book.fail(refund, why_not_beside(alike))


def _is_made(refund: Refund) -> bool:
    return refund.kind is RefundKind.REFUND and refund.state is RefundState.REFUNDED


def _unknown() -> Unavailable:
    return Unavailable(
        "It is not known whether Mollie made the refund; repeat the request with the same idempotency key",
        retry_after=5.0,
    )
