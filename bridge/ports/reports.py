"""Where the rows of reports come from."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import date
from typing import Protocol

from bridge.domain.reports import Report


class ReportSource(Protocol):
    """A shop's database, read only."""

    def read(
        self, report: Report, since: date | None, most: int | None = None
    ) -> AbstractContextManager[Iterator[tuple[object, ...]]]:
        """The report's rows as the database has them, the first `most`, one after the other, while the context is open.

        Raises `ReportUnavailable` (a table or a right is missing, it took too long) and `StoreDown`.
        """

    def count(self, report: Report, since: date | None) -> int:
        """How many rows the report has: cheaper than reading them. Raises as `read` does."""

    def has_bridge_tables(self) -> bool:
        """Whether the bridge's own tables are there."""

    def close(self) -> None:
        """Let go of the connections."""
