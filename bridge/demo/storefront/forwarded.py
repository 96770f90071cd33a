"""The signed header with which the sidecar passes a webhook on: it says that the cart's lease is held already."""

from __future__ import annotations

import hashlib
import hmac
from typing import Final

HEADER: Final = "X-Molliebridge-Forwarded"
_OLDEST: Final = 300
"""Seconds a signature counts, both ways: clocks differ, and a copied one must not open the door for ever."""


def is_forwarded(header: str | None, *, token: str, transaction_id: str, unix_time: float) -> bool:
    """Whether `header` (`t=..,tx=..,cart=..,until=..,v1=..`) is the sidecar's own, for this transaction, and good now.

    `v1` is HMAC-SHA256 in hex over `<t>.<tx>.<cart>.<until>` under the shop's bearer token; `until` (milliseconds) is
    the end of the lease that the sidecar holds. A call that comes after it is no longer the only one at work: it has to
    claim the cart like any other.
    """
    parts = dict(part.strip().partition("=")[::2] for part in (header or "").split(","))
    stamp, transaction, cart, until = (parts.get(name, "") for name in ("t", "tx", "cart", "until"))
    if not (stamp.isdecimal() and until.isdecimal()) or transaction != transaction_id:
        return False
    if abs(unix_time - int(stamp)) > _OLDEST or unix_time * 1000 >= int(until):
        return False
    expected = hmac.new(token.encode(), f"{stamp}.{transaction}.{cart}.{until}".encode(), hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected, parts.get("v1", ""))
