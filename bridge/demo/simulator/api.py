"""The API's routes, `/v2/...`."""

from __future__ import annotations

import json
import re
from typing import Any

from flask import Blueprint, Response, request

from bridge.demo.simulator.errors import ApiError, error_body, not_found
from bridge.demo.simulator.records import Order, Payment, RefundStatus
from bridge.demo.simulator.render import (
    HAL,
    PROFILE_ID,
    link,
    render_chargeback,
    render_order,
    render_payment,
    render_refund,
)
from bridge.demo.simulator.simulator import MollieSimulator
from bridge.demo.simulator.validation import MINUTES_PAYABLE

PAGE_LIMIT = 250  # Mollie's largest page
PAGE_DEFAULT = 50

METHOD_NAMES = {"ideal": "iDEAL", "creditcard": "Card", "banktransfer": "Bank transfer", "paypal": "PayPal"}


def create_api(simulator: MollieSimulator) -> Blueprint:
    """The blueprint for `simulator`."""
    api = Blueprint("api", __name__, url_prefix="/v2")
    api.before_request(lambda: _check_key(simulator))
    api.register_error_handler(ApiError, _refuse)
    _add_payments(api, simulator)
    _add_refunds(api, simulator)
    _add_orders(api, simulator)
    _add_account(api)
    return api


def _add_payments(api: Blueprint, simulator: MollieSimulator) -> None:
    def show(payment: Payment) -> dict[str, Any]:
        embed = request.args.get("embed", "").split(",")
        with simulator.books.lock:
            refunds = simulator.books.refunds_of(payment.id) if "refunds" in embed else None
            chargebacks = simulator.books.chargebacks_of(payment.id) if "chargebacks" in embed else None
        return render_payment(
            payment, _base(), refunds=refunds, chargebacks=chargebacks, allowance=simulator.refund_allowance
        )

    @api.post("/payments")
    def create_payment() -> Response:
        return _hal(show(simulator.create_payment(_body(), mode=_mode())), 201)

    @api.get("/payments")
    def list_payments() -> Response:
        return _hal(_payment_page(simulator))

    @api.get("/payments/<payment_id>")
    def get_payment(payment_id: str) -> Response:
        return _hal(show(simulator.payment(payment_id)))

    @api.patch("/payments/<payment_id>")
    def update_payment(payment_id: str) -> Response:
        return _hal(show(simulator.update_payment(payment_id, _body())))

    @api.delete("/payments/<payment_id>")
    def cancel_payment(payment_id: str) -> Response:
        return _hal(show(simulator.cancel_by_api(payment_id)))

    @api.post("/payments/<payment_id>/release-authorization")
    def release_authorization(payment_id: str) -> Response:
        simulator.release_authorization(payment_id)
        return _hal({}, 202)


def _add_refunds(api: Blueprint, simulator: MollieSimulator) -> None:
    @api.post("/payments/<payment_id>/refunds")
    def create_refund(payment_id: str) -> Response:
        return _hal(render_refund(simulator.create_refund(payment_id, _body()), _base()), 201)

    @api.get("/payments/<payment_id>/refunds")
    def list_refunds(payment_id: str) -> Response:
        simulator.payment(payment_id)
        with simulator.books.lock:
            refunds = simulator.books.refunds_of(payment_id)
        return _hal(_whole_list("refunds", [render_refund(each, _base()) for each in reversed(refunds)]))

    @api.get("/payments/<payment_id>/refunds/<refund_id>")
    def get_refund(payment_id: str, refund_id: str) -> Response:
        with simulator.books.lock:
            refund = simulator.books.refund(refund_id)
        if refund.payment_id != payment_id:
            raise not_found("refund", refund_id)
        return _hal(render_refund(refund, _base()))

    @api.delete("/payments/<payment_id>/refunds/<refund_id>")
    def cancel_refund(payment_id: str, refund_id: str) -> Response:
        get_refund(payment_id, refund_id)
        simulator.move_refund(refund_id, RefundStatus.CANCELED)
        return Response(status=204)

    @api.get("/payments/<payment_id>/chargebacks")
    def list_chargebacks(payment_id: str) -> Response:
        simulator.payment(payment_id)
        with simulator.books.lock:
            chargebacks = simulator.books.chargebacks_of(payment_id)
        return _hal(_whole_list("chargebacks", [render_chargeback(each, _base()) for each in reversed(chargebacks)]))


