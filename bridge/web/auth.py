"""Who may do what: bearer tokens with a scope, and the scope that each route asks for."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeVar

from flask import Flask, request

from bridge.web import kinds
from bridge.web.kinds import Kind
from bridge.web.problems import refused
from bridge.web.settings import WebSettings

F = TypeVar("F", bound=Callable[..., object])


class Scope(StrEnum):
    """What a route asks for. `open`: nothing; `shop`: either token; `admin`: the admin's token.

    `session`: a browser in which somebody signed in with the admin's token; a bearer token is none.
    """

    OPEN = "open"
    SESSION = "session"
    SHOP = "shop"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """What a view says of itself: its scope, and the problems that it answers with beside the common ones."""

    scope: Scope = Scope.SHOP
    problems: tuple[Kind, ...] = ()


_MARK: Final = "molbridge_route"


def route(*problems: Kind, scope: Scope = Scope.SHOP) -> Callable[[F], F]:
    """Mark a view. A view that nobody marked asks for a token: forgetting the mark opens nothing."""

    def mark(view: F) -> F:
        setattr(view, _MARK, Route(scope=scope, problems=problems))
        return view

    return mark


def route_of(view: Callable[..., object]) -> Route:
    """What the view is marked with."""
    found = getattr(view, _MARK, None)
    return found if isinstance(found, Route) else Route()


class Tokens:
    """Knows the tokens by their hashes, so that comparing takes the same time whatever was sent."""

    def __init__(self, settings: WebSettings) -> None:
        self._shop = _digest(settings.shop_token)
        self._admin = _digest(settings.admin_token)

    def find_scope(self, token: str) -> Scope | None:
        """The scope of a token; None for one that is not ours."""
        digest = _digest(token)
        is_admin = hmac.compare_digest(digest, self._admin)
        is_shop = hmac.compare_digest(digest, self._shop)
        return Scope.ADMIN if is_admin else Scope.SHOP if is_shop else None


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()


def guard(app: Flask, tokens: Tokens, ask_session: Callable[[], None]) -> None:
    """Ask every request for the token that its route needs, before anything of it is read.

    `ask_session` raises unless the request bears a session.
    """

    @app.before_request
    def check_token() -> None:
        if request.endpoint is None:
            return
        needed = route_of(app.view_functions[request.endpoint]).scope
        match needed:
            case Scope.OPEN:
                pass
            case Scope.SESSION:
                ask_session()
            case _:
                _check(tokens, needed)


def _check(tokens: Tokens, needed: Scope) -> None:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise refused(kinds.UNAUTHORIZED, headers={"WWW-Authenticate": 'Bearer realm="mollie-bridge"'})
    scope = tokens.find_scope(token.strip())
    if scope is None:
        challenge = 'Bearer realm="mollie-bridge", error="invalid_token"'
        raise refused(
            kinds.UNAUTHORIZED, "The bearer token is not one of this bridge.", headers={"WWW-Authenticate": challenge}
        )
    if needed is Scope.ADMIN and scope is not Scope.ADMIN:
        challenge = 'Bearer realm="mollie-bridge", error="insufficient_scope", scope="admin"'
        raise refused(kinds.FORBIDDEN, headers={"WWW-Authenticate": challenge})
