"""For those who run it: is it alive, can it work, what does it count, what is held."""

from __future__ import annotations

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from bridge.domain.cart import CartState
from bridge.services.container import Services
from bridge.telemetry import METRICS
from bridge.web import examples, kinds
from bridge.web.answers import Answer, reply
from bridge.web.auth import Scope, route
from bridge.web.lease_answers import LeaseRow, LockRow, LocksData, LocksReply
from bridge.web.problems import refused
from bridge.web.schemas import with_openapi
from bridge.web.settings import WebSettings


class HealthReply(Answer):
    """The process answers."""

    model_config = with_openapi(example={"status": "ok", "version": "1.0.0"})

    status: str
    version: str


class ReadyReply(Answer):
    """Database, tables and locks can be worked with."""

    model_config = with_openapi(example={"status": "ready"})

    status: str


class StatusFigures(Answer):
    """Counts of the last `days`; the last two are of now."""

    days: int
    prevented: int
    resumed: int
    superseded: int
    surplus: int
    refunded: int
    awaiting_approval: int
    dead_deliveries: int


class StatusData(Answer):
    """How the bridge is set, and what it did. `lock_directory`: with file locks alone."""

    version: str
    mode: str
    percentage: int
    lock_backend: str
    lock_directory: str | None
    figures: StatusFigures


class StatusReply(Answer):
    """For the shop's back office."""

    model_config = with_openapi(example=examples.STATUS)

    data: StatusData
    message: str


def ops_routes(services: Services, settings: WebSettings) -> APIBlueprint:
    """The routes of health, metrics and locks."""
    api = APIBlueprint("ops", __name__, abp_tags=[Tag(name="operations", description="Running the bridge")])

    @api.get("/healthz", summary="Whether the process is alive", responses={200: HealthReply})
    @route(scope=Scope.OPEN)
    def healthz() -> Response:
        """Asks nobody: a database that is down is no reason to restart the bridge."""
        return reply(HealthReply(status="ok", version=settings.version))

    @api.get("/readyz", summary="Whether it can work", responses={200: ReadyReply})
    @route(kinds.NOT_READY, scope=Scope.OPEN)
    def readyz() -> Response:
        """Whether the database answers and takes writes, its tables are this program's, and locks can be taken.

        It may be asked every second.
        """
        faults = services.readiness.faults()
        if faults:
            raise refused(kinds.NOT_READY, "; ".join(map(str, faults)))
        return reply(ReadyReply(status="ready"))

    @api.get("/v1/status", summary="How it is set, and what it did", responses={200: StatusReply})
    @route()
    def status() -> Response:
        """For the shop's back office. Counts of the last 30 days, half a minute old at most."""
        found = services.status.now()
        data = StatusData(
            version=settings.version,
            mode=found.rollout.mode.value,
            percentage=found.rollout.percentage,
            lock_backend=settings.lock_backend,
            lock_directory=settings.lock_directory,
            figures=StatusFigures(
                days=found.days,
                prevented=found.prevented,
                resumed=found.resumed,
                superseded=found.superseded,
                surplus=found.surplus,
                refunded=found.refunded,
                awaiting_approval=found.awaiting_approval,
                dead_deliveries=found.dead_deliveries,
            ),
        )
        return reply(StatusReply(data=data, message="The bridge answers"))

    @api.get(
        "/metrics",
        summary="What is counted",
        responses={200: {"content": {"text/plain": {"schema": {"type": "string"}, "example": _METRICS_EXAMPLE}}}},
    )
    @route(scope=Scope.OPEN if settings.open_metrics else Scope.SHOP)
    def metrics() -> Response:
        """In Prometheus' text format."""
        return Response(generate_latest(METRICS.registry), content_type=CONTENT_TYPE_LATEST)

    @api.get("/v1/locks", summary="What is held now", responses={200: LocksReply})
    @route(kinds.LOCK_BACKEND_DOWN, scope=Scope.ADMIN)
    def locks() -> Response:
        """The locks as their backend shows them, and the leases as the carts' rows show them. Never a token."""
        held = tuple(
            LockRow(
                key=lock.key,
                holder=lock.holder,
                purpose=lock.purpose,
                since=lock.since,
                expires_at=lock.expires_at,
            )
            for lock in services.locks.held()
        )
        leased = tuple(row for state in services.ledger.leased() if (row := _lease_row(state)))
        message = f"{_count(len(held), 'lock')}, {_count(len(leased), 'lease')}"
        return reply(LocksReply(data=LocksData(locks=held, leases=leased), message=message))

    return api


_METRICS_EXAMPLE = 'molbridge_initiations_total{decision="Proceed"} 1.0\n'


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _lease_row(state: CartState) -> LeaseRow | None:
    lease = state.lease
    if lease is None:
        return None
    return LeaseRow(
        cart_id=state.cart.cart_id,
        shop_id=state.cart.shop_id,
        purpose=lease.purpose,
        holder=lease.holder,
        taken_at=lease.taken_at,
        expires_at=lease.expires_at,
    )
