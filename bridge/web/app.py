"""The application: every route, behind one guard and one watch."""

from __future__ import annotations

from flask import Flask
from flask_openapi3.openapi import OpenAPI

from bridge.services.container import Services
from bridge.web import openapi
from bridge.web.auth import Tokens, guard
from bridge.web.carts import cart_routes
from bridge.web.dashboard import Door, dashboard_pages
from bridge.web.leases import lease_routes
from bridge.web.openapi import openapi_routes
from bridge.web.ops import ops_routes
from bridge.web.payments import payment_routes
from bridge.web.queues import queue_routes
from bridge.web.reading import JsonRequest, refuse_invalid
from bridge.web.reports import report_routes
from bridge.web.settings import WebSettings
from bridge.web.watching import watch
from bridge.web.webhooks import webhook_routes


def create_app(services: Services, settings: WebSettings) -> Flask:
    """The WSGI application over these services. It starts nothing and closes nothing; its caller does."""
    app = OpenAPI(
        __name__,
        info=openapi.info(settings.version),
        security_schemes=openapi.SECURITY_SCHEMES,
        validation_error_model=openapi.Problem,
        validation_error_callback=refuse_invalid,
        doc_ui=False,
        static_folder=None,
    )
    app.request_class = JsonRequest
    app.config["MAX_CONTENT_LENGTH"] = settings.max_body_bytes
    # A redirect loses the body of a POST; a path with two slashes is simply not found.
    app.url_map.merge_slashes = False
    watch(app)
    tokens = Tokens(settings)
    door = Door(settings, tokens, services.clock)
    guard(app, tokens, door.ask_session)
    for routes in (
        payment_routes(services),
        cart_routes(services),
        lease_routes(services, settings),
        webhook_routes(services, settings),
        queue_routes(services),
        report_routes(services),
        ops_routes(services, settings),
        openapi_routes(app),
    ):
        app.register_api(routes)
    if settings.dashboard.enabled:
        app.register_blueprint(dashboard_pages(services, settings, door))
    return app
