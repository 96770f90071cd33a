"""Asking Mollie how payments stand, within the time that a waiting shopper has."""

from __future__ import annotations

import structlog

from bridge.domain.errors import MollieError, Unavailable
from bridge.domain.observed import Gone, Observation, Unanswered
from bridge.ports.clock import Clock
from bridge.ports.mollie import Mollie, MollieAccounts
from bridge.services.settings import GateLimits

log = structlog.get_logger()


class Truths:
    """Mollie's word on several payments. What it does not say in time is `Unanswered`, never an error."""

    def __init__(self, *, accounts: MollieAccounts, clock: Clock, limits: GateLimits) -> None:
        self._accounts = accounts
        self._clock = clock
        self._limits = limits

    def ask(
        self, shop_id: int, transaction_ids: tuple[str, ...], *, until: float | None = None
    ) -> dict[str, Observation]:
        """How each payment stands: at most `ask_limit` questions (the first ones), `ask_timeout` seconds in all.

        `until` (monotonic) ends it earlier.
        """
        end = self._clock.monotonic() + self._limits.ask_timeout
        until = end if until is None else min(end, until)
        answers: dict[str, Observation] = dict.fromkeys(transaction_ids, Unanswered())
        try:
            mollie = self._accounts.of(shop_id)
        except MollieError as error:
            log.warning("mollie.no_access", shop_id=shop_id, error=str(error))
            return answers
        for transaction_id in transaction_ids[: self._limits.ask_limit]:
            answers[transaction_id] = self._ask_one(mollie, transaction_id, until)
        return answers

    def _ask_one(self, mollie: Mollie, transaction_id: str, until: float) -> Observation:
        remaining = until - self._clock.monotonic()
        if remaining <= 0:
            return Unanswered()
        try:
            return mollie.find_payment(transaction_id, timeout=remaining) or Gone()
        except (MollieError, Unavailable) as error:
            log.warning("mollie.unanswered", transaction_id=transaction_id, error=str(error))
            return Unanswered()

    def cancel(self, shop_id: int, transaction_ids: tuple[str, ...], *, until: float) -> frozenset[str]:
        """Cancel payments by `until` (monotonic); returns those that Mollie did not cancel.

        It does not allow it (any more), or did not answer in time.
        """
        mollie = self._accounts.of(shop_id)
        return frozenset(tr for tr in transaction_ids if not self._cancel_one(mollie, tr, until))

    def _cancel_one(self, mollie: Mollie, transaction_id: str, until: float) -> bool:
        remaining = until - self._clock.monotonic()
        if remaining <= 0:
            return False
        try:
            return mollie.cancel_payment(transaction_id, timeout=remaining)
        except (MollieError, Unavailable) as error:
            log.warning("mollie.not_canceled", transaction_id=transaction_id, error=str(error))
            return False
