"""Errors as problem+json (RFC 9457): the one mapping of the domain's errors to HTTP."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from werkzeug.exceptions import HTTPException, MethodNotAllowed

from bridge.domain import errors
from bridge.web import kinds
from bridge.web.kinds import Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldFault:
    """What is wrong with one field: `field` is its path, such as `mollie.redirect_url`."""

    field: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A problem as it is answered. `retry_after` is in seconds; `headers` go into the answer beside Retry-After."""

    kind: Kind
    detail: str
    retry_after: float | None = None
    faults: tuple[FieldFault, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def retry_seconds(self) -> int | None:
        """What Retry-After says: whole seconds, at least one."""
        return None if self.retry_after is None else max(1, math.ceil(self.retry_after))


class Refused(Exception):
    """The edge itself refuses the request, before any service has seen it."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.detail)
        self.problem = problem


def refused(kind: Kind, detail: str | None = None, *, headers: Mapping[str, str] | None = None) -> Refused:
    """A refusal of this kind, to be raised; without `detail` the kind's meaning says it."""
    return Refused(
        Problem(kind=kind, detail=detail or kind.meaning, retry_after=kind.retry_after, headers=headers or {})
    )


KIND_OF: Final[Mapping[type[errors.BridgeError], Kind]] = MappingProxyType(
    {
        errors.InvalidRequest: kinds.INVALID,
        errors.InvalidMoney: kinds.INVALID_MONEY,
        errors.KeyReused: kinds.KEY_REUSED,
        errors.CartNotFound: kinds.CART_NOT_FOUND,
        errors.PaymentNotFound: kinds.PAYMENT_NOT_FOUND,
        errors.ReportNotFound: kinds.NOT_FOUND,
        errors.RefundNotFound: kinds.REFUND_NOT_FOUND,
        errors.DeliveryNotFound: kinds.DELIVERY_NOT_FOUND,
        errors.ForeignCart: kinds.FOREIGN_CART,
        errors.Conflict: kinds.CONFLICT,
        errors.LeaseLost: kinds.LEASE_LOST,
        errors.LeaseHeld: kinds.LEASE_HELD,
        errors.KeyInProgress: kinds.KEY_IN_PROGRESS,
        errors.Unavailable: kinds.UNAVAILABLE,
        errors.TooManyUnknown: kinds.TOO_MANY_UNKNOWN,
        errors.LockTimeout: kinds.LOCK_TIMEOUT,
        errors.LockBackendDown: kinds.LOCK_BACKEND_DOWN,
        errors.StoreDown: kinds.STORE_DOWN,
        errors.ShopDown: kinds.SHOP_DOWN,
        errors.MollieRefused: kinds.MOLLIE_REFUSED,
        errors.MollieUnauthorized: kinds.MOLLIE_UNAUTHORIZED,
        errors.MollieUnavailable: kinds.MOLLIE_UNAVAILABLE,
        errors.MollieTimeout: kinds.MOLLIE_TIMEOUT,
        # 409 at Mollie, "still in progress": no more is known than after a time-out.
        errors.MollieConflict: kinds.MOLLIE_TIMEOUT,
    }
)
"""The most special class that is named here decides. What is not named is a fault of ours: 500, without detail."""

_KIND_OF_STATUS: Final = {
    kind.status: kind
    for kind in (kinds.MALFORMED, kinds.NOT_FOUND, kinds.METHOD_NOT_ALLOWED, kinds.TOO_LARGE, kinds.UNSUPPORTED)
}


def problem_of(error: Exception) -> Problem:
    """The problem that an error is answered with."""
    match error:
        case Refused():
            return error.problem
        case errors.BridgeError():
            return _of_bridge_error(error)
        case HTTPException():
            return _of_http_exception(error)
        case _:
            return Problem(kind=kinds.INTERNAL, detail=kinds.INTERNAL.meaning)


def _of_bridge_error(error: errors.BridgeError) -> Problem:
    kind = next((KIND_OF[cls] for cls in type(error).__mro__ if cls in KIND_OF), kinds.INTERNAL)
    named = error.retry_after if isinstance(error, errors.Unavailable) else None
    faults = (
        (FieldFault(field=error.field, reason=str(error)),)
        if isinstance(error, errors.MollieRefused) and error.field
        else ()
    )
    return Problem(
        kind=kind,
        detail=(kind.speaks and str(error)) or kind.meaning,
        retry_after=named if named is not None else kind.retry_after,
        faults=faults,
    )


def _of_http_exception(error: HTTPException) -> Problem:
    """Werkzeug's own refusals (no such path, wrong method, body too large); their texts are made for browsers."""
    code = error.code or 500
    kind = _KIND_OF_STATUS.get(code) or (kinds.MALFORMED if code < 500 else kinds.INTERNAL)
    headers = {"Allow": ", ".join(sorted(error.valid_methods or ()))} if isinstance(error, MethodNotAllowed) else {}
    return Problem(kind=kind, detail=kind.meaning, headers=headers)
