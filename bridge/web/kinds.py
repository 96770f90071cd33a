"""Every kind of problem that the API answers with: the table behind `/problems`, the documentation and the answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of problem: `slug` makes its stable `type` URI, `meaning` says what to do about it.

    `retry_after`: seconds that the answer asks to wait where the error itself names none; None: repeating is no help.
    `speaks`: whether the error's own message is the answer's `detail`. Messages about infrastructure name hosts and
    files; they go into the log, and the answer gets `meaning`.
    """

    slug: str
    status: int
    title: str
    meaning: str
    retry_after: float | None = None
    speaks: bool = True

    @property
    def type(self) -> str:
        """The problem's `type`: a URI relative to this server, served as its documentation."""
        return f"/problems/{self.slug}"


MALFORMED: Final = Kind(
    slug="malformed-request",
    status=400,
    title="Malformed request",
    meaning="The request can not be read: broken JSON, a missing or unknown field, a value of the wrong type.",
)
KEY_MISSING: Final = Kind(
    slug="idempotency-key-missing",
    status=400,
    title="Idempotency key missing",
    meaning="Send a fresh UUID as Idempotency-Key (or X-Idempotency-Key, or idempotency_key in the body).",
)
KEYS_DIFFER: Final = Kind(
    slug="idempotency-keys-differ",
    status=400,
    title="Different idempotency keys",
    meaning="The headers and the body name different idempotency keys; send one.",
)
UNAUTHORIZED: Final = Kind(
    slug="unauthorized",
    status=401,
    title="Unauthorized",
    meaning="Send the header Authorization: Bearer <token> with a token of this bridge.",
)
FORBIDDEN: Final = Kind(
    slug="forbidden",
    status=403,
    title="Forbidden",
    meaning="This needs the token of scope admin; the shop's token may not do it.",
)
BAD_SIGNATURE: Final = Kind(
    slug="bad-signature",
    status=403,
    title="Bad signature",
    meaning="X-Mollie-Signature is missing or was not made with one of the configured signing secrets.",
)
FOREIGN_CART: Final = Kind(
    slug="foreign-cart",
    status=403,
    title="Cart of another customer",
    meaning="The cart belongs to another customer than customer_id says.",
)
NOT_FOUND: Final = Kind(
    slug="not-found", status=404, title="Not found", meaning="There is nothing at this path; see /openapi.json."
)
CART_NOT_FOUND: Final = Kind(
    slug="cart-not-found",
    status=404,
    title="Cart not found",
    meaning="The shop has no such cart, or it is another shop's; check cart_id and shop_id.",
)
PAYMENT_NOT_FOUND: Final = Kind(
    slug="payment-not-found", status=404, title="Payment not found", meaning="The bridge knows no such payment."
)
REFUND_NOT_FOUND: Final = Kind(
    slug="refund-not-found", status=404, title="Refund not found", meaning="The bridge knows no such refund."
)
DELIVERY_NOT_FOUND: Final = Kind(
    slug="delivery-not-found", status=404, title="Delivery not found", meaning="The inbox has no such delivery."
)
METHOD_NOT_ALLOWED: Final = Kind(
    slug="method-not-allowed",
    status=405,
    title="Method not allowed",
    meaning="This path does not take this method; the header Allow names those that it takes.",
)
CONFLICT: Final = Kind(
    slug="conflict",
    status=409,
    title="Conflict",
    meaning="The request is sound, but something that exists stands against it.",
)
KEY_IN_PROGRESS: Final = Kind(
    slug="key-in-progress",
    status=409,
    title="First request still running",
    meaning="The first request with this idempotency key is still running; repeat it for its answer.",
    retry_after=1.0,
)
LEASE_HELD: Final = Kind(
    slug="lease-held",
    status=409,
    title="Lease held",
    meaning="Somebody else works on the cart at this moment.",
    retry_after=2.0,
)
LEASE_LOST: Final = Kind(
    slug="lease-lost",
    status=409,
    title="Lease lost",
    meaning="The lease has expired or another one was taken since; nothing was written.",
)
TOO_LARGE: Final = Kind(
    slug="body-too-large", status=413, title="Body too large", meaning="The body is larger than the server takes."
)
UNSUPPORTED: Final = Kind(
    slug="unsupported-media-type",
    status=415,
    title="Unsupported media type",
    meaning="Send the body as JSON, with Content-Type: application/json.",
)
INVALID: Final = Kind(
    slug="invalid-request",
    status=422,
    title="Invalid request",
    meaning="The request was understood, but a value can not be meant; errors names each field.",
)
INVALID_MONEY: Final = Kind(
    slug="invalid-money",
    status=422,
    title="Invalid amount or currency",
    meaning="Amount and currency are no money that Mollie takes.",
)
KEY_REUSED: Final = Kind(
    slug="key-reused",
    status=422,
    title="Idempotency key reused",
    meaning="The idempotency key came before with another payload; use a new key for another payment.",
)
MOLLIE_REFUSED: Final = Kind(
    slug="mollie-refused",
    status=422,
    title="Mollie refused",
    meaning="Mollie will not do it; the detail is Mollie's own reason.",
)
TOO_MANY_UNKNOWN: Final = Kind(
    slug="too-many-unknown",
    status=429,
    title="Too many unknown payments",
    meaning="Too many webhooks of payments that nobody here knows; this one was not stored. Send it again later.",
    retry_after=60.0,
)
INTERNAL: Final = Kind(
    slug="internal-error",
    status=500,
    title="Internal error",
    meaning="This is a fault of the bridge. Its log has the reason under the instance named here.",
    speaks=False,
)
UNAVAILABLE: Final = Kind(
    slug="unavailable",
    status=503,
    title="Temporarily unavailable",
    meaning="Something that is needed does not answer; repeat the request with the same idempotency key.",
    retry_after=1.0,
)
LOCK_TIMEOUT: Final = Kind(
    slug="lock-timeout",
    status=503,
    title="Lock acquisition timeout",
    meaning="The cart's lock was not to be had in time: others work on the cart. Repeat the request.",
    retry_after=1.0,
    speaks=False,
)
LOCK_BACKEND_DOWN: Final = Kind(
    slug="lock-backend-down",
    status=503,
    title="Lock backend down",
    meaning="The lock backend (lock directory or Redis) can not be used; the bridge's log says why.",
    retry_after=2.0,
    speaks=False,
)
STORE_DOWN: Final = Kind(
    slug="store-down",
    status=503,
    title="Database down",
    meaning="The database can not be asked; the bridge's log says why.",
    retry_after=2.0,
    speaks=False,
)
NOT_READY: Final = Kind(
    slug="not-ready",
    status=503,
    title="Not ready",
    meaning="Something that the bridge can not work without fails; the detail says which part, the bridge's log why.",
    retry_after=2.0,
)
SHOP_DOWN: Final = Kind(
    slug="shop-down",
    status=503,
    title="Shop down",
    meaning="The shop did not answer as it should, or not in time.",
    retry_after=5.0,
    speaks=False,
)
MOLLIE_UNAVAILABLE: Final = Kind(
    slug="mollie-unavailable",
    status=503,
    title="Mollie unavailable",
    meaning="Mollie does not answer; nothing was done. Repeat the request with the same idempotency key.",
    retry_after=2.0,
    speaks=False,
)
MOLLIE_TIMEOUT: Final = Kind(
    slug="mollie-timeout",
    status=503,
    title="Mollie timed out",
    meaning="It is not known whether Mollie did it. Repeat the request with the same idempotency key.",
    retry_after=2.0,
    speaks=False,
)
MOLLIE_UNAUTHORIZED: Final = Kind(
    slug="mollie-unauthorized",
    status=503,
    title="Mollie key not accepted",
    meaning="The shop has no Mollie API key, or Mollie does not accept it: check the key in the shop's configuration.",
    retry_after=60.0,
    speaks=False,
)
WEBHOOK_NOT_DONE: Final = Kind(
    slug="webhook-not-done",
    status=503,
    title="Not done yet",
    meaning="The webhook is stored and will be worked on; send it again later.",
    retry_after=60.0,
)

KINDS: Final = tuple(kind for kind in tuple(vars().values()) if isinstance(kind, Kind))
"""All of them, in the order of their status."""

BY_SLUG: Final = {kind.slug: kind for kind in KINDS}
