"""What is answered about claims, leases and locks. A token is told to the one who took the lease and to nobody else."""

from __future__ import annotations

from typing import Literal

from bridge.web import examples
from bridge.web.answers import Answer, Moment
from bridge.web.schemas import with_openapi

Reason = Literal["settle", "update", "surplus", "hold", "ignore", "record_only", "unknown", "unmatched"]


class ClaimLease(Answer):
    """The lease that the module works under; to be completed."""

    token: str
    expires_at: Moment


class ClaimData(Answer):
    """`process`: let the module work under the lease, then complete it. `skip`: answer Mollie 200 yourself.

    `process` without a lease: the cart is not guarded (roll-out), there is nothing to complete.
    """

    decision: Literal["process", "skip"]
    reason: Reason
    cart_id: int | None
    lease: ClaimLease | None


class ClaimReply(Answer):
    """What to do with a webhook."""

    model_config = with_openapi(example=examples.CLAIMED)

    data: ClaimData
    message: str


class LeaseData(Answer):
    """A timed hold on a cart."""

    token: str
    cart_id: int
    shop_id: int
    expires_at: Moment


class LeaseReply(Answer):
    """A lease."""

    model_config = with_openapi(example=examples.LEASED)

    data: LeaseData
    message: str


class CompleteData(Answer):
    """`verified`: the work succeeded and the shop's order fits the payment; `mismatches`: what does not."""

    verified: bool
    mismatches: tuple[str, ...]


class CompleteReply(Answer):
    """How the work was found."""

    model_config = with_openapi(example=examples.COMPLETED)

    data: CompleteData
    message: str


class LockRow(Answer):
    """A lock as its backend shows it."""

    key: str
    holder: str
    purpose: str | None
    since: Moment | None
    expires_at: Moment | None


class LeaseRow(Answer):
    """A lease as its cart's row shows it."""

    cart_id: int
    shop_id: int
    purpose: str
    holder: str
    taken_at: Moment
    expires_at: Moment


class LocksData(Answer):
    """Both sides: what is locked, and what the database says of it."""

    locks: tuple[LockRow, ...]
    leases: tuple[LeaseRow, ...]


class LocksReply(Answer):
    """What is held now."""

    model_config = with_openapi(example=examples.LOCKS)

    data: LocksData
    message: str
