"""What a click on the pay button leads to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from bridge.demo.storefront.payment_page import StartedPayment


@dataclass(frozen=True, slots=True, kw_only=True)
class Redirect:
    """The shopper goes to `url`; `started` is there when that is a payment made just now."""

    url: str
    started: StartedPayment | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tell:
    """The shopper is told `text` on a page of the shop; `retry_after` in seconds when trying again makes sense."""

    status: int
    text: str
    retry_after: int | None = None


PayAnswer: TypeAlias = Redirect | Tell
