"""The simulator as a Flask app: the API, the hosted checkout page and the controls."""

from __future__ import annotations

import json

from flask import Flask, Response
from werkzeug.exceptions import HTTPException

from bridge.demo.simulator.api import create_api
from bridge.demo.simulator.checkout import create_checkout
from bridge.demo.simulator.control import create_control
from bridge.demo.simulator.errors import error_body
from bridge.demo.simulator.front import Front
from bridge.demo.simulator.render import HAL
from bridge.demo.simulator.simulator import MollieSimulator


def create_app(simulator: MollieSimulator) -> Flask:
    """`/v2` as Mollie answers it, `/checkout/{id}` for the shopper, `/_sim` for whoever runs the show."""
    app = Flask(__name__)
    app.register_blueprint(create_api(simulator))
    app.register_blueprint(create_checkout(simulator))
    app.register_blueprint(create_control(simulator))

    @app.errorhandler(HTTPException)
    def refuse(error: HTTPException) -> Response:
        status = error.code or 500
        return Response(json.dumps(error_body(status, error.description)), status, content_type=HAL)

    # Flask's own documented way to put a WSGI layer around an app.
    app.wsgi_app = Front(app.wsgi_app, simulator)  # type: ignore[method-assign]
    return app
