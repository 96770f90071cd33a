"""Sessions of browsers in which somebody signed in: a signed cookie, and nothing kept on the server."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from typing import Final

from itsdangerous import BadData, URLSafeSerializer

from bridge.ports.clock import Clock

_PURPOSE: Final = b"mollie-bridge dashboard session 1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A session. `until`: the second of the Unix clock at which it ends; `form_token`: what its forms must send."""

    until: int
    form_token: str


class Sessions:
    """Opens sessions and knows its own again.

    The key is derived from the admin's token: another token ends every session, and who reads a cookie learns nothing
    of the token.
    """

    def __init__(self, admin_token: str, *, lifetime: float, clock: Clock) -> None:
        key = hmac.new(admin_token.encode("utf-8", "surrogateescape"), _PURPOSE, hashlib.sha256).digest()
        self._signer = URLSafeSerializer(
            key, salt="session", signer_kwargs={"digest_method": hashlib.sha256, "key_derivation": "hmac"}
        )
        self._lifetime = lifetime
        self._clock = clock

    def open(self) -> tuple[str, Session]:
        """A new session, and the cookie that proves it."""
        until = int(self._clock.now().timestamp() + self._lifetime)
        session = Session(until=until, form_token=secrets.token_urlsafe(24))
        return str(self._signer.dumps([session.until, session.form_token])), session

    def find(self, cookie: str | None) -> Session | None:
        """The session that a cookie proves; None when it proves none, or one that has ended."""
        if not cookie:
            return None
        try:
            until, form_token = self._signer.loads(cookie)
        except (BadData, TypeError, ValueError):
            return None
        if not isinstance(until, int) or not isinstance(form_token, str):
            return None
        if until <= self._clock.now().timestamp():
            return None
        return Session(until=until, form_token=form_token)
