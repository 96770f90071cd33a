"""For an admin: what stands in the queues, replaying deliveries, and deciding about proposed refunds."""

from __future__ import annotations

import re
from typing import Final

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag

from bridge.domain.cart import CartRef
from bridge.domain.errors import CartNotFound, RefundNotFound
from bridge.domain.records import Delivery, DeliveryState, Refund, RefundState
from bridge.services.container import Services
from bridge.web import kinds
from bridge.web.answers import reply
from bridge.web.auth import Scope, route
from bridge.web.queue_answers import (
    DeliveriesData,
    DeliveriesReply,
    OneRefundReply,
    RefundsData,
    RefundsReply,
    delivery_row,
    refund_row,
)
from bridge.web.schemas import DeliveryQuery, RefundPath, RefundQuery, ReplayBody

_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

_SENDING: Final = (
    kinds.REFUND_NOT_FOUND,
    kinds.CONFLICT,
    kinds.MOLLIE_REFUSED,
    kinds.UNAVAILABLE,
    kinds.MOLLIE_UNAVAILABLE,
    kinds.MOLLIE_UNAUTHORIZED,
)


def queue_routes(services: Services) -> APIBlueprint:
    """The routes of the queues."""
    api = APIBlueprint("queues", __name__, abp_tags=[Tag(name="queues", description="What waits, and for what")])

    @api.get("/v1/deliveries", summary="Deliveries in a state", responses={200: DeliveriesReply})
    @route(scope=Scope.ADMIN)
    def deliveries(query: DeliveryQuery) -> Response:
        """Oldest first, 200 at most; `dead` ones need a person."""
        return _deliveries_reply(services.replays.in_state(DeliveryState(query.state)), "delivery", "deliveries")

    @api.post("/v1/deliveries/replay", summary="Work on deliveries again", responses={200: DeliveriesReply})
    @route(kinds.CART_NOT_FOUND, kinds.DELIVERY_NOT_FOUND, kinds.CONFLICT, scope=Scope.ADMIN)
    def replay(body: ReplayBody) -> Response:
        """One delivery, what failed of a cart, or all that are dead; they are worked on at once."""
        replayed = _replay(services, body)
        services.inbox.look()
        return _deliveries_reply(replayed, "delivery replayed", "deliveries replayed")

    @api.get("/v1/refunds", summary="Refunds in a state", responses={200: RefundsReply})
    @route(scope=Scope.ADMIN)
    def refunds(query: RefundQuery) -> Response:
        """Oldest first, 200 at most; without a state those that need a person.

        These are proposed, uncertain and failed ones, and such that have waited unsent for too long.
        """
        asked = frozenset({RefundState(query.state)}) if query.state else None
        found = services.refunds.in_states(asked) if asked else services.refunds.for_a_person()
        message = f"{len(found)} {'refund' if len(found) == 1 else 'refunds'}"
        return reply(RefundsReply(data=RefundsData(refunds=tuple(map(refund_row, found))), message=message))

    @api.post("/v1/refunds/<refund_id>/approve", summary="Make a proposed refund", responses={200: OneRefundReply})
    @route(*_SENDING, scope=Scope.ADMIN)
    def approve(path: RefundPath) -> Response:
        """Sends it now. Approving it again changes nothing; while its outcome is not known, 503."""
        return _refund_reply(services.refunds.approve(_known(path)), "Approved")

    @api.post("/v1/refunds/<refund_id>/reject", summary="Drop a proposed refund", responses={200: OneRefundReply})
    @route(kinds.REFUND_NOT_FOUND, kinds.CONFLICT, scope=Scope.ADMIN)
    def reject(path: RefundPath) -> Response:
        """It is not made, and not proposed again."""
        return _refund_reply(services.refunds.reject(_known(path)), "Rejected")

    return api


def _replay(services: Services, body: ReplayBody) -> tuple[Delivery, ...]:
    if body.delivery_id is not None:
        return (services.replays.one(body.delivery_id),)
    if body.cart_id is None:
        return services.replays.dead()
    found = services.ledger.shop.find_cart(body.cart_id)
    if found is None:
        raise CartNotFound(f"the shop has no cart {body.cart_id}")
    return services.replays.of_cart(CartRef(shop_id=found.shop_id, cart_id=body.cart_id))


def _known(path: RefundPath) -> str:
    """The refund's id; what is no id of ours names no refund."""
    refund_id = path.refund_id.lower()
    if not _UUID.fullmatch(refund_id):
        raise RefundNotFound("no such refund: a refund_id is the UUID that the bridge answered with")
    return refund_id


def _deliveries_reply(found: tuple[Delivery, ...], one: str, several: str) -> Response:
    message = f"{len(found)} {one if len(found) == 1 else several}"
    return reply(DeliveriesReply(data=DeliveriesData(deliveries=tuple(map(delivery_row, found))), message=message))


def _refund_reply(refund: Refund, message: str) -> Response:
    return reply(OneRefundReply(data=refund_row(refund), message=f"{message}: the refund is {refund.state.value}"))
