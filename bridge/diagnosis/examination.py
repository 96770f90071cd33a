"""All checks in the order in which they are reported, and how they are made."""

from __future__ import annotations

from typing import Final

from sqlalchemy.exc import SQLAlchemyError

from bridge.diagnosis import configuration, database, locks, mollie, rights, shim, shop, sidecar
from bridge.diagnosis.findings import Check, Finding, Outcome, Verdict, failed
from bridge.diagnosis.installation import Installation
from bridge.diagnosis.untestable import Untestable
from bridge.domain.errors import BridgeError

CHECKS: Final[tuple[Check, ...]] = (
    *configuration.CHECKS,
    *database.CHECKS,
    *rights.CHECKS,
    *mollie.CHECKS,
    *locks.CHECKS,
    *sidecar.CHECKS,
    *shop.CHECKS,
    *shim.CHECKS,
)
"""What needs no other part comes first: the database is known to be down before its tables are asked for."""


def examine(installation: Installation) -> list[Finding]:
    """Make every check, one after the other; none stops the next."""
    return [_made(check, installation) for check in CHECKS]


def _made(check: Check, installation: Installation) -> Finding:
    try:
        verdict = check.run(installation)
    except Untestable as reason:
        verdict = Verdict(Outcome.UNTESTED, str(reason))
    except (BridgeError, SQLAlchemyError, OSError) as error:
        # A message of ours names no secret; one of a driver might.
        why = str(error) if isinstance(error, BridgeError) else type(error).__name__
        verdict = failed(f"it could not be found out: {why}", "put right what the lines above say, and try again")
    return Finding(
        check=check.name, tested=check.tested, outcome=verdict.outcome, seen=verdict.seen, advice=verdict.advice
    )
