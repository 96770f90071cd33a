"""Numbers, money and times in words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final

from markupsafe import Markup, escape

from bridge.domain.money import exponent

_NAME: Final = re.compile(r"`([^`]+)`")
_UNITS: Final = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))


def amount(currency: str, minor: int) -> str:
    """`14.40`: minor units as the currency writes them, thousands apart."""
    return f"{Decimal(minor).scaleb(-exponent(currency)):,f}"


def money(currency: str, minor: int) -> str:
    """`14.40 EUR`."""
    return f"{amount(currency, minor)} {currency}"


def amounts(by_currency: Mapping[str, int]) -> str:
    """`14.40 EUR and 700 JPY`; each currency by itself."""
    return " and ".join(money(currency, minor) for currency, minor in by_currency.items())


def axis_amount(currency: str, minor: int) -> str:
    """An amount beside an axis: without decimal places where there are none."""
    text = amount(currency, minor)
    return text.removesuffix(".00")


def number(value: int) -> str:
    """`1,234`."""
    return f"{value:,}"


def seconds(value: int) -> str:
    """`45 s`, `2 min`, `1 min 30 s`, `3 h`, `2 d 4 h`: two units at most."""
    if value == 0:
        return "0 s"
    parts = []
    for unit, size in _UNITS:
        count, value = divmod(value, size)
        if count:
            parts.append(f"{count:,} {unit}")
        elif parts:
            break
        if len(parts) == 2:
            break
    return " ".join(parts)


def axis_seconds(value: int) -> str:
    """`90 s`, `15 min`, `2 h`: one unit, the largest that fits."""
    unit, size = next((one for one in _UNITS if value and value % one[1] == 0), ("s", 1))
    return f"{value // size:,} {unit}"


def ago(at: datetime, now: datetime) -> str:
    """`12 min ago`."""
    passed = max(timedelta(), now - at)
    return f"{seconds(int(passed.total_seconds()))} ago"


def moment(at: datetime) -> str:
    """`2026-03-01 12:00:05 UTC`."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def counted(count: int, one: str, several: str | None = None) -> str:
    """`1 refund`, `2 refunds`."""
    return f"{number(count)} {one if count == 1 else several or one + 's'}"


def marked(text: str) -> Markup:
    """Text with its `names` set as code."""
    return Markup(_NAME.sub(r"<code>\1</code>", str(escape(text))))  # noqa: S704  (escaped)
