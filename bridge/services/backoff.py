"""When something that failed is tried again."""

from __future__ import annotations

import random
from datetime import timedelta

from bridge.domain.errors import BridgeError, Unavailable
from bridge.services.settings import Pauses

LONGEST_ERROR = 500
"""Characters of an error that are kept: enough to know the reason, too few for a payload."""


def pause_after(tries: int, pauses: Pauses, error: Exception | None = None) -> timedelta:
    """The pause after so many tries: it doubles, up to the longest.

    It is drawn from the upper half of its range ("equal jitter"), so that what failed together (the shop was down) does
    not come back together. Where the other side said when to come again, that is the least.
    """
    longest = min(pauses.longest, pauses.first * 2 ** min(max(tries, 1) - 1, 30))
    return max(timedelta(seconds=longest * random.uniform(0.5, 1.0)), asked_pause(pauses, error))  # noqa: S311


def asked_pause(pauses: Pauses, error: Exception | None) -> timedelta:
    """The pause that the other side has asked for, up to the longest; none where it has not."""
    asked = error.retry_after if isinstance(error, Unavailable) else 0.0
    return timedelta(seconds=min(asked, pauses.longest))


def reason_of(error: Exception) -> str:
    """The error as it is kept with what failed: its name, as the how-tos list them, and its words.

    An adapter may have a finer error of its own; what is shown is the one that everybody knows.
    """
    known = next((each for each in type(error).__mro__ if each.__module__ == BridgeError.__module__), type(error))
    return f"{known.__name__}: {error}"[:LONGEST_ERROR]
