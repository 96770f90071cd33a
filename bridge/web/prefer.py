"""The header `Prefer: wait=<seconds>` (RFC 7240): how long the caller waits for an answer."""

from __future__ import annotations

import re
from typing import Final

from flask import request

_WAIT: Final = re.compile(r"(?:^|[,;\s])wait\s*=\s*\"?(\d{1,4}(?:\.\d{1,3})?)\"?", re.IGNORECASE)


def read_patience() -> float | None:
    """Seconds that the caller waits; None when it does not say. What can not be read is no preference (RFC 7240, 2)."""
    found = _WAIT.search(request.headers.get("Prefer", ""))
    return float(found[1]) if found else None
