"""The hosted checkout page: what the shopper sees at Mollie."""

from __future__ import annotations

from flask import Blueprint, Response, redirect, render_template_string, request
from werkzeug.wrappers import Response as AnyResponse

from bridge.demo.simulator.errors import ApiError
from bridge.demo.simulator.page import PAGE
from bridge.demo.simulator.records import Payment, PaymentStatus
from bridge.demo.simulator.simulator import MollieSimulator

METHODS = {"ideal": "iDEAL", "creditcard": "Card", "bancontact": "Bancontact", "paypal": "PayPal"}


def create_checkout(simulator: MollieSimulator) -> Blueprint:
    """The blueprint for `simulator`."""
    checkout = Blueprint("checkout", __name__)

    @checkout.errorhandler(ApiError)
    def refuse(error: ApiError) -> tuple[str, int]:
        return render_template_string(PAGE, payment=None, methods={}, note=error.detail), error.status

    @checkout.get("/checkout/<payment_id>")
    def show(payment_id: str) -> AnyResponse:
        payment = simulator.payment(payment_id)
        if not payment.payable and payment.redirect_url:
            return redirect(payment.redirect_url, 303)
        note = "The page stays open. Pay here whenever you like." if "left" in request.args else ""
        return _page(payment, note, choose=payment.method is None or "choose" in request.args)

    @checkout.post("/checkout/<payment_id>")
    def act(payment_id: str) -> AnyResponse:
        simulator.payment(payment_id)
        match request.form.get("action"):
            case "leave":
                return redirect(f"/checkout/{payment_id}?left=1", 303)
            case "cancel" if _has_preset_method(simulator, payment_id):
                # Giving up a preset method leads to the choice of methods of the same payment, without a webhook.
                return redirect(f"/checkout/{payment_id}?choose=1", 303)
            case action:
                return _leave(_end(simulator, payment_id, action))

    return checkout


def _has_preset_method(simulator: MollieSimulator, payment_id: str) -> bool:
    return "choose" not in request.form and simulator.payment(payment_id).method is not None


def _end(simulator: MollieSimulator, payment_id: str, action: str | None) -> Payment:
    match action:
        case "pay":
            return simulator.pay(payment_id, method=request.form.get("method"))
        case "authorize":
            return simulator.authorize(payment_id)
        case "fail":
            return simulator.fail(payment_id)
        case "expire":
            return simulator.expire(payment_id)
        case "cancel":
            return simulator.cancel(payment_id)
        case _:
            raise ApiError(400, "No such action")


def _leave(payment: Payment) -> AnyResponse:
    canceled = payment.status is PaymentStatus.CANCELED
    target = (payment.cancel_url if canceled else None) or payment.redirect_url
    return redirect(target, 303) if target else _page(payment, f"The payment is {payment.status}.", choose=False)


def _page(payment: Payment, note: str, *, choose: bool) -> AnyResponse:
    methods = METHODS if choose else {}
    return Response(render_template_string(PAGE, payment=payment, methods=methods, note=note))
