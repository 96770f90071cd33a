"""What may be sent: one model for each body, path and query. Unknown fields are refused."""

from __future__ import annotations

import functools
from typing import Annotated, Any, Final, Literal, cast

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    Strict,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import PydanticCustomError

from bridge.web import examples
from bridge.web.fields import (
    LARGEST_ID,
    Amount,
    BasketHash,
    Currency,
    Id,
    Locale,
    Method,
    Purpose,
    Reason,
    Text,
    TransactionId,
    Url,
)

OUR_METADATA: Final = frozenset({"cart_id", "molbridge_attempt"})
"""The bridge finds the cart and the attempt of a payment at Mollie by these."""


def _metadata(value: object) -> object:
    """A small flat object of strings and whole numbers: Mollie keeps 1 KB of it."""
    if not isinstance(value, dict):
        raise PydanticCustomError("metadata_type", "must be an object")
    for name, item in value.items():
        if isinstance(item, bool) or not isinstance(item, str | int):
            raise PydanticCustomError("metadata_type", "must hold strings and whole numbers only")
        if not (0 < len(name) <= 64 and name.isprintable() and len(str(item)) <= 255 and str(item).isprintable()):
            raise PydanticCustomError("metadata", "must have printable names up to 64 and values up to 255 characters")
    if len(value) > 10:
        raise PydanticCustomError("metadata", "must have at most 10 entries")
    if OUR_METADATA & value.keys():
        raise PydanticCustomError("metadata", "must leave cart_id and molbridge_attempt to the bridge, which sets them")
    return value


def with_openapi(**extra: Any) -> ConfigDict:
    """A model's configuration with what flask-openapi3 adds to its documentation (`example`, `examples`)."""
    return cast("ConfigDict", {"openapi_extra": extra})


class Body(BaseModel):
    """A JSON object. Null means absent."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Path(BaseModel):
    """The variable parts of a path; they come as text."""

    model_config = ConfigDict(frozen=True)


class Query(BaseModel):
    """What stands after the question mark; it comes as text."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @classmethod
    def model_json_schema(cls, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """The schema, made once: flask-openapi3 asks for it with every request that has a query."""
        return _schema_of(cls, *args, **kwargs)


@functools.cache
def _schema_of(model: type[Query], *args: Any, **kwargs: Any) -> dict[str, Any]:
    return super(Query, model).model_json_schema(*args, **kwargs)


class MollieSection(Body):
    """What the bridge sends when it creates the payment at Mollie itself."""

    description: Annotated[Text, Field(min_length=1, max_length=255)]
    redirect_url: Url
    webhook_url: Url | None = None
    method: Method | None = None
    locale: Locale | None = None
    metadata: Annotated[
        dict[str, str | int],
        BeforeValidator(_metadata),
        WithJsonSchema(
            {
                "type": "object",
                "maxProperties": 10,
                "additionalProperties": {"anyOf": [{"type": "string"}, {"type": "integer"}]},
            }
        ),
    ] = Field(default_factory=dict)


class InitiateBody(Body):
    """A payment that somebody wants to make."""

    model_config = with_openapi(examples=examples.INITIATE)

    shop_id: Id
    cart_id: Id
    customer_id: Id
    amount: Amount
    currency: Currency
    method: Method | None = None
    basket_hash: BasketHash | None = None
    idempotency_key: Annotated[str, Strict()] | None = None
    mollie: MollieSection | None = None


class BindBody(Body):
    """The transaction that the shop's module made; looked up in the shop's tables when absent."""

    model_config = with_openapi(example=examples.BIND)

    transaction_id: TransactionId | None = None
    checkout_url: Url | None = None


class ReleaseBody(Body):
    """Why the module did not make the payment; any text, cut to 255 characters."""

    model_config = with_openapi(example=examples.RELEASE)

    reason: Annotated[str, Strict(), AfterValidator(lambda text: _one_line(text)[:255])] | None = None


def _one_line(text: str) -> str:
    """The text of an error message, line breaks and other unprintable characters made spaces."""
    return "".join(character if character.isprintable() else " " for character in text).strip()


class ConfirmBody(Body):
    """The transaction to be verified at Mollie. `receipt_url` is accepted and not kept: Mollie is asked instead."""

    model_config = with_openapi(example=examples.CONFIRM)

    transaction_id: TransactionId
    receipt_url: Url | None = None


class RefundBody(Body):
    """`amount` absent: all that is left. The payment's own currency counts."""

    model_config = with_openapi(example=examples.REFUND)

    reason: Reason
    amount: Amount | None = None
    idempotency_key: Annotated[str, Strict()] | None = None


class ClaimBody(Body):
    """The id that Mollie posted to the shop."""

    model_config = with_openapi(example=examples.CLAIM)

    transaction_id: TransactionId


class LeaseBody(Body):
    """The cart to be held, and what for."""

    model_config = with_openapi(example=examples.LEASE)

    cart_id: Id
    shop_id: Id
    purpose: Purpose


class CompleteBody(Body):
    """How the work under the lease ended."""

    model_config = with_openapi(example=examples.COMPLETE)

    outcome: Literal["done", "failed"]
    http_status: Annotated[int, Strict(), Field(ge=100, le=599)] | None = None


class ReplayBody(Body):
    """Which deliveries: one by its id, what failed of a cart, or all that are dead. One of the three."""

    model_config = with_openapi(example=examples.REPLAY)

    delivery_id: Annotated[str, Strict(), Field(min_length=1, max_length=64)] | None = None
    cart_id: Id | None = None
    dead: Literal[True] | None = None

    @model_validator(mode="after")
    def _one_of_three(self) -> ReplayBody:
        if sum(value is not None for value in (self.delivery_id, self.cart_id, self.dead)) != 1:
            raise ValueError("name one of delivery_id, cart_id and dead")
        return self


class PaymentPath(Path):
    """A payment by the id that the bridge gave it."""

    payment_id: Annotated[str, Field(json_schema_extra={"example": examples.PAYMENT_ID})]


class LeasePath(Path):
    """A lease by its token."""

    token: Annotated[str, Field(json_schema_extra={"example": examples.LEASE_TOKEN})]


class ProblemPath(Path):
    """A kind of problem by the last part of its `type`."""

    slug: str


class CartPath(Path):
    """A cart by PrestaShop's number."""

    cart_id: Annotated[int, Field(ge=1, le=LARGEST_ID, json_schema_extra={"example": 42})]


_ShopId = Annotated[int, Field(ge=1, le=LARGEST_ID)]


class CartQuery(Query):
    """The shop, where the caller knows it: cart numbers are unique over all shops of a database."""

    shop_id: _ShopId | None = Field(default=None, json_schema_extra={"example": 1})


class CanPayQuery(CartQuery):
    """An amount makes the question exact: without one any open payment stands in the way."""

    amount: Amount | None = Field(default=None, json_schema_extra={"example": "14.40"})
    currency: Currency | None = Field(default=None, json_schema_extra={"example": "EUR"})


class AuditQuery(CartQuery):
    """`limit`: how many of the newest entries."""

    limit: Annotated[int, Field(ge=1, le=1000)] = 100


class RefundPath(Path):
    """A refund by the id that the bridge gave it."""

    refund_id: Annotated[str, Field(json_schema_extra={"example": examples.REFUND_ID})]


class DeliveryQuery(Query):
    """The state that is asked for."""

    state: Literal["received", "working", "failed", "dead", "done"] = "dead"


class RefundQuery(Query):
    """The state that is asked for."""

    state: Literal["proposed", "queued", "sent", "refunded", "failed", "uncertain", "dropped"] | None = None