def _add_orders(api: Blueprint, simulator: MollieSimulator) -> None:
    def show(order: Order) -> dict[str, Any]:
        embed = "payments" in request.args.get("embed", "").split(",")
        payments = simulator.orders.payments_of(order)
        return render_order(order, payments, _base(), embed=embed, allowance=simulator.refund_allowance)

    @api.post("/orders")
    def create_order() -> Response:
        return _hal(show(simulator.orders.create(_body(), mode=_mode())), 201)

    @api.get("/orders/<order_id>")
    def get_order(order_id: str) -> Response:
        return _hal(show(simulator.orders.get(order_id)))

    @api.delete("/orders/<order_id>")
    def cancel_order(order_id: str) -> Response:
        return _hal(show(simulator.orders.cancel(order_id)))

    @api.post("/orders/<order_id>/payments")
    def create_order_payment(order_id: str) -> Response:
        payment = simulator.orders.add_payment(order_id, _body())
        return _hal(render_payment(payment, _base(), allowance=simulator.refund_allowance), 201)

    @api.post("/orders/<order_id>/refunds")
    def create_order_refund(order_id: str) -> Response:
        return _hal(render_refund(simulator.orders.refund(order_id, _body()), _base()), 201)


def _add_account(api: Blueprint) -> None:
    @api.get("/profiles/me")
    def get_profile() -> Response:
        body = {"resource": "profile", "id": PROFILE_ID, "mode": _mode(), "name": "Simulated shop"}
        body |= {"website": "https://shop.example.test", "status": "verified"}
        return _hal({**body, "_links": {"self": link(f"{_base()}/v2/profiles/{PROFILE_ID}")}})

    @api.get("/methods")
    def list_methods() -> Response:
        methods = [
            {"resource": "method", "id": name, "description": METHOD_NAMES.get(name, name), "status": "activated"}
            for name in MINUTES_PAYABLE
        ]
        return _hal(_whole_list("methods", methods))


def _payment_page(simulator: MollieSimulator) -> dict[str, Any]:
    payments = simulator.payments()
    sort = request.args.get("sort", "desc")
    if sort == "desc":
        payments.reverse()
    limit = request.args.get("limit", str(PAGE_DEFAULT))
    if not re.fullmatch(r"\d{1,4}", limit, re.ASCII) or not 1 <= int(limit) <= PAGE_LIMIT:
        raise ApiError(400, f"Invalid limit, it must be between 1 and {PAGE_LIMIT}", field="limit")
    size = int(limit)
    begin = 0
    if wanted := request.args.get("from"):
        begin = next((place for place, each in enumerate(payments) if each.id == wanted), -1)
        if begin < 0:
            raise not_found("payment", wanted)
    page = payments[begin : begin + size]

    def link_from(place: int) -> dict[str, str] | None:
        if not 0 <= place < len(payments):
            return None
        return link(f"{_base()}/v2/payments?from={payments[place].id}&limit={size}&sort={sort}")

    return {
        "count": len(page),
        "_embedded": {
            "payments": [render_payment(each, _base(), allowance=simulator.refund_allowance) for each in page]
        },
        "_links": {
            "self": link(f"{_base()}/v2/payments?limit={size}"),
            "previous": link_from(max(0, begin - size)) if begin > 0 else None,
            "next": link_from(begin + size),
        },
    }


def _whole_list(name: str, items: list[dict[str, Any]]) -> dict[str, Any]:
    links = {"self": link(f"{_base()}{request.path}"), "previous": None, "next": None}
    return {"count": len(items), "_embedded": {name: items}, "_links": links}


def _check_key(simulator: MollieSimulator) -> None:
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    known = key in simulator.api_keys if simulator.api_keys is not None else re.fullmatch(r"test_\w+", key)
    if scheme.lower() != "bearer" or not known:
        raise ApiError(401, "Missing authentication, or failed to authenticate")


def _mode() -> str:
    return "live" if " live_" in request.headers.get("Authorization", "") else "test"


def _base() -> str:
    return request.host_url.rstrip("/")


def _body() -> Any:
    if not request.get_data():
        return {}
    try:
        return json.loads(request.get_data())
    except ValueError:
        raise ApiError(400, "The request body is not valid JSON") from None


def _hal(body: dict[str, Any], status: int = 200) -> Response:
    return Response(json.dumps(body), status, content_type=HAL)


def _refuse(error: ApiError) -> Response:
    return _hal(error_body(error.status, error.detail, field=error.field), error.status)
