"""One log line and one observation for each request, and the answers to errors."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field

import structlog
from flask import Flask, Response, g, request

from bridge.domain.errors import BridgeError
from bridge.services.ids import new_id
from bridge.telemetry import METRICS
from bridge.web import kinds
from bridge.web.problems import Problem, problem_of

log = structlog.get_logger()


@dataclass(slots=True)
class _Watched:
    """What is known of the request that is being answered."""

    id: str = field(default_factory=new_id)
    began: float = field(default_factory=time.perf_counter)
    problem: Problem | None = None
    error: str | None = None


def watch(app: Flask) -> None:
    """Log and count every request, and answer every error with a problem."""
    app.before_request(_begin)
    app.after_request(_end)
    app.register_error_handler(Exception, _answer)


def _begin() -> None:
    g.watched = watched = _Watched()
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=watched.id)


def _answer(error: Exception) -> Response:
    return as_response(note(error), request_id())


def request_id() -> str:
    """The id that is in the log lines of the request that is being answered."""
    watched: _Watched = g.watched
    return watched.id


def note(error: Exception) -> Problem:
    """The problem for an error. Only what nobody foresaw is logged with its traceback, here and nowhere else."""
    watched: _Watched = g.watched
    watched.problem = problem = problem_of(error)
    if isinstance(error, BridgeError):
        watched.error = f"{type(error).__name__}: {error}"
    if problem.kind is kinds.INTERNAL:
        log.error("http.failed", route=_route(), exc_info=error)
    return problem


def as_response(problem: Problem, instance: str) -> Response:
    """The problem as `application/problem+json`; `instance` finds the request's lines in the log."""
    body: dict[str, object] = {
        "type": problem.kind.type,
        "title": problem.kind.title,
        "status": problem.kind.status,
        "detail": problem.detail,
        "instance": f"urn:uuid:{instance}",
    }
    if problem.faults:
        body["errors"] = [{"field": fault.field, "reason": fault.reason} for fault in problem.faults]
    response = Response(json.dumps(body), problem.kind.status, mimetype="application/problem+json")
    response.headers.update(problem.headers)
    if problem.retry_seconds is not None:
        response.headers["Retry-After"] = str(problem.retry_seconds)
    return response


def _end(response: Response) -> Response:
    watched: _Watched = g.watched
    seconds = time.perf_counter() - watched.began
    route = _route()
    response.headers["X-Request-Id"] = watched.id
    response.headers.setdefault("Cache-Control", "no-store")
    METRICS.requests.labels(route=route, status=response.status_code).observe(seconds)
    # Neither the query (it may hold a security token) nor the path: a lease's path holds its token.
    log.info(
        "http.request",
        method=request.method[:16],
        route=route,
        status=response.status_code,
        duration_ms=round(seconds * 1000, 3),
        **_failure(watched),
    )
    return response


def _failure(watched: _Watched) -> dict[str, str]:
    if watched.problem is None:
        return {}
    return {"problem": watched.problem.kind.slug} | ({"error": watched.error} if watched.error else {})


def _route() -> str:
    return request.url_rule.rule if request.url_rule else "unmatched"
