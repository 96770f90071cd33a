"""Who may open the merchant's page, and from where."""

from __future__ import annotations

import hmac
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from flask import Response, g, request

from bridge.ports.clock import Clock
from bridge.services.rate import RateLimit
from bridge.web.auth import Scope, Tokens
from bridge.web.dashboard.sessions import Session, Sessions
from bridge.web.settings import WebSettings

COOKIE: Final = "mollie_bridge_dashboard"
PATH: Final = "/dashboard"

LOOPBACK: Final = "localhost"


class SignIn(Exception):
    """Nobody is signed in: the browser is sent to the form, and from there to where it wanted to go."""


class TurnedAway(Exception):
    """The page is not shown, or the form not taken: with this status and this reason, in words for its reader."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


class Door:
    """Lets browsers in with the admin's token, and knows them again by their cookie."""

    def __init__(self, settings: WebSettings, tokens: Tokens, clock: Clock) -> None:
        access = settings.dashboard
        self._tokens = tokens
        self._sessions = Sessions(settings.admin_token, lifetime=access.session_lifetime, clock=clock)
        self._lifetime = access.session_lifetime
        self._tries = RateLimit(access.logins_per_minute, clock)
        self._hosts = frozenset(host.lower() for host in access.hosts)

    # --- from where -----------------------------------------------------------------------------------------------

    def ask_host(self) -> None:
        """Refuse a name that is not ours: a page of somebody else's whose name was pointed at this machine.

        Raises `TurnedAway`.
        """
        name = hostname(request.host)
        if name != LOOPBACK and name not in self._hosts and not _is_loopback(name):
            detail = (
                f"This page is not served under the name {name or '(none)'}. "
                "Names beside localhost are allowed by the setting dashboard.hosts."
            )
            raise TurnedAway(421, detail)

    def ask_origin(self) -> None:
        """Refuse a form that was not sent from a page of ours. Raises `TurnedAway`.

        Every browser of today names the origin of a POST; one that names none is not believed.
        """
        origin = request.headers.get("Origin")
        if origin is None or urlsplit(origin).netloc.lower() != request.host.lower():
            raise TurnedAway(403, "The form was not sent from a page of this dashboard. Load the page again.")

    # --- who ------------------------------------------------------------------------------------------------------

    def ask_session(self) -> None:
        """Raise `SignIn` unless the browser's cookie proves a session; `session_now` gives it."""
        found = self._sessions.find(request.cookies.get(COOKIE))
        if found is None:
            raise SignIn
        g.dashboard_session = found

    def ask_form(self) -> None:
        """Refuse a form that was not made for this session. Raises `TurnedAway`."""
        self.ask_origin()
        sent = request.form.get("form_token", "").encode("utf-8", "surrogateescape")
        if not hmac.compare_digest(sent, session_now().form_token.encode()):
            raise TurnedAway(403, "The form belongs to a session that has ended. Load the page again.")

    def may_try(self) -> bool:
        """Whether somebody may try a token now; if so, the try is counted."""
        return self._tries.allows()

    def opens_for(self, token: str) -> bool:
        """Whether it is the admin's token."""
        return self._tokens.find_scope(token.strip()) is Scope.ADMIN

    def let_in(self, response: Response) -> None:
        """Give the browser a session. The cookie leaves it for pages of ours alone, and no script can read it."""
        cookie, _ = self._sessions.open()
        response.set_cookie(
            COOKIE,
            cookie,
            max_age=int(self._lifetime),
            path=PATH,
            secure=is_https(),
            httponly=True,
            samesite="Strict",
        )

    @staticmethod
    def let_out(response: Response) -> None:
        """Take the cookie back."""
        response.delete_cookie(COOKIE, path=PATH, secure=is_https(), httponly=True, samesite="Strict")


def session_now() -> Session:
    """The session of the request that is being answered, on a route that asked for one."""
    session: Session = g.dashboard_session
    return session


def hostname(host: str) -> str:
    """The name in a Host header, without its port, in lower case; empty for what is none."""
    try:
        return (urlsplit(f"//{host}").hostname or "").lower()
    except ValueError:
        return ""


def is_https() -> bool:
    """Whether the browser speaks TLS, to the proxy before the sidecar.

    Whoever lies about it gets a cookie that his own browser keeps to itself.
    """
    return request.is_secure or request.headers.get("X-Forwarded-Proto", "").split(",")[0].strip() == "https"


def _is_loopback(name: str) -> bool:
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False
