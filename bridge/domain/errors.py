"""The one tree of errors. Business outcomes are decisions, not errors; `bridge.web.problems` maps these to HTTP."""

from __future__ import annotations


class BridgeError(Exception):
    """The root: anything this program raises on purpose."""


class ConfigurationError(BridgeError):
    """The settings can not be worked with; one clear line for each fault."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


class InvalidRequest(BridgeError):
    """The caller asked for something that can not be meant; the message says what to change."""


class InvalidMoney(InvalidRequest):
    """An amount or currency that is no money."""


class NotFound(BridgeError):
    """The thing named does not exist."""


class CartNotFound(NotFound):
    """The shop knows no such cart."""


class PaymentNotFound(NotFound):
    """The bridge knows no such payment attempt."""


class RefundNotFound(NotFound):
    """The bridge knows no such refund."""


class DeliveryNotFound(NotFound):
    """The inbox has no such delivery."""


class ReportNotFound(NotFound):
    """There is no report of that name."""


class ForeignCart(BridgeError):
    """The cart belongs to another customer."""


class Conflict(BridgeError):
    """The request is sound, but something that exists stands against it."""


class ReportUnavailable(Conflict):
    """The report can not be run on this database; the message says what is missing."""


class LeaseLost(Conflict):
    """Another lease on the cart was taken since: the holder may no longer write."""


class LeaseHeld(Conflict):
    """Somebody else works on the cart at this moment."""


class KeyInProgress(Conflict):
    """The first request with this idempotency key is still running."""


class KeyReused(InvalidRequest):
    """The same idempotency key came with another payload."""


class IllegalTransition(Conflict):
    """The attempt's state does not allow what was asked."""


class Unavailable(BridgeError):
    """Something that is needed does not answer; trying again later makes sense."""

    def __init__(self, message: str, *, retry_after: float = 1.0) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class TooManyUnknown(Unavailable):
    """One webhook too many of payments that neither the ledger nor the shop knows."""


class LockTimeout(Unavailable):
    """The cart's lock was not to be had in time."""


class LockBackendDown(Unavailable):
    """The lock backend can not be asked."""


class StoreDown(Unavailable):
    """The database can not be asked."""


class TablesDiffer(StoreDown):
    """The bridge's own tables are not of the version that this program needs; the message names both."""


class ShopDown(Unavailable):
    """The shop did not answer, or not in time."""


class ShopSilent(ShopDown):
    """The shop was called and nobody knows what it does: its script may still be at work."""


class NotifyDown(Unavailable):
    """A notice was not delivered, or nobody knows whether it was."""


class NotifyRefused(BridgeError):
    """The receiver of a notice said no for good; trying again would change nothing."""


class MollieError(BridgeError):
    """Mollie answered, and the answer is no."""


class MollieRefused(MollieError):
    """Mollie will not do it (422 and other 4xx); `field` names what it objects to, where it says so."""

    def __init__(self, message: str, *, status: int, field: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.field = field


class UnknownStatus(MollieError):
    """Mollie gives a payment or order the status `word`, which this version does not know."""

    def __init__(self, message: str, *, word: str) -> None:
        super().__init__(message)
        self.word = word


class MollieUnauthorized(MollieError):
    """Mollie does not accept the API key; or there is none to be sent, and then `has_key` is False."""

    def __init__(self, message: str, *, has_key: bool = True) -> None:
        super().__init__(message)
        self.has_key = has_key


class MollieConflict(MollieError):
    """409: the same idempotency key is still in progress at Mollie; nothing is known yet."""


class MollieDuplicateRefund(MollieError):
    """409: Mollie saw the same refund within the hour."""


class MollieUnavailable(Unavailable):
    """Mollie did not do it and said so (429, 503), or could not be reached before anything was sent."""


class MollieTimeout(Unavailable):
    """It is not known whether Mollie did it: the connection broke or the time was up after sending."""
