"""Money as Mollie writes it: a currency and a decimal string; kept here in minor units."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from bridge.demo.simulator.errors import ApiError

# The currencies the simulator takes, with their decimals: enough to be refused with another one.
DECIMALS = dict.fromkeys("EUR GBP USD CHF DKK NOK SEK PLN CZK HUF RON BGN AUD CAD".split(), 2) | {"JPY": 0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """`minor` units (cents) of `currency`."""

    currency: str
    minor: int

    @property
    def value(self) -> str:
        """The decimal string, "14.40", with exactly the currency's decimals."""
        decimals = DECIMALS[self.currency]
        if decimals == 0:
            return str(self.minor)
        whole, fraction = divmod(self.minor, 10**decimals)
        return f"{whole}.{fraction:0{decimals}d}"

    def to_json(self) -> dict[str, str]:
        """Mollie's amount object."""
        return {"value": self.value, "currency": self.currency}

    def with_minor(self, minor: int) -> Amount:
        """Another sum in the same currency."""
        return Amount(currency=self.currency, minor=minor)


def parse_amount(given: Any, field: str = "amount") -> Amount:
    """Read Mollie's amount object; raises a 422 that names the part that is wrong. Zero is an amount here."""
    if not isinstance(given, dict):
        raise ApiError(422, "The amount is missing or not an object with currency and value", field=field)
    currency, value = given.get("currency"), given.get("value")
    if not isinstance(currency, str) or currency not in DECIMALS:
        raise ApiError(422, "The currency is missing or not supported", field=f"{field}.currency")
    decimals = DECIMALS[currency]
    form = r"\d{1,9}" if decimals == 0 else rf"\d{{1,9}}\.\d{{{decimals}}}"
    if not isinstance(value, str) or re.fullmatch(form, value, re.ASCII) is None:
        raise ApiError(422, "The amount contains an invalid value", field=f"{field}.value")
    return Amount(currency=currency, minor=int(value.replace(".", "")))
