"""What a check finds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from bridge.diagnosis.installation import Installation


class Outcome(StrEnum):
    """How a check ended. Only `failed` makes the command fail."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    UNTESTED = "not tested"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a check saw, and what to do about it (empty: nothing). Neither ever holds a key, a token or a password."""

    outcome: Outcome
    seen: str
    advice: str = ""


def ok(seen: str) -> Verdict:
    """As it should be."""
    return Verdict(Outcome.OK, seen)


def warning(seen: str, advice: str) -> Verdict:
    """It works, and should not stay so."""
    return Verdict(Outcome.WARNING, seen, advice)


def failed(seen: str, advice: str) -> Verdict:
    """It does not work, or does not guard."""
    return Verdict(Outcome.FAILED, seen, advice)


@dataclass(frozen=True, slots=True)
class Check:
    """A check: its name (which stays as it is from version to version), what it tests, and how."""

    name: str
    tested: str
    run: Callable[[Installation], Verdict]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A line of the report."""

    check: str
    tested: str
    outcome: Outcome
    seen: str
    advice: str
