"""Claims and leases: what the shim asks before and tells after its module works."""

from __future__ import annotations

from typing import Final, assert_never

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag

from bridge.domain.cart import CartRef
from bridge.domain.errors import CartNotFound, LeaseHeld
from bridge.domain.settlement import (
    Hold,
    Ignore,
    RecordOnly,
    Settle,
    SettlementDecision,
    Surplus,
    Unknown,
    Unmatched,
    Update,
)
from bridge.services.container import Services
from bridge.services.leases import Lease
from bridge.web import kinds
from bridge.web.answers import reply
from bridge.web.auth import route
from bridge.web.lease_answers import (
    ClaimData,
    ClaimLease,
    ClaimReply,
    CompleteData,
    CompleteReply,
    LeaseData,
    LeaseReply,
    Reason,
)
from bridge.web.schemas import ClaimBody, CompleteBody, LeaseBody, LeasePath
from bridge.web.settings import WebSettings

CALLER: Final = "caller:"
"""Begins the purpose of a lease that was not taken for a webhook; what follows is the caller's word."""

_LOCKS: Final = (kinds.LOCK_TIMEOUT, kinds.LOCK_BACKEND_DOWN)


def lease_routes(services: Services, settings: WebSettings) -> APIBlueprint:
    """The routes of claims and leases."""
    api = APIBlueprint("leases", __name__, abp_tags=[Tag(name="leases", description="Working on a cart alone")])

    @api.post("/v1/webhooks/claim", summary="Claim a webhook that reached the shop", responses={200: ClaimReply})
    @route(
        kinds.LEASE_HELD,
        kinds.LEASE_LOST,
        kinds.TOO_MANY_UNKNOWN,
        kinds.MOLLIE_TIMEOUT,
        kinds.MOLLIE_REFUSED,
        kinds.MOLLIE_UNAVAILABLE,
        kinds.MOLLIE_UNAUTHORIZED,
        *_LOCKS,
    )
    def claim(body: ClaimBody) -> Response:
        """Stores the webhook, asks Mollie, decides. 409 lease-held: let Mollie come again."""
        found = services.claims.claim(body.transaction_id)
        lease = ClaimLease(token=found.lease.token, expires_at=found.lease.expires_at) if found.lease else None
        data = ClaimData(
            decision="process" if found.process else "skip",
            reason=reason_of(found.decision),
            cart_id=found.cart.cart_id if found.cart else None,
            lease=lease,
        )
        message = "Nothing is to be done; answer Mollie 200"
        if found.process:
            message = "Let the module work, then complete the lease" if lease else "Let the module work"
        return reply(ClaimReply(data=data, message=message))

    @api.post("/v1/leases", summary="Take a lease on a cart", responses={201: LeaseReply})
    @route(kinds.CART_NOT_FOUND, kinds.LEASE_HELD, *_LOCKS)
    def take(body: LeaseBody) -> Response:
        """It ends when it is completed, or by itself at `expires_at`."""
        cart = CartRef(shop_id=body.shop_id, cart_id=body.cart_id)
        if services.ledger.shop.find_cart(body.cart_id) != cart:
            raise CartNotFound(f"the shop has no {cart}")
        lease = services.leases.take(cart, purpose=f"{CALLER}{body.purpose}", timeout=settings.lease_wait, keep=False)
        if lease is None:
            raise LeaseHeld(f"{cart} is being worked on")
        return _lease_reply(lease, "Lease taken", 201)

    @api.post("/v1/leases/<token>/renew", summary="Keep a lease", responses={200: LeaseReply})
    @route(kinds.LEASE_LOST, kinds.LOCK_BACKEND_DOWN)
    def renew(path: LeasePath) -> Response:
        """Lets the lease last its lifetime from now."""
        return _lease_reply(services.leases.renew(path.token), "Lease renewed", 200)

    @api.post("/v1/leases/<token>/complete", summary="End a lease", responses={200: CompleteReply})
    @route(kinds.LEASE_LOST, kinds.LOCK_BACKEND_DOWN)
    def complete(path: LeasePath, body: CompleteBody) -> Response:
        """Ends the lease. After a webhook the shop's order is held against what Mollie took the money for."""
        succeeded = body.outcome == "done"
        mismatches = services.claims.complete(path.token, succeeded=succeeded, status=body.http_status)
        verified = succeeded and not mismatches
        message = "Verified" if verified else "Not verified: it will be worked on again"
        return reply(CompleteReply(data=CompleteData(verified=verified, mismatches=mismatches), message=message))

    return api


def _lease_reply(lease: Lease, message: str, status: int) -> Response:
    data = LeaseData(
        token=lease.token, cart_id=lease.cart.cart_id, shop_id=lease.cart.shop_id, expires_at=lease.expires_at
    )
    return reply(LeaseReply(data=data, message=message), status)


def reason_of(decision: SettlementDecision) -> Reason:
    """The decision's name in the API."""
    match decision:
        case Settle():
            return "settle"
        case Update():
            return "update"
        case Surplus():
            return "surplus"
        case Hold():
            return "hold"
        case Ignore():
            return "ignore"
        case RecordOnly():
            return "record_only"
        case Unknown():
            return "unknown"
        case Unmatched():
            return "unmatched"
        case _:
            assert_never(decision)
