"""Errors as they leave the process: one shape, the right status, nothing of the inside."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import cast

import pytest
from structlog.testing import capture_logs

from bridge.domain import errors
from bridge.services.initiation import Initiation
from bridge.web.kinds import KINDS
from tests.fakes.services import World
from tests.web.caller import Caller, assert_problem, json_of
from tests.web.conftest import ServicesOfTheTest

SECRET = "mysql://root:hunter2@10.0.0.1/shop"

MAPPING: list[tuple[Exception, int, str, str | None]] = [
    (errors.InvalidRequest("m"), 422, "invalid-request", None),
    (errors.InvalidMoney("m"), 422, "invalid-money", None),
    (errors.KeyReused("m"), 422, "key-reused", None),
    (errors.CartNotFound("m"), 404, "cart-not-found", None),
    (errors.PaymentNotFound("m"), 404, "payment-not-found", None),
    (errors.ReportNotFound("there is no such report"), 404, "not-found", None),
    (errors.ReportUnavailable("it needs another database"), 409, "conflict", None),
    (errors.ForeignCart("m"), 403, "foreign-cart", None),
    (errors.Conflict("m"), 409, "conflict", None),
    (errors.IllegalTransition("m"), 409, "conflict", None),
    (errors.LeaseLost("m"), 409, "lease-lost", None),
    (errors.LeaseHeld("m"), 409, "lease-held", "2"),
    (errors.KeyInProgress("m"), 409, "key-in-progress", "1"),
    (errors.Unavailable("m", retry_after=3.2), 503, "unavailable", "4"),
    (errors.LockTimeout("m", retry_after=0.1), 503, "lock-timeout", "1"),
    (errors.LockBackendDown("m"), 503, "lock-backend-down", "1"),
    (errors.StoreDown("m", retry_after=7), 503, "store-down", "7"),
    (errors.TablesDiffer("m"), 503, "store-down", "1"),
    (errors.ShopDown("m"), 503, "shop-down", "1"),
    (errors.ShopSilent("m"), 503, "shop-down", "1"),
    (errors.MollieUnavailable("m", retry_after=60), 503, "mollie-unavailable", "60"),
    (errors.MollieTimeout("m"), 503, "mollie-timeout", "1"),
    (errors.MollieConflict("m"), 503, "mollie-timeout", "2"),
    (errors.MollieUnauthorized("m"), 503, "mollie-unauthorized", "60"),
    (errors.MollieRefused("m", status=422), 422, "mollie-refused", None),
    (errors.TooManyUnknown("m", retry_after=60), 429, "too-many-unknown", "60"),
    (errors.RefundNotFound("m"), 404, "refund-not-found", None),
    (errors.DeliveryNotFound("m"), 404, "delivery-not-found", None),
    (errors.NotifyDown("m"), 503, "unavailable", "1"),
    (errors.NotifyRefused("m"), 500, "internal-error", None),
    (errors.MollieError("m"), 500, "internal-error", None),
    (errors.UnknownStatus("m", word="new"), 500, "internal-error", None),
    (errors.MollieDuplicateRefund("m"), 500, "internal-error", None),
    (errors.ConfigurationError(["m"]), 500, "internal-error", None),
    (errors.BridgeError("m"), 500, "internal-error", None),
    (ValueError("m"), 500, "internal-error", None),
    (AssertionError("m"), 500, "internal-error", None),
    (KeyError("m"), 500, "internal-error", None),
]
HIDDEN = [
    *[errors.LockBackendDown, errors.StoreDown, errors.ShopDown, errors.MollieUnavailable, errors.MollieTimeout],
    *[errors.MollieUnauthorized, errors.MollieError, errors.BridgeError, RuntimeError],
]


class RaisingInitiation:
    """Stands for `Initiation` and raises what it is given."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def initiate(self, request: object) -> None:
        raise self._error


@pytest.fixture
def raising(shim: Caller, world: World, running: ServicesOfTheTest) -> Callable[[Exception], Caller]:
    """A caller of an application whose initiation raises."""

    def make(error: Exception) -> Caller:
        initiation = cast("Initiation", RaisingInitiation(error))
        running.world = replace(world, services=replace(world.services, initiation=initiation))
        return shim

    return make


