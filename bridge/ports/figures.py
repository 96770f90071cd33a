"""What the merchant's page and the back office count, read from the bridge's tables and never written."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from bridge.domain.days import Begun, Decided, GivenBack, Ordered


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreturned:
    """Money for carts that were paid already, of which something is not on its way back yet, in one currency."""

    currency: str
    payments: int
    minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """The last that was heard of any payment: when, and from whom (`mollie`, `shim`, or a source of the bridge's)."""

    at: datetime
    source: str


class FigureSource(Protocol):
    """Every method raises `StoreDown` when the database can not be asked, or takes too long."""

    def decided(self, since: datetime, until: datetime) -> tuple[Decided, ...]:
        """What stood in the way from `since` to before `until`, and surplus payments, by the audit trail.

        Watched and guarded carts together. What went on as usual (`Proceed`, money that was no surplus) is left out.
        """
        ...

    def money_of(self, transaction_ids: Collection[str]) -> Mapping[str, tuple[str, int]]:
        """Currency and minor units of what was charged for each of these transactions that is known."""
        ...

    def given_back(self, since: datetime) -> tuple[GivenBack, ...]:
        """Refunds of surplus payments that were made since a time.

        Those that the policy made, and those of any payment that is not the one that settled its cart.
        """
        ...

    def begun(self, since: datetime, until: datetime) -> tuple[Begun, ...]:
        """The payments begun from `since` to before `until`, by the state that they are in now."""
        ...

    def changed(self, since: datetime) -> frozenset[date]:
        """The days on which payments were begun that have changed, or were begun, since a time."""
        ...

    def ordered(self, since: datetime, until: datetime) -> tuple[Ordered, ...]:
        """How long the orders took that were verified from `since` to before `until`."""
        ...

    def unreturned(self) -> tuple[Unreturned, ...]:
        """Surplus and held money that is not on its way back, by currency."""
        ...

    def unverified(self, before: datetime) -> int:
        """Carts that were settled, and whose order does not verify, with no news since `before`."""
        ...

    def find_news(self) -> News | None:
        """The newest delivery."""
        ...

    def close(self) -> None:
        """Close every connection."""
        ...
