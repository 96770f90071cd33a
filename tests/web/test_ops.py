"""Health, metrics, locks, and the line that each request leaves in the log."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from structlog.testing import capture_logs

from bridge.domain.errors import LockBackendDown, StoreDown, TablesDiffer
from bridge.telemetry import METRICS
from tests.fakes.services import World
from tests.web.caller import ADMIN_TOKEN, SHOP_TOKEN, Caller, assert_problem, json_of


def test_the_process_is_alive_even_without_its_database(stranger: Caller, world: World) -> None:
    world.ledger.down = True

    assert json_of(stranger.get("/healthz")) == {"status": "ok", "version": "1.2.3"}


def test_it_is_ready_while_all_that_it_needs_answers(stranger: Caller) -> None:
    assert json_of(stranger.get("/readyz")) == {"status": "ready"}


def fails(error: Exception) -> Callable[[], None]:
    def ping() -> None:
        raise error

    return ping


@pytest.mark.parametrize(
    ("store", "locks", "detail"),
    [
        (StoreDown("port 3306 of db.internal is closed"), None, "database: it can not be asked"),
        (TablesDiffer("the tables are of version 0001"), None, "tables: the tables are of version 0001"),
        (None, LockBackendDown("/srv/locks is not there"), "locks: no lock can be taken (lock directory or Redis)"),
        (
            StoreDown("closed"),
            LockBackendDown("closed"),
            "database: it can not be asked; locks: no lock can be taken (lock directory or Redis)",
        ),
    ],
)
def test_what_fails_is_named_in_plain_words_and_nothing_of_the_inside(
    stranger: Caller, world: World, store: StoreDown | None, locks: LockBackendDown | None, detail: str
) -> None:
    if store is not None:
        world.ledger.ping = fails(store)  # type: ignore[method-assign]
    if locks is not None:
        world.locks.ping = fails(locks)  # type: ignore[method-assign]

    answer = stranger.get("/readyz")

    assert_problem(answer, 503, "not-ready")
    assert json_of(answer)["detail"] == detail
    assert int(answer.headers["Retry-After"]) >= 1


def test_metrics_are_prometheus_text(shim: Caller) -> None:
    shim.pay()

    answer = shim.get("/metrics")

    assert answer.content_type.startswith("text/plain")
    assert 'molbridge_initiations_total{decision="Proceed"}' in answer.text
    assert 'molbridge_request_seconds_count{route="/v1/payments",status="201"}' in answer.text


def count_of(route: str, status: str) -> float:
    return METRICS.registry.get_sample_value("molbridge_request_seconds_count", {"route": route, "status": status}) or 0


@pytest.mark.parametrize(
    ("path", "route", "status"),
    [("/healthz", "/healthz", "200"), ("/wp-login.php", "unmatched", "404"), ("/v1/locks", "/v1/locks", "401")],
)
def test_every_request_is_counted_by_its_route(stranger: Caller, path: str, route: str, status: str) -> None:
    before = count_of(route, status)

    stranger.get(path)

    assert count_of(route, status) == before + 1


def test_locks_and_leases_are_shown_without_their_tokens(admin: Caller) -> None:
    token = json_of(admin.post("/v1/leases", {"cart_id": 42, "shop_id": 1, "purpose": "by-hand"}))["data"]["token"]

    answer = admin.get("/v1/locks")

    body = json_of(answer)
    (lock,) = body["data"]["locks"]
    (lease,) = body["data"]["leases"]
    assert (lock["key"], lock["purpose"]) == ("webhook-cart-42", "caller:by-hand")
    assert (lease["cart_id"], lease["shop_id"], lease["expires_at"]) == (42, 1, "2026-03-01T12:01:00Z")
    assert body["message"] == "1 lock, 1 lease"
    assert token not in answer.text


def test_each_request_leaves_one_line(shim: Caller) -> None:
    with capture_logs() as logged:
        answer = shim.get("/v1/carts/42/can-pay?amount=14.40&currency=EUR")

    (line,) = logged
    assert answer.status_code == 200
    assert line["duration_ms"] >= 0
    assert {name: line[name] for name in ("event", "method", "route", "status", "log_level")} == {
        "event": "http.request",
        "method": "GET",
        "route": "/v1/carts/<int:cart_id>/can-pay",
        "status": 200,
        "log_level": "info",
    }


def test_no_line_holds_a_token_a_query_or_a_body(shim: Caller, admin: Caller) -> None:
    with capture_logs() as logged:
        shim.get("/v1/carts/42/can-pay?amount=98.76&currency=EUR")
        shim.post("/v1/leases/lease-token-of-somebody/renew")
        shim.pay(basket_hash="basket-of-somebody", amount="wrong-amount")
        admin.get("/v1/locks")

    text = str(logged)
    for word in (SHOP_TOKEN, ADMIN_TOKEN, "98.76", "lease-token-of-somebody", "basket-of-somebody", "wrong-amount"):
        assert word not in text


def test_the_lines_of_a_request_share_its_id(shim: Caller) -> None:
    first, second = (shim.get("/healthz").headers["X-Request-Id"] for _ in range(2))

    assert len(first) == 36
    assert first != second


def test_answers_are_not_to_be_stored(shim: Caller) -> None:
    assert shim.pay().headers["Cache-Control"] == "no-store"
