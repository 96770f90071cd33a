"""The requests that Mollie takes, and the 422 with its field for those it does not."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from bridge.demo.simulator.amounts import Amount, parse_amount
from bridge.demo.simulator.errors import ApiError

# How long a payment stays payable, in minutes. Source: 15 minutes (iDEAL) to 12 days (bank transfer) by method;
# the values between are plausible, and nobody should predict them.
MINUTES_PAYABLE = {
    "ideal": 15,
    "bancontact": 60,
    "creditcard": 30,
    "applepay": 30,
    "paypal": 3 * 60,
    "klarna": 2 * 24 * 60,
    "banktransfer": 12 * 24 * 60,
    "directdebit": 24 * 60,
    "kbc": 60,
    "belfius": 60,
    "eps": 15,
    "przelewy24": 60,
    "in3": 60,
    "giftcard": 60,
    "trustly": 4 * 60,
}
MINUTES_PAYABLE_WITHOUT_METHOD = 15

# The only methods whose open payments the API reliably cancels.
CANCELABLE_METHODS = frozenset({"banktransfer", "directdebit"})

MAXIMUM_MINOR = 5_000_000  # 50,000.00: iDEAL's upper limit stands for all of them
METADATA_LIMIT = 1024  # bytes of JSON


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPayment:
    """A creation request that has passed."""

    amount: Amount
    description: str
    method: str | None
    redirect_url: str | None
    cancel_url: str | None
    webhook_url: str | None
    locale: str | None
    sequence_type: str
    metadata: Any


def read_new_payment(body: Any) -> NewPayment:
    """Check the body of `POST /v2/payments` the way Mollie does; raises ApiError for the first fault."""
    given = require_object(body)
    amount = read_positive_amount(given.get("amount"))
    sequence = given.get("sequenceType") or "oneoff"
    if sequence not in ("oneoff", "first", "recurring"):
        raise ApiError(422, "The sequence type is invalid", field="sequenceType")
    description = given.get("description")
    if not isinstance(description, str) or not description.strip():
        raise ApiError(422, "The description is required", field="description")
    return NewPayment(
        amount=amount,
        description=description[:255],
        method=read_method(given.get("method")),
        redirect_url=read_url(given.get("redirectUrl"), "redirectUrl", required=sequence != "recurring"),
        cancel_url=read_url(given.get("cancelUrl"), "cancelUrl"),
        webhook_url=read_url(given.get("webhookUrl"), "webhookUrl"),
        locale=given.get("locale"),
        sequence_type=sequence,
        metadata=read_metadata(given.get("metadata")),
    )


def require_object(body: Any) -> dict[str, Any]:
    """The body as a JSON object, or a 400."""
    if not isinstance(body, dict):
        raise ApiError(400, "The request body is not a valid JSON object")
    return body


def read_positive_amount(given: Any) -> Amount:
    """An amount above zero and below the maximum."""
    amount = parse_amount(given)
    if amount.minor == 0:
        raise ApiError(422, "The amount is lower than the minimum", field="amount.value")
    if amount.minor > MAXIMUM_MINOR:
        raise ApiError(422, "The amount is higher than the maximum", field="amount.value")
    return amount


def read_method(given: Any) -> str | None:
    """The preset method; a list of several leaves the choice to the shopper (None)."""
    names = [given] if isinstance(given, str) and given else (given or [])
    if not isinstance(names, list) or any(name not in MINUTES_PAYABLE for name in names):
        raise ApiError(422, "The payment method is invalid", field="method")
    return names[0] if len(names) == 1 else None


def read_url(given: Any, field: str, *, required: bool = False) -> str | None:
    """An absolute http(s) URL. Mollie also refuses hosts it can not reach; the simulator takes 127.0.0.1."""
    if given is None or given == "":
        if required:
            raise ApiError(422, f"The {field} is required", field=field)
        return None
    parts = urlsplit(given) if isinstance(given, str) else None
    if parts is None or parts.scheme not in ("http", "https") or not parts.hostname:
        raise ApiError(422, f"The {field} is not a valid URL", field=field)
    return str(given)


def read_metadata(given: Any) -> Any:
    """Anything that is JSON, up to about a kilobyte."""
    if given is not None and len(json.dumps(given)) > METADATA_LIMIT:
        raise ApiError(422, "The metadata is too large", field="metadata")
    return given
