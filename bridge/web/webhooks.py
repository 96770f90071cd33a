"""`POST /webhooks/mollie`: Mollie's own call, routed here instead of to the shop.

| what comes | answer |
|---|---|
| form `id=tr_...` or `ord_...` | stored and worked on: 200 when done, else 503 and Mollie comes again |
| form with another kind of Mollie's ids (`re_`, `sub_`, `cst_`) | 200, nothing stored: there is nothing to do for it |
| form without an id, or with something that is none | 422 |
| JSON event of the next generation | its signature first, then as its `entityId` says |

A classic call is not signed and needs no token: nothing in it is believed, the payment is asked for at Mollie.
"""

from __future__ import annotations

import hashlib
import hmac
import math
import re
from typing import Any, Final

import structlog
from flask import Response, request
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag

from bridge.services.container import Services
from bridge.services.webhooks import Worked
from bridge.web import kinds
from bridge.web.answers import Answer, reply
from bridge.web.auth import Scope, route
from bridge.web.fields import TRANSACTION_ID
from bridge.web.problems import Problem, Refused, refused
from bridge.web.schemas import with_openapi
from bridge.web.settings import WebSettings

log = structlog.get_logger()

_ANY_ID: Final = re.compile(r"[a-z]{2,12}_[A-Za-z0-9.]{1,61}")
"""Mollie's ids of all kinds: a prefix that names the kind, and letters and digits."""

LONGEST_QUERY: Final = 2048
"""Characters of the query that are kept; the module's own has about a hundred."""

_FORMS: Final = ("application/x-www-form-urlencoded", "multipart/form-data")

_REQUEST_BODY: Final[dict[str, Any]] = {
    "required": True,
    "content": {
        "application/x-www-form-urlencoded": {
            "schema": {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}}},
            "example": {"id": "tr_WDqYK6vllg"},
        },
        "application/json": {
            "schema": {"type": "object", "required": ["entityId"], "properties": {"entityId": {"type": "string"}}},
            "example": {
                "resource": "event",
                "id": "event_GvJ8WHrp5i",
                "type": "payment.paid",
                "entityId": "tr_WDqYK6vllg",
            },
        },
    },
}


class WebhookReply(Answer):
    """Mollie reads the status alone."""

    model_config = with_openapi(example={"message": "Done"})

    message: str


def webhook_routes(services: Services, settings: WebSettings) -> APIBlueprint:
    """The route of Mollie's webhook."""
    api = APIBlueprint("webhooks", __name__, abp_tags=[Tag(name="webhooks", description="Mollie's own calls")])

    @api.post(
        "/webhooks/mollie",
        summary="Mollie's webhook",
        responses={200: WebhookReply},
        openapi_extensions={"requestBody": _REQUEST_BODY},
    )
    @route(
        kinds.MALFORMED,
        kinds.BAD_SIGNATURE,
        kinds.INVALID,
        kinds.TOO_LARGE,
        kinds.UNSUPPORTED,
        kinds.TOO_MANY_UNKNOWN,
        kinds.WEBHOOK_NOT_DONE,
        scope=Scope.OPEN,
    )
    def receive() -> Response:
        """Point the web server's route of the module's webhook here, its query string included."""
        request.max_content_length = settings.max_webhook_bytes
        mollie_id = _read_id(settings.signing_secrets)
        if not TRANSACTION_ID.fullmatch(mollie_id):
            log.info("webhook.other_kind", kind=mollie_id.partition("_")[0])
            return reply(WebhookReply(message="Nothing to do for this kind of id"))
        query = request.query_string.decode("latin-1")[:LONGEST_QUERY] or None
        worked = services.inbox.receive(mollie_id, source="mollie", query=query)
        if worked is None or not worked.done:
            raise Refused(_not_done(worked, services))
        return reply(WebhookReply(message="Done"))

    return api


def _read_id(secrets: tuple[str, ...]) -> str:
    """The id that Mollie announces. Raises for a wrong signature and for what is no id."""
    signature = request.headers.get("X-Mollie-Signature")
    if secrets and (signature is not None or request.is_json):
        _check_signature(signature or "", request.get_data(), secrets)
    if request.is_json:
        found = request.get_json().get("entityId")
    elif request.mimetype in _FORMS:
        found = request.form.get("id")
    else:
        raise refused(kinds.UNSUPPORTED, "Send the webhook as Mollie does: a form with an id, or a JSON event.")
    if not isinstance(found, str) or not _ANY_ID.fullmatch(found):
        raise refused(kinds.INVALID, "id must be the id of a payment or order at Mollie, such as tr_WDqYK6vllg")
    return found


def _check_signature(header: str, content: bytes, secrets: tuple[str, ...]) -> None:
    """Any of the signatures by any of the secrets: both may be several while a secret is being replaced."""
    given = [part.strip().removeprefix("sha256=").lower().encode("utf-8", "replace") for part in header.split(",")]
    right = [hmac.new(secret.encode(), content, hashlib.sha256).hexdigest().encode() for secret in secrets]
    matches = [hmac.compare_digest(one, other) for one in given[:5] for other in right]
    if not any(matches):
        log.warning("webhook.bad_signature")
        raise refused(kinds.BAD_SIGNATURE)


def _not_done(worked: Worked | None, services: Services) -> Problem:
    """Retry-After is when the inbox itself tries again; a work in progress will be through in a minute."""
    due = worked.delivery.next_try_at if worked else None
    wait = (due - services.clock.now()).total_seconds() if due else kinds.WEBHOOK_NOT_DONE.retry_after
    return Problem(
        kind=kinds.WEBHOOK_NOT_DONE, detail=kinds.WEBHOOK_NOT_DONE.meaning, retry_after=math.ceil(max(1.0, wait or 1.0))
    )
