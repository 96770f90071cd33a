"""The controls, `/_sim/...`: what shoppers, banks and the network do, by HTTP and without a key."""

from __future__ import annotations

from dataclasses import asdict, fields
from datetime import timedelta
from typing import Any

from flask import Blueprint, Response, jsonify, request

from bridge.demo.simulator.amounts import parse_amount
from bridge.demo.simulator.clock import ShiftableClock
from bridge.demo.simulator.errors import ApiError, error_body
from bridge.demo.simulator.faults import Fault, FaultKind
from bridge.demo.simulator.records import RefundStatus
from bridge.demo.simulator.render import moment, render_payment, render_refund
from bridge.demo.simulator.simulator import MollieSimulator
from bridge.demo.simulator.webhooks import Delivery


def create_control(simulator: MollieSimulator) -> Blueprint:
    """The blueprint for `simulator`."""
    control = Blueprint("control", __name__, url_prefix="/_sim")

    @control.errorhandler(ApiError)
    def refuse(error: ApiError) -> tuple[Response, int]:
        return jsonify(error_body(error.status, error.detail, field=error.field)), error.status

    _add_payments(control, simulator)
    _add_webhooks(control, simulator)
    _add_faults(control, simulator)
    _add_overview(control, simulator)
    return control


def _add_payments(control: Blueprint, simulator: MollieSimulator) -> None:
    actions = {
        "authorize": simulator.authorize,
        "start": simulator.start,
        "fail": simulator.fail,
        "cancel": simulator.cancel,
        "expire": simulator.expire,
    }

    def show(payment_id: str) -> dict[str, Any]:
        return render_payment(simulator.payment(payment_id), request.host_url.rstrip("/"))

    @control.get("/payments")
    def list_payments() -> Response:
        base = request.host_url.rstrip("/")
        return jsonify([render_payment(each, base) for each in simulator.payments()])

    @control.get("/payments/<payment_id>")
    def get_payment(payment_id: str) -> Response:
        return jsonify(show(payment_id))

    @control.post("/payments/<payment_id>/<action>")
    def act(payment_id: str, action: str) -> Response:
        given = _given()
        if action == "pay":
            simulator.pay(payment_id, method=given.get("method"), late=bool(given.get("late")))
        elif action == "chargeback":
            simulator.chargeback(payment_id, parse_amount(given["amount"]) if "amount" in given else None)
        elif action in actions:
            actions[action](payment_id)
        else:
            raise ApiError(404, f"No such action; try pay, chargeback, {', '.join(actions)}")
        return jsonify(show(payment_id))

    @control.post("/refunds/<refund_id>/<status>")
    def move_refund(refund_id: str, status: str) -> Response:
        if status not in list(RefundStatus):
            raise ApiError(404, f"No such status; try {', '.join(RefundStatus)}")
        refund = simulator.move_refund(refund_id, RefundStatus(status))
        return jsonify(render_refund(refund, request.host_url.rstrip("/")))


def _add_webhooks(control: Blueprint, simulator: MollieSimulator) -> None:
    webhooks = simulator.webhooks

    @control.get("/deliveries")
    def list_deliveries() -> Response:
        return jsonify([_show_delivery(each) for each in webhooks.deliveries(request.args.get("id"))])

    @control.post("/webhooks/hold")
    def hold() -> Response:
        webhooks.hold()
        return jsonify({"holding": True})

    @control.post("/webhooks/release")
    def release() -> Response:
        webhooks.release()
        return jsonify({"holding": False})

    @control.post("/webhooks/deliver")
    def deliver() -> Response:
        ids = _given().get("ids")
        if not isinstance(ids, list) or not ids:
            raise ApiError(400, 'Send {"ids": ["tr_...", ...]}; several are delivered together')
        for unknown in (each for each in ids if simulator.webhook_url_of(str(each)) is None):
            raise ApiError(404, f"{unknown} is unknown or has no webhook URL")
        return jsonify([_show_delivery(each) for each in webhooks.deliver_together(ids)])

    @control.post("/webhooks/lose/<transaction_id>")
    def lose(transaction_id: str) -> Response:
        webhooks.lose(transaction_id)
        return jsonify({"lost": transaction_id})

    @control.post("/webhooks/find/<transaction_id>")
    def find(transaction_id: str) -> Response:
        webhooks.find(transaction_id)
        return jsonify({"found": transaction_id})


def _add_faults(control: Blueprint, simulator: MollieSimulator) -> None:
    @control.get("/faults")
    def list_faults() -> Response:
        return jsonify([asdict(fault) | {"left": left} for fault, left in simulator.faults.rules()])

    @control.post("/faults")
    def add_fault() -> tuple[Response, int]:
        given = _given()
        unknown = set(given) - {each.name for each in fields(Fault)}
        if unknown or given.get("kind") not in list(FaultKind):
            raise ApiError(400, f"kind is one of {', '.join(FaultKind)}; not known here: {sorted(unknown)}")
        try:
            fault = Fault(**{**given, "kind": FaultKind(given["kind"])})
        except (ValueError, TypeError) as error:
            raise ApiError(400, f"Not a fault: {error}") from error
        simulator.faults.add(fault)
        return jsonify(asdict(fault)), 201

    @control.delete("/faults")
    def clear_faults() -> Response:
        simulator.faults.clear()
        return jsonify([])


def _add_overview(control: Blueprint, simulator: MollieSimulator) -> None:
    @control.get("/counters")
    def counters() -> Response:
        return jsonify(asdict(simulator.counters()))

    @control.get("/requests")
    def list_requests() -> Response:
        return jsonify([asdict(each) | {"at": moment(each.at)} for each in simulator.traffic.requests()])

    @control.post("/advance")
    def advance() -> Response:
        seconds = _given().get("seconds")
        if not isinstance(simulator.clock, ShiftableClock) or not isinstance(seconds, int | float) or seconds < 0:
            raise ApiError(400, 'Send {"seconds": n} with n >= 0; only the simulator\'s own clock can be moved')
        simulator.clock.advance(timedelta(seconds=seconds))
        simulator.expire_due()
        return jsonify({"now": moment(simulator.clock.now())})

    @control.post("/reset")
    def reset() -> Response:
        simulator.reset()
        return jsonify({"reset": True})


def _given() -> dict[str, Any]:
    given = request.get_json(silent=True)
    return given if isinstance(given, dict) else {}


def _show_delivery(delivery: Delivery) -> dict[str, Any]:
    return asdict(delivery) | {"at": moment(delivery.at), "accepted": delivery.accepted}
