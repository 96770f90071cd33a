"""`mollie-bridge locks`: who works on which cart now, by the lock backend and by the carts' rows."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from rich.console import Console
from rich.table import Column, Table

from bridge.adapters.clock import SystemClock
from bridge.bootstrap import build_ledger, build_locks
from bridge.config import Settings
from bridge.domain.cart import CartState
from bridge.ports.locks import HeldLock


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """One hold as it is shown. `seen_in` is `lock` (the backend) or `row` (the cart's row in the database)."""

    key: str
    seen_in: str
    holder: str
    purpose: str | None
    since: datetime | None
    expires_at: datetime | None
    expired: bool


def find_holds(settings: Settings) -> list[Hold]:
    """The holds of now, oldest first. A lock without a lease: an initiation, or PHP. A lease without a lock: lost."""
    clock = SystemClock()
    ledger, locks = build_ledger(settings), build_locks(settings.locks, clock)
    try:
        held = [_of_lock(lock, clock.now()) for lock in locks.held()]
        leased = [_of_row(state, clock.now()) for state in ledger.leased()]
    finally:
        locks.close()
        ledger.close()
    return [*held, *leased]


def _of_lock(lock: HeldLock, now: datetime) -> Hold:
    return Hold(
        key=lock.key,
        seen_in="lock",
        holder=lock.holder,
        purpose=lock.purpose,
        since=lock.since,
        expires_at=lock.expires_at,
        expired=lock.expires_at is not None and lock.expires_at <= now,
    )


def _of_row(state: CartState, now: datetime) -> Hold:
    lease = state.lease
    if lease is None:
        raise AssertionError("the ledger answers with leased carts only")
    return Hold(
        key=state.cart.lock_key,
        seen_in="row",
        holder=lease.holder,
        purpose=lease.purpose,
        since=lease.taken_at,
        expires_at=lease.expires_at,
        expired=lease.expires_at <= now,
    )


def print_holds(holds: list[Hold], *, as_json: bool) -> None:
    """A table for people, or one JSON array."""
    if as_json:
        rows = [{name: _text(getattr(hold, name)) for name in Hold.__slots__} for hold in holds]
        print(json.dumps(rows, indent=2))
        return
    if not holds:
        print("Nobody holds a lock or a lease.")
        return
    table = Table(Column("key", no_wrap=True), "seen in", "holder", "purpose", "since (UTC)", "expires (UTC)")
    for hold in holds:
        since = f"{hold.since:%F %H:%M:%S}" if hold.since else "not known"
        table.add_row(hold.key, hold.seen_in, hold.holder, hold.purpose or "not known", since, _until(hold))
    Console().print(table)


def _until(hold: Hold) -> str:
    if hold.expires_at is None:
        return "kept by its process"
    return f"{hold.expires_at:%H:%M:%S}{' (expired)' if hold.expired else ''}"


def _text(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else value
