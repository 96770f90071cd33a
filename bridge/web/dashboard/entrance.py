"""Signing in with the admin's token, and out again."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

import structlog
from flask import Blueprint, Response, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from bridge.web.auth import Scope, route
from bridge.web.dashboard.door import PATH, Door

log = structlog.get_logger()

WRONG: Final = "That is not the admin's token."
TOO_OFTEN: Final = "Too many tries. Wait a minute, then try again."

PAUSE: Final = 60
"""Seconds after which tries are allowed again, all of them."""


def own_path(wanted: str) -> str:
    """A path of these pages, or else the first of them: nobody is sent elsewhere after signing in."""
    parts = urlsplit(wanted)
    is_own = parts.path == PATH or parts.path.startswith(f"{PATH}/")
    is_plain = wanted.isprintable() and "\\" not in wanted and not parts.scheme and not parts.netloc
    return wanted if is_own and is_plain else PATH


def add_entrance(site: Blueprint, door: Door) -> None:
    """The form, and what it sends."""

    @site.get("/login")
    @route(scope=Scope.OPEN)
    def sign_in() -> str:
        """The form."""
        return _form(own_path(request.args.get("next", PATH)))

    @site.post("/login")
    @route(scope=Scope.OPEN)
    def signed_in() -> AnyResponse:
        """A token was sent. Wrong ones are counted as the right one is: who guesses is stopped before he is right."""
        door.ask_origin()
        wanted = own_path(request.form.get("next", PATH))
        if not door.may_try():
            log.warning("dashboard.too_many_tries")
            return Response(_form(wanted, TOO_OFTEN), 429, {"Retry-After": str(PAUSE)})
        if not door.opens_for(request.form.get("token", "")):
            log.warning("dashboard.wrong_token")
            return Response(_form(wanted, WRONG), 401)
        log.info("dashboard.signed_in")
        response = Response(status=303)
        response.headers["Location"] = wanted
        door.let_in(response)
        return response

    @site.post("/logout")
    @route(scope=Scope.SESSION)
    def sign_out() -> AnyResponse:
        """The cookie is taken back."""
        door.ask_form()
        response = Response(status=303)
        response.headers["Location"] = url_for("dashboard.sign_in")
        door.let_out(response)
        return response


def _form(wanted: str, fault: str | None = None) -> str:
    return render_template("dashboard/login.html", wanted=wanted, fault=fault)
