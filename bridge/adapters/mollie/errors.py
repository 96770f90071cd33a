"""The library's errors as the port's.

| what happened | a read | a write |
|---|---|---|
| no connection came about (refused, unknown host, connect time-out) | `MollieUnavailable` | `MollieUnavailable` |
| connection broke, or no answer in time | `MollieUnavailable` | `MollieTimeout` |
| 401 | `MollieUnauthorized` | `MollieUnauthorized` |
| 409 "duplicate refund" | `MollieConflict` | `MollieDuplicateRefund` |
| 409 else (the key is in progress) | `MollieConflict` | `MollieConflict` |
| 429, 503 | `MollieUnavailable`, Retry-After carried | the same: Mollie did nothing |
| other 4xx | `MollieRefused` with status and field | the same |
| other 5xx, a redirect, an answer that is no JSON | `MollieUnavailable` | `MollieTimeout` |
"""

from __future__ import annotations

from typing import Final

from mollie.api.error import ResponseError

from bridge.adapters.mollie.client import Exchange
from bridge.domain.errors import (
    BridgeError,
    MollieConflict,
    MollieDuplicateRefund,
    MollieRefused,
    MollieTimeout,
    MollieUnauthorized,
    MollieUnavailable,
)

_LONGEST_RETRY_AFTER: Final = 3600.0
_LONGEST_DETAIL: Final = 300


class Hiccup(MollieUnavailable):
    """A read that failed in a way that a second try at once may cure."""


def translate(error: Exception, exchange: Exchange, *, writes: bool) -> BridgeError:
    """The port's error for what the library raised; the table above."""
    match exchange.status:
        case None:
            return _without_answer(exchange, writes=writes)
        case 401:
            return MollieUnauthorized("Mollie does not accept the API key")
        case 409:
            return _conflict(_detail(error), writes=writes)
        case 429 | 503:
            return MollieUnavailable(
                f"Mollie has no time for it ({exchange.status})", retry_after=_seconds(exchange.retry_after)
            )
        case status if 400 <= status < 500:
            return MollieRefused(f"Mollie refused: {_detail(error)}", status=status, field=_field(error))
        case status:
            return _unclear(f"Mollie's answer ({status}) can not be used", writes=writes)


def too_late(*, started: bool, writes: bool) -> BridgeError:
    """The error when the whole call's time is up."""
    if started and writes:
        return MollieTimeout("Mollie did not answer in time; it is not known whether it was done")
    return MollieUnavailable("Mollie did not answer in time")


def _without_answer(exchange: Exchange, *, writes: bool) -> BridgeError:
    if not exchange.sent:
        return (MollieUnavailable if writes else Hiccup)("Mollie can not be reached")
    if exchange.deadline.left() <= 0:
        return too_late(started=True, writes=writes)
    return _unclear("The connection to Mollie broke or timed out", writes=writes)


def _unclear(message: str, *, writes: bool) -> BridgeError:
    return MollieTimeout(f"{message}; it is not known whether it was done") if writes else Hiccup(message)


def _conflict(detail: str, *, writes: bool) -> BridgeError:
    # One status for two things that only the text tells apart: a refund of the same amount within the hour, and an
    # Idempotency-Key whose first request is still running.
    if writes and "duplicate" in detail.lower():
        return MollieDuplicateRefund(f"Mollie refused: {detail}")
    return MollieConflict(f"Mollie is still busy with it: {detail}")


def _detail(error: Exception) -> str:
    """Mollie's own words; without them (no JSON, no `detail` member: a bare KeyError) none are made up."""
    return str(error)[:_LONGEST_DETAIL] if isinstance(error, ResponseError) else "no reason given"


def _field(error: Exception) -> str | None:
    field = getattr(error, "field", None)
    return field if isinstance(field, str) else None


def _seconds(retry_after: str | None) -> float:
    """Retry-After in seconds; one second where it is absent or a date."""
    try:
        seconds = float(retry_after or "")
    except ValueError:
        return 1.0
    return min(max(seconds, 0.0), _LONGEST_RETRY_AFTER) if seconds == seconds else 1.0  # noqa: PLR0124  (NaN)
