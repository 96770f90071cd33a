"""Implements `FigureSource` on the bridge's tables, over connections of its own: no page waits in the gate's queue."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import URL, Engine, Executable, Row, event

from bridge.adapters.figures_statements import FigureStatements, highest_id, lowest_id
from bridge.adapters.ledger.engine import create_engine
from bridge.adapters.ledger.faults import translated
from bridge.adapters.ledger.sessions import Sessions
from bridge.adapters.ledger.tables import ledger_tables
from bridge.adapters.statement_time import limit_statement_time
from bridge.domain.attempt import AttemptState
from bridge.domain.days import Begun, Decided, GivenBack, Ordered, summed
from bridge.ports.figures import News, Unreturned

LONGEST: Final = 15
"""Seconds that the server works on one question. None is about more than a day and a half: of a shop with a million
payments a month it takes less than a second, on two cores that are busy with other things some seconds."""

AT_ONCE: Final = 2
"""Connections. The figures are kept for half a minute, so that a third asks for nothing else."""

_PART: Final = 500
"""Transactions named in one statement."""


class SqlFigures:
    """The figures over the tables under `prefix`; nothing is connected before the first question."""

    def __init__(self, url: str | URL, prefix: str, *, connect_timeout: float = 2.0) -> None:
        engine = _bounded_engine(url, connect_timeout)
        self._sessions = Sessions(engine)
        self._sql = FigureStatements(ledger_tables(prefix), engine.dialect.name)

    def decided(self, since: datetime, until: datetime) -> tuple[Decided, ...]:
        """Counts by day and decision; surplus payments one by one."""
        return tuple(
            Decided(
                day=_day(row.day),
                # MySQL and MariaDB keep the quotes of a JSON string.
                decision=str(row.decision).strip('"'),
                count=int(row.number),
                transaction_id=row.transaction_id,
            )
            for row in self._rows(self._sql.decided, {"since": since, "until": until})
        )

    def money_of(self, transaction_ids: Collection[str]) -> Mapping[str, tuple[str, int]]:
        """What was charged for them, by the attempts that are known."""
        wanted = sorted(transaction_ids)
        parts = [wanted[start : start + _PART] for start in range(0, len(wanted), _PART)]
        rows = [row for part in parts for row in self._rows(self._sql.money, {"wanted": part})]
        return {row.transaction_id: (row.currency, int(row.minor)) for row in rows}

    def given_back(self, since: datetime) -> tuple[GivenBack, ...]:
        """Refunds of surplus payments by day and currency."""
        return tuple(
            GivenBack(day=_day(row.day), currency=row.currency, count=int(row.number), minor=int(row.minor))
            for row in self._rows(self._sql.given_back, {"since": since})
        )

    def begun(self, since: datetime, until: datetime) -> tuple[Begun, ...]:
        """Payments by the day of their beginning and their state now."""
        bounds = {"lowest": lowest_id(since), "highest": highest_id(until), "since": since, "until": until}
        return tuple(
            Begun(day=_day(row.day), state=AttemptState(row.state), count=int(row.number))
            for row in self._rows(self._sql.begun, bounds)
        )

    def changed(self, since: datetime) -> frozenset[date]:
        """Days, by the time of the last change."""
        return frozenset(_day(row.day) for row in self._rows(self._sql.changed, {"since": since}))

    def ordered(self, since: datetime, until: datetime) -> tuple[Ordered, ...]:
        """Orders by the day of their verification and the seconds that they took."""
        return tuple(
            Ordered(day=_day(row.day), seconds=max(0, int(row.seconds)), count=int(row.number))
            for row in self._rows(self._sql.ordered, {"since": since, "until": until})
        )

    def unreturned(self) -> tuple[Unreturned, ...]:
        """What is left of each payment, added up."""
        left = [
            (row.currency, int(row.paid) - int(row.returned or 0))
            for row in self._rows(self._sql.unreturned, {})
            if int(row.paid) > int(row.returned or 0)
        ]
        return tuple(
            Unreturned(currency=currency, payments=[one for one, _ in left].count(currency), minor=minor)
            for currency, minor in summed(left).items()
        )

    def unverified(self, before: datetime) -> int:
        """Carts in the phase `started` whose payment has not changed since."""
        return int(self._rows(self._sql.unverified, {"before": before})[0].number)

    def find_news(self) -> News | None:
        """The newest delivery."""
        rows = self._rows(self._sql.newest, {})
        return News(at=rows[0].received_at, source=rows[0].source) if rows else None

    def close(self) -> None:
        """Close every connection."""
        self._sessions.close()

    def _rows(self, statement: Executable, values: dict[str, Any]) -> list[Row[Any]]:
        with translated():
            return self._sessions.read(lambda connection: list(connection.execute(statement, values).all()))


def _day(value: object) -> date:
    """The servers give a date, SQLite its text."""
    return value if isinstance(value, date) else date.fromisoformat(str(value))


def _bounded_engine(url: str | URL, connect_timeout: float) -> Engine:
    """An engine whose server gives up on a question after `LONGEST`."""
    engine = create_engine(
        url, pool_size=AT_ONCE, pool_timeout=LONGEST, connect_timeout=connect_timeout, read_timeout=LONGEST + 2.0
    )
    if engine.dialect.name == "sqlite":
        return engine

    @event.listens_for(engine, "connect")
    def _bound(connection: Any, _: object) -> None:
        with connection.cursor() as cursor:
            limit_statement_time(cursor, LONGEST)
        connection.commit()

    return engine
