"""Leases on carts: a lock that keeps contenders apart, and the fence in the cart's row that decides."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from bridge.domain.cart import CartLease, CartRef, CartState
from bridge.domain.errors import LeaseLost, LockTimeout
from bridge.ports.clock import Clock
from bridge.ports.ledger import CartTransaction, Ledger
from bridge.ports.locks import CartLocks
from bridge.services.settings import LeaseLimits
from bridge.telemetry import METRICS

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """A timed hold on a cart: the lock's token, the fence that the database raised for it, and what it is for."""

    cart: CartRef
    token: str
    fence: int
    expires_at: datetime
    purpose: str


class Leases:
    """Takes, checks and gives back leases.

    The row of a leased cart shows the lease. After a crash the lock is free while the shop may still be working for
    the dead holder, so a lease that the row shows is respected until it was given back or has expired.
    """

    def __init__(self, *, ledger: Ledger, locks: CartLocks, clock: Clock, limits: LeaseLimits) -> None:
        self._ledger = ledger
        self._locks = locks
        self._clock = clock
        self._limits = limits
        self._holder = f"{socket.gethostname()}:{os.getpid()}"

    @contextmanager
    def locked(self, cart: CartRef, *, purpose: str, timeout: float | None = None) -> Iterator[None]:
        """Hold the cart's lock for work of milliseconds; the work raises the fence itself (`raise_fence`).

        Raises `LockTimeout` when the lock is not to be had in `acquire` seconds, or in `timeout` where that is less.
        """
        wait = self._limits.acquire if timeout is None else min(timeout, self._limits.acquire)
        with self._held(cart, purpose, wait) as held:
            if not held:
                self._report_conflict(cart, purpose)
                raise LockTimeout("Lock acquisition timeout", retry_after=1.0)
            yield

    @contextmanager
    def locked_soon(self, cart: CartRef, *, purpose: str, timeout: float) -> Iterator[bool]:
        """As `locked`, but False when somebody else has the lock for longer than `timeout` seconds."""
        with self._held(cart, purpose, timeout) as held:
            yield held

    @contextmanager
    def _held(self, cart: CartRef, purpose: str, timeout: float) -> Iterator[bool]:
        lifetime = self._limits.lifetime
        grant = self._locks.acquire(cart.lock_key, timeout=timeout, lifetime=lifetime, purpose=purpose)
        try:
            yield grant is not None
        finally:
            if grant is not None:
                self._locks.release(cart.lock_key, grant.token)

    def take(self, cart: CartRef, *, purpose: str, timeout: float, keep: bool) -> Lease | None:
        """Take a lease that its row shows, waiting up to `timeout` seconds; None when somebody else has it.

        With `keep` it is held for this process's own work; without, for somebody who gives it back by its token or
        loses it after its lifetime.
        """
        lifetime = self._limits.lifetime
        grant = self._locks.acquire(cart.lock_key, timeout=timeout, lifetime=lifetime, purpose=purpose, keep=keep)
        if grant is None:
            self._report_conflict(cart, purpose)
            return None
        try:
            lease = self._ledger.in_cart(cart, lambda tx: self._write(tx, grant.token, purpose))
        except BaseException:
            self._locks.release(cart.lock_key, grant.token)
            raise
        if lease is None:
            self._locks.release(cart.lock_key, grant.token)
            self._report_conflict(cart, purpose)
        return lease

    def _write(self, tx: CartTransaction, token: str, purpose: str) -> Lease | None:
        now = self._clock.now()
        if shown_lease(tx.state, now):
            return None
        shown = CartLease(
            token=token,
            purpose=purpose,
            holder=self._holder,
            taken_at=now,
            expires_at=now + timedelta(seconds=self._limits.lifetime),
        )
        state = replace(tx.state, fence=tx.state.fence + 1, lease=shown)
        tx.save_state(state)
        return Lease(cart=state.cart, token=token, fence=state.fence, expires_at=shown.expires_at, purpose=purpose)

    def renew(self, token: str) -> Lease:
        """Let the lease last its lifetime from now. Raises `LeaseLost`."""
        found = self._ledger.find_leased(token)
        if found is None or self._locks.renew(found.cart.lock_key, token, lifetime=self._limits.lifetime) is None:
            raise LeaseLost("the lease has expired or was given back")
        return self._ledger.in_cart(found.cart, lambda tx: self._prolong(tx, token))

    def _prolong(self, tx: CartTransaction, token: str) -> Lease:
        state = tx.state
        if state.lease is None or state.lease.token != token:
            raise LeaseLost("another lease was taken on the cart since")
        until = self._clock.now() + timedelta(seconds=self._limits.lifetime)
        tx.save_state(replace(state, lease=replace(state.lease, expires_at=until)))
        return Lease(cart=state.cart, token=token, fence=state.fence, expires_at=until, purpose=state.lease.purpose)

    def find(self, token: str) -> Lease:
        """The lease with this token. Raises `LeaseLost` when it is not the cart's present one."""
        found = self._ledger.find_leased(token)
        lease = shown_lease(found, self._clock.now()) if found else None
        if found is None or lease is None:
            raise LeaseLost("the lease has expired, was given back or was replaced")
        return Lease(
            cart=found.cart, token=token, fence=found.fence, expires_at=lease.expires_at, purpose=lease.purpose
        )

    def give_back(self, lease: Lease) -> None:
        """End the lease. A lease that is no longer the cart's present one leaves the row as it is."""
        try:
            self._ledger.in_cart(lease.cart, lambda tx: end_lease(tx, lease))
        finally:
            self._locks.release(lease.cart.lock_key, lease.token)

    def leave(self, lease: Lease) -> None:
        """Let the row show the lease until it ends by itself: somebody may go on working under it."""
        self._locks.release(lease.cart.lock_key, lease.token)

    def _report_conflict(self, cart: CartRef, purpose: str) -> None:
        METRICS.resource_conflicts.labels(purpose=purpose.split(":", 1)[0]).inc()
        log.error("cart.resource_conflict", cart_id=cart.cart_id, shop_id=cart.shop_id, purpose=purpose)


def shown_lease(state: CartState, now: datetime) -> CartLease | None:
    """The lease that the row shows, unless it has expired."""
    return state.lease if state.lease is not None and state.lease.expires_at > now else None


def raise_fence(tx: CartTransaction, now: datetime) -> int:
    """Raise the fence for short work under the cart's lock, and return it.

    Raises `LockTimeout` while the row shows somebody's lease: its holder's lock was lost, its work may go on.
    """
    if held := shown_lease(tx.state, now):
        raise LockTimeout("Lock acquisition timeout", retry_after=max(1.0, (held.expires_at - now).total_seconds()))
    state = replace(tx.state, fence=tx.state.fence + 1, lease=None)
    tx.save_state(state)
    return state.fence


def check_fence(tx: CartTransaction, fence: int) -> CartState:
    """The cart's row, when `fence` is still the present one. Raises `LeaseLost`: nothing may be written then."""
    if tx.state.fence != fence:
        raise LeaseLost("another lease was taken on the cart since")
    return tx.state


def end_lease(tx: CartTransaction, lease: Lease) -> bool:
    """Take the lease off the cart's row; False when the row shows another one (or none) by now."""
    if tx.state.lease is None or tx.state.lease.token != lease.token:
        return False
    tx.save_state(replace(tx.state, lease=None))
    return True
