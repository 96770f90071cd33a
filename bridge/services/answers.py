"""What an initiation (or any other request about a payment) is answered, before it becomes HTTP."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from bridge.domain.attempt import Attempt
from bridge.domain.shop import OrderRecord, ShopOrder


class Action(StrEnum):
    """What the caller is to do now."""

    CREATE = "create"
    SHOW_ORDER = "show_order"
    WAIT_FOR_ORDER = "wait_for_order"
    RESUME = "resume"
    RETRY_LATER = "retry_later"
    DENY = "deny"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentAnswer:
    """A payment as the caller sees it: `is_new` makes the difference between 201 and 409.

    `retry_after` is in seconds, there with `retry_later`. `guess`: Mollie was needed and did not answer.
    """

    is_new: bool
    action: Action
    message: str
    payment_id: str | None = None
    transaction_id: str | None = None
    status: str | None = None
    checkout_url: str | None = None
    order_id: int | None = None
    order_reference: str | None = None
    invoice_number: int | None = None
    retry_after: float | None = None
    guess: bool = False
    mismatches: tuple[str, ...] = ()

    @property
    def has_order(self) -> bool:
        """Whether the cart has become an order."""
        return self.order_id is not None


def describe(
    attempt: Attempt | None,
    *,
    action: Action,
    message: str,
    is_new: bool = False,
    order: ShopOrder | None = None,
    record: OrderRecord | None = None,
    retry_after: float | None = None,
    guess: bool = False,
    mismatches: tuple[str, ...] = (),
) -> PaymentAnswer:
    """The answer for an attempt, with the order and invoice numbers where they exist."""
    first = order or (record.view.orders[0] if record else None)
    invoices = record.invoice_numbers if record else ()
    return PaymentAnswer(
        is_new=is_new,
        action=action,
        message=message,
        payment_id=attempt.id if attempt else None,
        transaction_id=attempt.transaction_id if attempt else None,
        status=attempt.state.value if attempt else None,
        checkout_url=attempt.checkout_url
        if attempt and action in (Action.RESUME, Action.CREATE, Action.NONE)
        else None,
        order_id=first.order_id if first else None,
        order_reference=first.reference if first else None,
        invoice_number=invoices[0] if invoices else None,
        retry_after=retry_after,
        guess=guess,
        mismatches=mismatches,
    )
