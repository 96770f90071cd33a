"""Who may do what."""

from __future__ import annotations

import re

import pytest
from flask import Flask

from bridge.domain.errors import ConfigurationError
from bridge.web.app import create_app
from bridge.web.auth import Scope, route_of
from bridge.web.settings import WebSettings
from tests.fakes.services import World
from tests.web.caller import ADMIN_TOKEN, SETTINGS, SHOP_TOKEN, UNKNOWN_PAYMENT, Caller, assert_problem, caller

OPEN = {
    *("/healthz", "/readyz", "/openapi.json", "/problems", "/problems/<slug>", "/webhooks/mollie"),
    *("/dashboard/login", "/dashboard/assets/<name>"),
}
ADMIN = {
    "/v1/payments/<payment_id>/refund",
    "/v1/carts/<int:cart_id>/audit",
    "/v1/locks",
    "/v1/deliveries",
    "/v1/deliveries/replay",
    "/v1/refunds",
    "/v1/refunds/<refund_id>/approve",
    "/v1/refunds/<refund_id>/reject",
    "/v1/reports",
    "/v1/reports/<name>",
    "/v1/reports/<name>.json",
    "/v1/reports/<name>.csv",
}


def test_every_route_asks_for_what_it_should(app: Flask) -> None:
    scopes = {rule.rule: route_of(app.view_functions[rule.endpoint]).scope for rule in app.url_map.iter_rules()}

    assert {path for path, scope in scopes.items() if scope is Scope.OPEN} == OPEN
    assert {path for path, scope in scopes.items() if scope is Scope.ADMIN} == ADMIN
    pages = {path for path in scopes if path.startswith("/dashboard")}
    assert {path for path, scope in scopes.items() if scope is Scope.SESSION} == pages - OPEN


@pytest.mark.slow
def test_a_view_that_nobody_marked_asks_for_a_token(world: World) -> None:
    app = create_app(world.services, SETTINGS)
    app.add_url_rule("/forgotten", view_func=lambda: "secret")

    assert_problem(app.test_client().get("/forgotten"), 401, "unauthorized")


@pytest.mark.parametrize("path", sorted(ADMIN | {"/v1/payments/<payment_id>", "/metrics", "/v1/leases/<token>/renew"}))
def test_without_a_token_nothing_is_told(app: Flask, stranger: Caller, path: str) -> None:
    rule = next(rule for rule in app.url_map.iter_rules() if rule.rule == path)
    concrete = re.sub("<[a-z_]+>", "x", path.replace("<int:cart_id>", "42"))

    answer = stranger.client.open(concrete, method="POST" if "POST" in (rule.methods or ()) else "GET")

    assert_problem(answer, 401, "unauthorized")
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="mollie-bridge"'


@pytest.mark.parametrize(
    "header",
    ["", "Bearer", "Bearer ", f"Basic {SHOP_TOKEN}", SHOP_TOKEN, "Bearer wrong", f"Bearer {SHOP_TOKEN}x", "Bearer é"],
)
def test_a_header_that_holds_no_token_of_ours_is_refused(app: Flask, header: str) -> None:
    answer = app.test_client().get("/metrics", headers={"Authorization": header})

    assert_problem(answer, 401, "unauthorized")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert SHOP_TOKEN not in answer.text


def test_a_wrong_token_is_refused_before_the_body_is_looked_at(stranger: Caller) -> None:
    assert_problem(stranger.with_token("wrong").send("/v1/payments", b"{"), 401, "unauthorized")


def test_the_scheme_may_be_written_in_any_case(app: Flask) -> None:
    assert app.test_client().get("/metrics", headers={"Authorization": f"bearer {SHOP_TOKEN}"}).status_code == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", f"/v1/payments/{UNKNOWN_PAYMENT}/refund"), ("GET", "/v1/carts/42/audit"), ("GET", "/v1/locks")],
)
def test_the_shop_may_not_do_what_is_the_admins(shim: Caller, method: str, path: str) -> None:
    answer = shim.client.open(path, method=method, headers={"Authorization": f"Bearer {SHOP_TOKEN}"})

    assert_problem(answer, 403, "forbidden")
    assert 'scope="admin"' in answer.headers["WWW-Authenticate"]


def test_the_admin_may_do_what_the_shop_may(admin: Caller) -> None:
    assert admin.pay().status_code == 201


def test_metrics_may_be_opened(world: World) -> None:
    settings = WebSettings(shop_token=SHOP_TOKEN, admin_token=ADMIN_TOKEN, open_metrics=True)

    assert caller(create_app(world.services, settings), None).get("/metrics").status_code == 200


def test_the_settings_do_not_show_their_secrets() -> None:
    settings = WebSettings(shop_token="s3cret1", admin_token="s3cret2", signing_secrets=("s3cret3",))

    assert "s3cret" not in repr(settings)


@pytest.mark.parametrize(("shop", "admin", "signing"), [("", "a", ()), ("s", "", ()), ("s", "a", ("",))])
def test_an_empty_secret_is_refused(shop: str, admin: str, signing: tuple[str, ...]) -> None:
    with pytest.raises(ConfigurationError, match="let anybody in"):
        WebSettings(shop_token=shop, admin_token=admin, signing_secrets=signing)


def test_the_defaults_are_the_documented_ones() -> None:
    assert (SETTINGS.max_body_bytes, SETTINGS.open_metrics, SETTINGS.signing_secrets) == (65536, False, ())
