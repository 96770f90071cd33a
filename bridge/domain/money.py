"""Money in minor units with its currency, as Mollie writes it and as PrestaShop stores it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation

from bridge.domain.errors import InvalidMoney

ZERO_DECIMALS = frozenset({"ISK", "JPY"})
TWO_DECIMALS = frozenset(
    "AED AUD BGN BRL CAD CHF CZK DKK EUR GBP HKD HUF ILS MXN MYR "
    "NOK NZD PHP PLN RON RUB SEK SGD THB TWD USD ZAR".split()
)
CURRENCIES = ZERO_DECIMALS | TWO_DECIMALS
"""The currencies that Mollie takes (docs.mollie.com, multicurrency), with the decimal places that it wants."""

LARGEST_MINOR = 10**12
"""More than any payment method of Mollie carries; keeps every sum inside a BIGINT."""


EXACT = Context(prec=100)
"""Digits in which amounts are read: the default of 28 would round a longer one before it can be refused."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Money:
    """An amount in minor units (cents; whole units for JPY and ISK) of a currency that Mollie knows."""

    currency: str
    minor: int

    def __post_init__(self) -> None:
        if self.currency not in CURRENCIES:
            raise InvalidMoney(f"currency {self.currency!r} is not one that Mollie takes (ISO 4217, such as EUR)")
        if not 0 <= self.minor <= LARGEST_MINOR:
            raise InvalidMoney(f"amount {self.value} {self.currency} is out of range")

    @classmethod
    def parse(cls, value: str | Decimal, currency: str) -> Money:
        """Read a decimal amount such as `14.40`; more decimal places than the currency has are refused."""
        try:
            amount = Decimal(value)
        except InvalidOperation:
            raise InvalidMoney(f"amount {str(value)[:40]!r} is not a decimal number such as 14.40") from None
        if not amount.is_finite() or abs(amount) > LARGEST_MINOR or len(amount.as_tuple().digits) > EXACT.prec:
            raise InvalidMoney(f"amount {str(value)[:40]!r} is out of range")
        scaled = EXACT.scaleb(amount, exponent(currency))
        if scaled != EXACT.to_integral_value(scaled):
            places = f"{currency} has {exponent(currency)}"
            raise InvalidMoney(f"amount {str(value)[:40]} has more decimal places than {places}")
        return cls(currency=currency, minor=int(scaled))

    @classmethod
    def round_shop(cls, value: Decimal, currency: str) -> Money:
        """Read PrestaShop's `decimal(20,6)`, rounded half up to what can be paid."""
        scaled = (value * 10 ** exponent(currency)).to_integral_value(rounding=ROUND_HALF_UP)
        return cls(currency=currency, minor=int(scaled))

    @property
    def value(self) -> str:
        """The amount as Mollie writes it: `14.40`, and `1440` for a currency without decimals."""
        return f"{Decimal(self.minor).scaleb(-exponent(self.currency)):f}"

    def less(self, other: Money) -> Money:
        """This amount less `other`, never below zero; both must be of one currency."""
        if other.currency != self.currency:
            raise InvalidMoney(f"{other} can not be taken from {self}: another currency")
        return Money(currency=self.currency, minor=max(0, self.minor - other.minor))

    def __str__(self) -> str:
        return f"{self.value} {self.currency}"


def exponent(currency: str) -> int:
    """The number of decimal places of `currency` at Mollie."""
    return 0 if currency in ZERO_DECIMALS else 2
