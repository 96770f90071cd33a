"""The API's own description: `/openapi.json` and `/problems`."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator
from typing import Any, Final

from flask import Flask, Response
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.info import Info
from flask_openapi3.openapi import OpenAPI
from flask_openapi3.utils import parse_rule
from pydantic import BaseModel, Field

from bridge.web import examples, kinds
from bridge.web.auth import Route, Scope, route, route_of
from bridge.web.kinds import BY_SLUG, KINDS, Kind
from bridge.web.problems import refused
from bridge.web.schemas import ProblemPath

PROBLEM: Final = "application/problem+json"

SECURITY_SCHEMES: Final[dict[str, Any]] = {
    "shop": {"type": "http", "scheme": "bearer", "description": "The shop's token, or the admin's"},
    "admin": {"type": "http", "scheme": "bearer", "description": "The admin's token"},
}

KEY_HEADER: Final[dict[str, Any]] = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Or X-Idempotency-Key, or idempotency_key in the body; one of them is required.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
    "example": examples.INITIATE["shop_creates"]["value"]["idempotency_key"],
}


class FaultModel(BaseModel):
    """What is wrong with one field."""

    field: str
    reason: str


class Problem(BaseModel):
    """A problem (RFC 9457). `type` names its kind, documented at that path; `instance` finds it in the log."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    errors: list[FaultModel] = Field(default_factory=list)


def info(version: str) -> Info:
    """The document's head."""
    return Info(
        title="PrestaShop Mollie bridge",
        version=version,
        description="Makes sure that one cart is paid once. Errors are problem+json; their kinds are at /problems.",
    )


def openapi_routes(app: OpenAPI) -> APIBlueprint:
    """The routes of the description itself; they need no token and say nothing about any shop."""
    api = APIBlueprint("openapi", __name__, doc_ui=False)

    @functools.cache
    def document() -> str:
        return json.dumps(describe(app), separators=(",", ":"))

    @api.get("/openapi.json")
    @route(scope=Scope.OPEN)
    def openapi_json() -> Response:
        return _public(document())

    @api.get("/problems")
    @route(scope=Scope.OPEN)
    def problems() -> Response:
        return _public(json.dumps({"problems": [_described(kind) for kind in KINDS]}))

    @api.get("/problems/<slug>")
    @route(scope=Scope.OPEN)
    def problem(path: ProblemPath) -> Response:
        kind = BY_SLUG.get(path.slug)
        if kind is None:
            raise refused(kinds.NOT_FOUND)
        return _public(json.dumps(_described(kind)))

    return api


def _public(text: str) -> Response:
    response = Response(text, mimetype="application/json")
    response.headers["Cache-Control"] = "max-age=300"
    return response


def _described(kind: Kind) -> dict[str, object]:
    return {"type": kind.type, "title": kind.title, "status": kind.status, "meaning": kind.meaning}


def describe(app: OpenAPI) -> dict[str, Any]:
    """The OpenAPI document: what flask-openapi3 collected, with tokens and problems of each route added."""
    document = app.api_doc
    for path, method, marked in _operations(app):
        operation = document["paths"].get(path, {}).get(method)
        if operation is not None:
            _complete(operation, marked)
    return document


def _operations(app: Flask) -> Iterator[tuple[str, str, Route]]:
    for rule in app.url_map.iter_rules():
        marked = route_of(app.view_functions[rule.endpoint])
        for method in rule.methods or ():
            yield parse_rule(rule.rule), method.lower(), marked


def _complete(operation: dict[str, Any], marked: Route) -> None:
    operation["security"] = [] if marked.scope is Scope.OPEN else [{marked.scope.value: []}]
    # flask-openapi3 adds a 422 of its own shape to everything; ours are problems.
    if "application/json" in operation["responses"].get("422", {}).get("content", {}):
        del operation["responses"]["422"]
    found = dict.fromkeys([*_common(operation, marked), *marked.problems])
    for kind in sorted(found, key=lambda one: one.status):
        _add_problem(operation["responses"], kind)
    if kinds.KEY_MISSING in marked.problems:
        operation.setdefault("parameters", []).append(KEY_HEADER)


def _common(operation: dict[str, Any], marked: Route) -> Iterator[Kind]:
    """What a route may answer because of what it is, whatever it does."""
    if marked.scope is not Scope.OPEN:
        yield kinds.UNAUTHORIZED
        yield kinds.STORE_DOWN
    if marked.scope is Scope.ADMIN:
        yield kinds.FORBIDDEN
    if "requestBody" in operation:
        yield from (kinds.MALFORMED, kinds.TOO_LARGE, kinds.UNSUPPORTED, kinds.INVALID)
    elif operation.get("parameters"):
        yield from (kinds.MALFORMED, kinds.INVALID)
    yield kinds.INTERNAL


def _add_problem(responses: dict[str, Any], kind: Kind) -> None:
    response = responses.setdefault(str(kind.status), {"description": kind.title})
    content = response.setdefault("content", {}).setdefault(
        PROBLEM, {"schema": {"$ref": "#/components/schemas/Problem"}, "examples": {}}
    )
    content["examples"][kind.slug] = {"summary": kind.title, "value": _example(kind)}
    if kind.retry_after is not None:
        header = {"description": "Seconds to wait before the next try", "schema": {"type": "integer", "minimum": 1}}
        response.setdefault("headers", {})["Retry-After"] = header


def _example(kind: Kind) -> dict[str, object]:
    return {
        "type": kind.type,
        "title": kind.title,
        "status": kind.status,
        "detail": kind.meaning,
        "instance": "urn:uuid:01939f5c-8a31-7c52-b4f7-6d1d2c3f9a11",
    }
