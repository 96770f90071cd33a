"""The toy shop's pages and the module's addresses, as one Flask app for one web server of the shop."""

from __future__ import annotations

import contextlib
import socket
from decimal import Decimal, InvalidOperation
from typing import Final

from flask import Blueprint, Flask, Response, jsonify, redirect, render_template, request
from werkzeug.exceptions import BadRequest, NotFound
from werkzeug.wrappers import Response as BaseResponse

from bridge.demo.storefront.answers import Redirect, Tell
from bridge.demo.storefront.balance import balance_of
from bridge.demo.storefront.carts import CENT, NoSuchCart
from bridge.demo.storefront.failures import ConnectionBroken
from bridge.demo.storefront.forwarded import HEADER
from bridge.demo.storefront.front_desk import FrontDesk
from bridge.demo.storefront.payment_page import METHOD_NAMES
from bridge.demo.storefront.return_page import NOT_SUCCESSFUL, ReturnOutcome, Way
from bridge.demo.storefront.seed import State
from bridge.demo.storefront.shim import BridgeShim
from bridge.demo.storefront.shop import ToyShop

LOOKS: Final = 10
"""How often the module's waiting page looks before it calls the payment a failure."""
SHOWN: Final = 12
"""Carts on the first page; each asks Mollie about its payments."""


def create_app(shop: ToyShop, shim: BridgeShim | None = None, *, look_seconds: float = 3) -> Flask:
    """Put `shop` on the web, guarded by `shim` until the switch on the page says otherwise.

    `look_seconds`: how long the waiting page waits between two looks, three in a real shop. The front desk, with the
    switch, is `app.extensions["front_desk"]`. Set `shop.base_url` once the address is known.
    """
    app = Flask(__name__)
    desk = FrontDesk(shop=shop, shim=shim)
    app.extensions["front_desk"] = desk
    app.register_blueprint(_pages(desk))
    app.register_blueprint(_module(desk, look_seconds))
    app.register_error_handler(NoSuchCart, _no_such_cart)
    app.jinja_env.filters["money"] = lambda value: f"{value:.2f}"
    app.jinja_env.globals.update(desk=desk, methods=METHOD_NAMES, states={s.value: s.name for s in State})
    return app


def _pages(desk: FrontDesk) -> Blueprint:
    pages = Blueprint("pages", __name__, template_folder="templates")

    @pages.get("/")
    def home() -> str:
        """The carts, what was taken for them, and the switch."""
        numbers = desk.shop.carts.numbers()
        balances = [balance_of(desk.shop, number) for number in numbers[:SHOWN]]
        return render_template("home.html", balances=balances, more=len(numbers) - len(balances))

    @pages.post("/carts")
    def new_cart() -> BaseResponse:
        """A new cart of the amount in the form."""
        return redirect(desk.shop.urls.cart(desk.shop.add_cart(_amount())), 303)

    @pages.get("/cart/<int:cart_id>")
    def cart(cart_id: int) -> str:
        """A cart: what is in it, the pay buttons, and what has happened."""
        return render_template(
            "cart.html",
            cart=desk.shop.get_cart(cart_id),
            balance=balance_of(desk.shop, cart_id),
            events=desk.shop.journal.of_cart(cart_id),
            notice=request.args.get("notice", ""),
        )

    @pages.post("/cart/<int:cart_id>/change")
    def change(cart_id: int) -> BaseResponse:
        """Put something else into the cart, as another tab may."""
        desk.shop.get_cart(cart_id)
        desk.shop.change_cart(cart_id, _amount())
        return redirect(desk.shop.urls.cart(cart_id), 303)

    @pages.post("/bridge")
    def switch() -> BaseResponse:
        """Take the bridge into use, or out of it."""
        desk.guarded = request.form.get("on") == "1" and desk.shim is not None
        back = request.form.get("back", "/")
        return redirect(back if back.startswith("/") and not back.startswith("//") else "/", 303)

    return pages


