"""The kinds of fields that requests have. Each reason is written for the one who has to change the request.

A wrong type is malformed (400), and its error type ends in `_type`; a value that can not be meant is invalid (422).
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Annotated, Final
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, Strict, WithJsonSchema
from pydantic_core import PydanticCustomError

LARGEST_ID: Final = 2**32 - 1
"""PrestaShop's ids are `int(10) unsigned`."""

_AMOUNT: Final = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,6})?")
_CURRENCY: Final = re.compile(r"[A-Z]{3}")
_LOCALE: Final = re.compile(r"[a-z]{2}_[A-Z]{2}")
_METHOD: Final = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_PURPOSE: Final = re.compile(r"[a-z][a-z0-9-]{0,31}")
TRANSACTION_ID: Final = re.compile(r"(tr|ord)_[A-Za-z0-9]{1,61}")
"""Mollie's id of a payment or of an order of the Orders API."""


def _amount(value: object) -> str:
    """The amount as text: a string, or a JSON number (which is read as a Decimal, so nothing is lost)."""
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise PydanticCustomError("amount_type", 'must be a decimal amount in a string, such as "14.40"')
    text = str(value)
    if not _AMOUNT.fullmatch(text):
        raise PydanticCustomError("amount", "must be a decimal amount such as 14.40, of at most 15 digits")
    if Decimal(text) <= 0:
        raise PydanticCustomError("amount", "must be greater than zero")
    return text


def _currency(value: str) -> str:
    if not _CURRENCY.fullmatch(value):
        raise PydanticCustomError("currency", "must be an ISO 4217 code of three upper-case letters, such as EUR")
    return value


def _locale(value: str) -> str:
    if not _LOCALE.fullmatch(value):
        raise PydanticCustomError("locale", "must be a locale such as nl_NL")
    return value


def _method(value: str) -> str:
    if not _METHOD.fullmatch(value):
        raise PydanticCustomError(
            "method", "must be a payment method such as ideal, of at most 64 letters, digits, _ . -"
        )
    return value


def _purpose(value: str) -> str:
    if not _PURPOSE.fullmatch(value):
        raise PydanticCustomError("purpose", "must be lower-case letters, digits and - (32 at most), as in return-page")
    return value


def _transaction_id(value: str) -> str:
    if not TRANSACTION_ID.fullmatch(value):
        raise PydanticCustomError("transaction_id", "must be Mollie's id of a payment or order, such as tr_WDqYK6vllg")
    return value


def _printable(value: str) -> str:
    if not value.isprintable():
        raise PydanticCustomError("printable", "must have printable characters only")
    return value


def _url(value: str) -> str:
    if not _is_web_address(value):
        raise PydanticCustomError("url", "must be an address that begins with https:// or http://")
    return value


def _is_web_address(value: str) -> bool:
    try:
        parts = urlsplit(value)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    return usable and value.isprintable() and " " not in value


Id = Annotated[int, Strict(), Field(ge=1, le=LARGEST_ID)]
"""A number of PrestaShop's: no string, no bool, no fraction."""

Text = Annotated[str, Strict(), AfterValidator(_printable)]
Reason = Annotated[Text, Field(min_length=1, max_length=255)]
BasketHash = Annotated[Text, Field(min_length=1, max_length=191)]
Amount = Annotated[
    str,
    BeforeValidator(_amount),
    WithJsonSchema({"type": "string", "pattern": r"^[0-9]{1,15}(\.[0-9]{1,6})?$", "examples": ["14.40"]}),
]
Currency = Annotated[str, Strict(), AfterValidator(_currency), Field(examples=["EUR"])]
Locale = Annotated[str, Strict(), AfterValidator(_locale), Field(examples=["nl_NL"])]
Method = Annotated[str, Strict(), AfterValidator(_method), Field(examples=["ideal"])]
Purpose = Annotated[str, Strict(), AfterValidator(_purpose), Field(examples=["return-page"])]
TransactionId = Annotated[str, Strict(), AfterValidator(_transaction_id), Field(examples=["tr_WDqYK6vllg"])]
Url = Annotated[str, Strict(), Field(max_length=2048), AfterValidator(_url)]
"""An address on the web, as long as the database keeps it."""
