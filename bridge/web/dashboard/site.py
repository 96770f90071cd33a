"""The pages' blueprint: what all of them share, headers and errors among it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask.blueprints import BlueprintSetupState
from jinja2 import StrictUndefined
from werkzeug.wrappers import Response as AnyResponse

from bridge.services.container import Services
from bridge.web.auth import Scope, route
from bridge.web.dashboard import words
from bridge.web.dashboard.door import PATH, Door, SignIn, TurnedAway
from bridge.web.dashboard.entrance import add_entrance, own_path
from bridge.web.dashboard.pages import add_pages
from bridge.web.dashboard.report_pages import add_report_pages
from bridge.web.settings import WebSettings
from bridge.web.watching import note, request_id

_ASSETS: Final = Path(__file__).parent / "assets"
_TYPES: Final = {"dashboard.css": "text/css; charset=utf-8", "icon.svg": "image/svg+xml"}

HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "interest-cohort=()",
}
"""Nothing is loaded from elsewhere, no script runs, nobody frames the page. The referrer stays within the page: a form
whose page sends none at all names no origin."""


def dashboard_pages(services: Services, settings: WebSettings, door: Door) -> Blueprint:
    """The pages below `/dashboard`."""
    site = Blueprint("dashboard", __name__, url_prefix=PATH, template_folder="templates")
    site.record_once(_set_up)
    site.before_request(door.ask_host)
    site.after_request(_add_headers)
    site.register_error_handler(Exception, _show_error)
    site.context_processor(lambda: {"version": settings.version, "words": words})
    add_entrance(site, door)
    add_pages(site, services, settings, door)
    add_report_pages(site, services)

    @site.get("/assets/<name>")
    @route(scope=Scope.OPEN)
    def asset(name: str) -> Response:
        """The style sheet and the icon; the form to sign in needs them, too."""
        if name not in _TYPES:
            raise TurnedAway(404, "There is no such file.")
        response = Response((_ASSETS / name).read_bytes(), content_type=_TYPES[name])
        response.headers["Cache-Control"] = "private, max-age=3600"
        return response

    @site.get("/")
    @route(scope=Scope.SESSION)
    def slash() -> AnyResponse:
        """Typed with a slash behind it."""
        return redirect(url_for("dashboard.overview"), 303)

    @site.get("/<path:rest>")
    @route(scope=Scope.SESSION)
    def nothing(rest: str) -> Response:  # noqa: ARG001
        """What is none of the pages."""
        raise TurnedAway(404, "There is no such page.")

    return site


def _set_up(state: BlueprintSetupState) -> None:
    """A name that a template misspells is an error, and no empty place on the page."""
    state.app.jinja_env.undefined = StrictUndefined
    state.app.jinja_env.trim_blocks = True
    state.app.jinja_env.lstrip_blocks = True


def _add_headers(response: Response) -> Response:
    response.headers.update(HEADERS)
    return response


def _show_error(error: Exception) -> AnyResponse:
    """The error as a page. Whoever is not signed in is sent to the form, and from there to where he wanted to go."""
    if isinstance(error, SignIn):
        wanted = request.full_path.rstrip("?") if request.method == "GET" else PATH
        return redirect(url_for("dashboard.sign_in", next=own_path(wanted)), 303)
    if isinstance(error, TurnedAway):
        page = render_template("dashboard/error.html", title=_TITLES[error.status], detail=error.reason, request_id="")
        return Response(page, error.status)
    problem = note(error)
    page = render_template(
        "dashboard/error.html", title=problem.kind.title, detail=problem.detail, request_id=request_id()
    )
    response = Response(page, problem.kind.status)
    if problem.retry_seconds is not None:
        response.headers["Retry-After"] = str(problem.retry_seconds)
    return response


_TITLES: Final = {
    403: "Not taken",
    404: "Not found",
    421: "Not under this name",
    422: "Not understood",
}
