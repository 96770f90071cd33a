"""One webhook call: a form-encoded POST with Mollie's time-out, redirects not followed."""

from __future__ import annotations

import http.client
from urllib.parse import urlencode, urlsplit

# Mollie waits this long for an answer before it counts the delivery as failed.
TIMEOUT = 15.0


def post_webhook(url: str, transaction_id: str, timeout: float = TIMEOUT) -> tuple[int | None, str]:
    """POST `id=<transaction_id>` to `url`; the status, or None and why there is none."""
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=timeout)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "Accept": "*/*",
        "User-Agent": "Mollie HTTP client/1.0 (simulator)",
        "Connection": "close",
    }
    try:
        connection.request("POST", target, urlencode({"id": transaction_id}), headers)
        answer = connection.getresponse()
        answer.read()
        return answer.status, ""
    except (OSError, http.client.HTTPException) as error:
        return None, f"{type(error).__name__}: {error}"
    finally:
        connection.close()
