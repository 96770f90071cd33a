"""The signed header with which the sidecar passes a webhook on: it says that the cart's lease is held already."""

from __future__ import annotations

import hashlib
import hmac
from typing import Final

HEADER: Final = "X-Molliebridge-Forwarded"
_OLDEST: Final = 300
"""Seconds a signature counts, both ways: clocks differ, and a copied one must not open the door for ever."""


def is_forwarded(header: str | None, *, token: str, transaction_id: str, unix_time: float) -> bool:
    """Whether `header` (`t=..,tx=..,cart=..,v1=..`) is the sidecar's own, for this transaction, and fresh.

    `v1` is HMAC-SHA256 in hex over `<t>.<tx>.<cart>` under the shop's bearer token.
    """
    parts = dict(part.strip().partition("=")[::2] for part in (header or "").split(","))
    stamp, transaction, cart = parts.get("t", ""), parts.get("tx", ""), parts.get("cart", "")
    if not stamp.isdecimal() or transaction != transaction_id or abs(unix_time - int(stamp)) > _OLDEST:
        return False
    expected = hmac.new(token.encode(), f"{stamp}.{transaction}.{cart}".encode(), hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected, parts.get("v1", ""))
