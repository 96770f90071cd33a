"""How a shop asks the bridge: JSON over local HTTP, with a bearer token and little patience."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import requests

_CONNECT: Final = 0.3
"""Seconds. The sidecar is on the same host or next to it: whoever does not take the connection by then is not there."""
_ANSWER: Final = 2.2
"""Seconds, 2.5 with the connection: the sidecar waits up to 2 s for another tab, and a shopper waits with it."""


class SidecarSilent(Exception):
    """The sidecar does not answer, or what answers does not behave as the sidecar does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What the sidecar said. `data` is the body's `data`, empty in a problem; `retry_after` is in seconds."""

    status: int
    data: dict[str, Any]
    retry_after: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sidecar:
    """The bridge at `base_url` (no trailing slash)."""

    base_url: str
    token: str

    def post(self, path: str, body: dict[str, Any], *, understood: frozenset[int], key: str | None = None) -> Reply:
        """Send `body`; `key` as the Idempotency-Key.

        Raises `SidecarSilent` when nothing came in time or the status is none that the caller understands: a wrong
        token or a page of somebody else's server must not stop the sale any more than a sidecar that is down.
        """
        headers = {"Authorization": f"Bearer {self.token}"} | ({"Idempotency-Key": key} if key else {})
        try:
            answer = requests.post(
                f"{self.base_url}{path}",
                json=body,
                headers=headers,
                timeout=(_CONNECT, _ANSWER),
                allow_redirects=False,
            )
            parsed = answer.json()
        except (requests.RequestException, ValueError) as error:
            raise SidecarSilent(f"POST {path}: {error}") from error
        if answer.status_code not in understood or not isinstance(parsed, dict):
            raise SidecarSilent(f"POST {path}: {answer.status_code}")
        data = parsed.get("data")
        return Reply(
            status=answer.status_code,
            data=data if isinstance(data, dict) else {},
            retry_after=answer.headers.get("Retry-After"),
        )
