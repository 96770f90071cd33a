"""What needs a person, in words: what it is, what to do, the command for it, and where the rows are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from bridge.domain.rollout import RolloutMode
from bridge.services.dashboard import Overview
from bridge.web.dashboard import words

LATE: Final = timedelta(minutes=15)
"""A delivery that has waited so long has failed several times: its pauses are 5 s, doubled for each further try."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """One thing to see to. `endpoint` and `query` name the page with its rows."""

    title: str
    todo: str
    command: str | None
    endpoint: str
    query: dict[str, str]
    link: str


def needs_of(overview: Overview) -> tuple[Need, ...]:
    """What there is to do now, what costs money first."""
    return (*_money(overview), *_refunds(overview), *_orders(overview), *_inbox(overview), *_rest(overview))


def _money(overview: Overview) -> Iterator[Need]:
    left = {one.currency: one.minor for one in overview.needs.unreturned}
    if left:
        payments = sum(one.payments for one in overview.needs.unreturned)
        yield Need(
            title=f"{words.amounts(left)} taken too much and not on its way back",
            todo=(
                f"{words.counted(payments, 'payment')} of carts that were paid already, or of an amount that the cart "
                "no longer has. Approve the refunds that are proposed; give the others back by their payment's id."
            ),
            command="mollie-bridge report surplus_payments",
            endpoint="dashboard.report",
            query={"name": "surplus_payments"},
            link="The payments",
        )


def _refunds(overview: Overview) -> Iterator[Need]:
    needs = overview.needs
    if needs.refunds_proposed:
        yield _refund(
            "proposed",
            f"{words.counted(needs.refunds_proposed, 'refund')} waiting for your word",
            "Look at the cart, then approve or reject each.",
            "mollie-bridge refunds approve REFUND_ID",
        )
    if needs.refunds_failed:
        yield _refund(
            "failed",
            f"{words.counted(needs.refunds_failed, 'refund')} refused by Mollie",
            "Read the reason (most often the balance is too low), see to it, then refund again by hand.",
            "mollie-bridge refunds list --state failed",
        )
    if needs.refunds_uncertain:
        yield _refund(
            "uncertain",
            f"{words.counted(needs.refunds_uncertain, 'refund')} of unknown outcome",
            "Mollie was told and did not answer; the bridge looks for it there. Make no refund by hand meanwhile. "
            "If it stays so for more than an hour, look at the payment in Mollie's own dashboard.",
            "mollie-bridge refunds list --state uncertain",
        )
    if needs.refunds_unsent:
        yield _refund(
            "queued",
            f"{words.counted(needs.refunds_unsent, 'refund')} not sent for hours",
            "Mollie does not answer, or the shop has no key for it. They go on by themselves once that is mended.",
            "mollie-bridge doctor",
        )


def _refund(state: str, title: str, todo: str, command: str) -> Need:
    return Need(
        title=title,
        todo=todo,
        command=command,
        endpoint="dashboard.refunds",
        query={"state": state},
        link="The refunds",
    )


def _orders(overview: Overview) -> Iterator[Need]:
    unverified = overview.needs.unverified_orders
    if unverified:
        yield Need(
            title=f"{words.counted(unverified, 'paid cart')} without an order that fits",
            todo="The money is in; the order is missing or wrong. The report says what does not fit: put it right in "
            "the shop's back office, then replay the cart's delivery.",
            command="mollie-bridge replay --cart CART_ID",
            endpoint="dashboard.report",
            query={"name": "unverified_orders"},
            link="The carts",
        )


def _inbox(overview: Overview) -> Iterator[Need]:
    if overview.needs.dead_deliveries:
        yield Need(
            title=f"{words.counted(overview.needs.dead_deliveries, 'webhook')} given up",
            todo="If such a payment was paid, the shop may not know it. Read the last error, put right what it names, "
            "then replay.",
            command="mollie-bridge replay --dead",
            endpoint="dashboard.deliveries",
            query={"state": "dead"},
            link="The deliveries",
        )
    oldest = overview.inbox.oldest
    if oldest is not None and overview.at - oldest.received_at > LATE:
        yield Need(
            title=f"A webhook has waited since {words.moment(oldest.received_at)}",
            todo="The bridge goes on trying by itself. Its last error says what stands in the way.",
            command=None,
            endpoint="dashboard.deliveries",
            query={"state": "waiting"},
            link="The deliveries",
        )


def _rest(overview: Overview) -> Iterator[Need]:
    if overview.needs.notices_dead:
        yield Need(
            title=f"{words.counted(overview.needs.notices_dead, 'notice')} could not be sent to you",
            todo="Check the section [notices] of the configuration: the mail server, the webhook's address.",
            command="mollie-bridge doctor",
            endpoint="dashboard.overview",
            query={},
            link="",
        )
    if overview.held.locks is None:
        yield Need(
            title="The locks can not be seen: their backend does not answer",
            todo="Carts are not paid or settled while it is away. Look at the lock directory, or at Redis.",
            command="mollie-bridge doctor",
            endpoint="dashboard.locks",
            query={},
            link="The locks",
        )


def is_watching(overview: Overview) -> bool:
    """Whether carts are only watched, some or all: then not all that is counted was also held up."""
    rollout = overview.status.rollout
    return rollout.mode is RolloutMode.OBSERVE or rollout.percentage < 100