@pytest.mark.parametrize(
    ("error", "status", "slug", "retry_after"), MAPPING, ids=[type(row[0]).__name__ for row in MAPPING]
)
def test_every_error_has_its_status(
    raising: Callable[[Exception], Caller], error: Exception, status: int, slug: str, retry_after: str | None
) -> None:
    answer = raising(error).pay()

    assert_problem(answer, status, slug)
    assert answer.headers.get("Retry-After") == retry_after


def test_no_error_of_the_domain_is_forgotten() -> None:
    tree = set()
    rest: list[type[errors.BridgeError]] = [errors.BridgeError]
    while rest:
        cls = rest.pop()
        tree.add(cls)
        rest += [sub for sub in cls.__subclasses__() if sub.__module__ == errors.__name__]

    assert tree - {type(row[0]) for row in MAPPING} == {errors.NotFound}


@pytest.mark.parametrize("cls", HIDDEN)
def test_messages_about_the_inside_stay_inside(raising: Callable[[Exception], Caller], cls: type[Exception]) -> None:
    answer = raising(cls(SECRET)).pay()

    assert answer.status_code in (500, 503)
    for word in ("hunter2", "10.0.0.1", "Traceback", cls.__name__, ".py"):
        assert word not in answer.text


@pytest.mark.parametrize("cls", [errors.InvalidRequest, errors.ForeignCart, errors.Conflict, errors.Unavailable])
def test_messages_for_the_caller_reach_the_caller(raising: Callable[[Exception], Caller], cls: type[Exception]) -> None:
    assert json_of(raising(cls("do this instead")).pay())["detail"] == "do this instead"


def test_an_unforeseen_error_is_logged_once_with_its_traceback(raising: Callable[[Exception], Caller]) -> None:
    error = RuntimeError(SECRET)
    with capture_logs() as logged:
        answer = raising(error).pay()

    (failure,) = [line for line in logged if line["event"] == "http.failed"]
    assert failure["exc_info"] is error
    assert answer.status_code == 500


def test_a_foreseen_error_is_in_the_request_line_and_has_no_line_of_its_own(
    raising: Callable[[Exception], Caller],
) -> None:
    with capture_logs() as logged:
        raising(errors.StoreDown("port 3306 is closed")).pay()

    (line,) = logged
    assert (line["event"], line["problem"]) == ("http.request", "store-down")
    assert line["error"] == "StoreDown: port 3306 is closed"


@pytest.mark.parametrize("path", ["/", "/v1", "/v1/payments/", "//v1/payments", "/v1/carts/x/payment", "/static/x"])
def test_an_unknown_path_is_not_found_and_never_a_redirect(stranger: Caller, path: str) -> None:
    assert_problem(stranger.client.get(f"http://localhost{path}"), 404, "not-found")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/v1/payments", "OPTIONS, POST"),
        ("DELETE", "/v1/payments", "OPTIONS, POST"),
        ("GET", "/webhooks/mollie", "OPTIONS, POST"),
        ("POST", "/healthz", "GET, HEAD, OPTIONS"),
        ("FROBNICATE", "/healthz", "GET, HEAD, OPTIONS"),
    ],
)
def test_a_wrong_method_is_told_the_right_ones(stranger: Caller, method: str, path: str, allowed: str) -> None:
    answer = stranger.client.open(path, method=method)

    assert_problem(answer, 405, "method-not-allowed")
    assert answer.headers["Allow"] == allowed


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.slug)
def test_every_kind_of_problem_is_documented_under_its_type(stranger: Caller, kind: object) -> None:
    answer = stranger.get(kind.type)  # type: ignore[attr-defined]

    assert answer.status_code == 200
    assert json_of(answer)["meaning"]


def test_the_kinds_of_problems_are_listed(stranger: Caller) -> None:
    listed = json_of(stranger.get("/problems"))["problems"]

    assert [one["type"] for one in listed] == [kind.type for kind in KINDS]


def test_an_unknown_kind_is_not_found(stranger: Caller) -> None:
    assert_problem(stranger.get("/problems/nonsense"), 404, "not-found")
