"""Idempotency keys inside a transaction: who wins when two come with the same one."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.exc import IntegrityError

from bridge.adapters.ledger.faults import RunAgain
from bridge.adapters.ledger.rows import Values, key_values, present, to_key
from bridge.adapters.ledger.statements import KeyStatements
from bridge.adapters.prepared import Execute
from bridge.domain.errors import KeyReused
from bridge.domain.records import IdempotencyRecord


class Keys:
    """The keys as this transaction has seen them.

    Keys are not covered by the cart's lock: the same key may come with another cart at the same moment. The primary key
    decides, and what is stored now is compared with what the transaction saw:

    | stored now | saved |
    |---|---|
    | nothing | inserted |
    | the same fingerprint, seen or never looked for | replaced (the answer is added) |
    | the expired one that `find` passed over | replaced |
    | the same fingerprint, but `find` saw nothing | the work runs again and finds it |
    | another fingerprint | `KeyReused` |
    | an expired one, and `find` only presumed that there is nothing | the work runs again and looks |

    A cart that the bridge has not seen has nothing under its name, so nearly always there is no such key either. Such a
    transaction is made with `presume`: it spares itself the look; the primary key tells when that was wrong, and
    `check` does where no key was saved.
    """

    def __init__(self, execute: Execute, statements: KeyStatements, *, presume: bool) -> None:
        self._execute = execute
        self._sql = statements
        self._presume = presume
        self._presumed: dict[tuple[str, str], datetime] = {}
        self._seen: dict[tuple[str, str], IdempotencyRecord | None] = {}

    def find(self, scope: str, key: str, now: datetime) -> IdempotencyRecord | None:
        """The key, unless it has expired by `now`."""
        if self._presume:
            self._presumed[scope, key] = now
            self._seen[scope, key] = None
            return None
        record = self._seen[scope, key] = self._read(scope, key)
        return _unless_expired(record, now)

    def check(self) -> None:
        """Look for the keys that were presumed to be absent. Raises `RunAgain` when one is there."""
        for (scope, key), now in self._presumed.items():
            if _unless_expired(self._read(scope, key), now) is not None:
                raise RunAgain("the idempotency key was there already")
        self._presumed.clear()

    def save(self, record: IdempotencyRecord) -> None:
        """Insert or replace, as the table says."""
        name = record.scope, record.key
        seen_nothing = name in self._seen and self._seen[name] is None
        if seen_nothing or not self._replaced(record):
            self._insert(record, seen_nothing=seen_nothing)
        self._seen[name] = record
        self._presumed.pop(name, None)

    def _replaced(self, record: IdempotencyRecord) -> bool:
        seen = self._seen.get((record.scope, record.key)) or record
        values = key_values(record) | _wanted(record.scope, record.key)
        judged = {"mine": record.fingerprint, "seen": seen.fingerprint, "seen_expiry": seen.expires_at}
        return self._execute(self._sql.replace, values | judged).rowcount > 0

    def _insert(self, record: IdempotencyRecord, *, seen_nothing: bool) -> None:
        try:
            self._execute(self._sql.insert, present(key_values(record)))
        except IntegrityError as error:
            stored = self._read(record.scope, record.key)
            presumed_at = self._presumed.pop((record.scope, record.key), None)
            if presumed_at is not None:
                stored = _unless_expired(stored, presumed_at)
            if stored is None or (seen_nothing and stored.fingerprint == record.fingerprint):
                raise RunAgain("another transaction stored the idempotency key") from error
            raise KeyReused(f"idempotency key {record.key[:40]!r} was used for another request") from error

    def _read(self, scope: str, key: str) -> IdempotencyRecord | None:
        row = self._sql.find.one_or_none(self._execute, _wanted(scope, key))
        return None if row is None else to_key(row)


def _unless_expired(record: IdempotencyRecord | None, now: datetime) -> IdempotencyRecord | None:
    return None if record is None or record.expires_at <= now else record


def _wanted(scope: str, key: str) -> Values:
    return {"wanted_scope": scope, "wanted_key": key}
