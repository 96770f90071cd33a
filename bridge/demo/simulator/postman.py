"""One webhook call: a form-encoded POST with Mollie's time-out, redirects not followed."""

from __future__ import annotations

import http.client
from contextlib import closing
from urllib.parse import urlencode, urlsplit

# Mollie waits this long for an answer before it counts the delivery as failed.
TIMEOUT = 15.0


def post_webhook(url: str, transaction_id: str, timeout: float = TIMEOUT) -> tuple[int | None, str]:
    """POST `id=<transaction_id>` to `url`; the status, or None and why there is none."""
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "Accept": "*/*",
        "User-Agent": "Mollie HTTP client/1.0 (simulator)",
        "Connection": "close",
    }
    try:
        parts = urlsplit(url)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        with closing(kind(parts.hostname or "", parts.port, timeout=timeout)) as connection:
            connection.request("POST", target, urlencode({"id": transaction_id}), headers)
            answer = connection.getresponse()
            answer.read()
            return answer.status, ""
    except (OSError, ValueError, http.client.HTTPException) as error:
        # ValueError: a URL that can not be put on the wire (a port out of range, letters that are not ASCII).
        return None, f"{type(error).__name__}: {error}"