def _module(desk: FrontDesk, look_seconds: float) -> Blueprint:
    module = Blueprint("module", __name__, template_folder="templates")

    @module.route("/index.php", methods=["GET", "POST"])
    def index() -> BaseResponse:
        """PrestaShop's front door: `fc=module&module=mollie&controller=...`, or the order confirmation."""
        if request.args.get("fc") == "module" and request.args.get("module") == "mollie":
            return _controller(request.args.get("controller", ""))
        if request.args.get("controller") == "order-confirmation":
            return _confirmation(desk)
        return redirect(f"{desk.shop.base_url}/", 302)

    @module.route("/module/mollie/<controller>", methods=["GET", "POST"])
    def friendly(controller: str) -> BaseResponse:
        """The same with rewritten addresses."""
        return _controller(controller)

    def _controller(name: str) -> BaseResponse:
        match name:
            case "payment":
                return _pay(desk)
            case "webhook":
                return _webhook(desk)
            case "return":
                return _return(desk, look_seconds)
            case _:
                raise NotFound

    return module


def _pay(desk: FrontDesk) -> BaseResponse:
    cart_id = request.values.get("cart_id", type=int, default=0)
    method = request.values.get("method", "ideal")
    match desk.pay(cart_id, method, request.values.get("idempotency_key")):
        case Redirect(url=url):
            return redirect(url, 302)
        case Tell() as told:
            page = render_template("told.html", told=told, cart_id=cart_id, method=method)
            headers = {"Retry-After": str(told.retry_after)} if told.retry_after else {}
            return Response(page, told.status, headers)


def _webhook(desk: FrontDesk) -> BaseResponse:
    try:
        answer = desk.webhook(
            request.values.get("id", ""), request.values.get("security_token", ""), request.headers.get(HEADER)
        )
    except ConnectionBroken:
        connection = request.environ.get("werkzeug.socket")
        if isinstance(connection, socket.socket):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        raise
    return Response(jsonify(answer.body).get_data(), answer.status, dict(answer.headers), mimetype="application/json")


def _return(desk: FrontDesk, look_seconds: float) -> BaseResponse:
    args = request.args
    cart_id, key = args.get("cart_id", type=int, default=0), args.get("key", "")
    look = args.get("look", type=int, default=0)
    if args.get("ajax"):
        return _status_for_script(desk, desk.look_again(cart_id, key))
    outcome = desk.look_again(cart_id, key) if look else desk.come_back(cart_id, key, args.get("order_number", ""))
    if outcome.way is not Way.WAIT:
        return redirect(_url_of(desk, outcome), 302)
    if look >= LOOKS:
        # The real module says so whatever became of the money, and sends the shopper to pay again.
        return redirect(desk.shop.urls.cart(cart_id, NOT_SUCCESSFUL), 302)
    return Response(
        render_template("wait.html", look=look + 1, looks=LOOKS, seconds=look_seconds, cart_id=cart_id, key=key)
    )


def _status_for_script(desk: FrontDesk, outcome: ReturnOutcome) -> BaseResponse:
    if outcome.way is Way.WAIT or outcome.way is Way.HOME:
        return jsonify({"success": False})
    return jsonify({"success": True, "status": 2, "href": _url_of(desk, outcome)})


def _url_of(desk: FrontDesk, outcome: ReturnOutcome) -> str:
    urls = desk.shop.urls
    if outcome.cart is None:
        return f"{urls.base_url}/"
    if outcome.way is Way.CONFIRMATION:
        return urls.confirmation(outcome.cart, outcome.order_id)
    return urls.cart(outcome.cart.cart_id, outcome.notice)


def _confirmation(desk: FrontDesk) -> BaseResponse:
    cart = desk.shop.get_cart(request.args.get("id_cart", type=int, default=0))
    if request.args.get("key") != cart.secure_key:
        return redirect(f"{desk.shop.base_url}/", 302)
    orders = desk.shop.orders_of(cart.cart_id)
    return Response(
        render_template("confirmation.html", cart=cart, orders=orders, balance=balance_of(desk.shop, cart.cart_id))
    )


def _amount() -> Decimal:
    try:
        amount = Decimal(request.form.get("amount", "14.40")).quantize(CENT)
        payable = 0 < amount < 100_000
    except InvalidOperation as error:  # no number at all, or NaN
        raise BadRequest("the amount is a number such as 14.40") from error
    if not payable:
        raise BadRequest("the amount lies between 0.01 and 99999.99")
    return amount


def _no_such_cart(error: NoSuchCart) -> BaseResponse:
    return Response(render_template("told.html", told=Tell(status=404, text=str(error)), cart_id=0, method=""), 404)
