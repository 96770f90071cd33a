"""The API's description: whole, with an example for every operation and every problem, and true."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from pydantic import BaseModel

from bridge.services.answers import Action
from bridge.web import answers, cart_answers, examples, lease_answers, report_answers
from bridge.web.app import create_app
from bridge.web.auth import Scope, route_of
from bridge.web.kinds import KINDS
from bridge.web.schemas import (
    BindBody,
    ClaimBody,
    CompleteBody,
    ConfirmBody,
    InitiateBody,
    LeaseBody,
    RefundBody,
    ReleaseBody,
)
from bridge.web.settings import WebSettings
from tests.fakes.services import make_world

PROBLEM = "application/problem+json"


@pytest.fixture(scope="module")
def app() -> Iterator[Flask]:
    with make_world() as world:
        yield create_app(world.services, WebSettings(shop_token="s", admin_token="a", version="9.8.7"))


@pytest.fixture(scope="module")
def document(app: Flask) -> dict[str, Any]:
    found = app.test_client().get("/openapi.json").get_json()
    assert isinstance(found, dict)
    return found


@pytest.fixture(scope="module")
def operations(document: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [
        (f"{method.upper()} {path}", operation)
        for path, item in document["paths"].items()
        for method, operation in item.items()
    ]


def test_it_needs_no_token_and_says_which_version_it_describes(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1")
    assert document["info"]["version"] == "9.8.7"


def test_every_route_is_described(app: Flask, operations: list[tuple[str, dict[str, Any]]]) -> None:
    routed = {
        f"{method} {as_template(rule.rule)}"
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        # Pages for people; a program has the same from the API.
        if not rule.rule.startswith("/dashboard")
    }

    described = {name for name, _ in operations}

    assert routed - described == {"GET /openapi.json", "GET /problems", "GET /problems/{slug}"}
    assert described <= routed


def as_template(rule: str) -> str:
    """Flask's rule as OpenAPI writes it."""
    return re.sub(r"<(?:[a-z]+:)?([a-z_]+)>", r"{\1}", rule)


def test_every_operation_has_a_summary_a_description_and_a_name_of_its_own(
    operations: list[tuple[str, dict[str, Any]]],
) -> None:
    for name, operation in operations:
        assert operation["summary"], name
        assert operation["description"], name
    names = [operation["operationId"] for _, operation in operations]
    assert len(set(names)) == len(names)


def test_every_body_and_every_answer_has_an_example(operations: list[tuple[str, dict[str, Any]]]) -> None:
    for name, operation in operations:
        shapes = list(operation.get("requestBody", {}).get("content", {}).items())
        for response in operation["responses"].values():
            shapes += response.get("content", {}).items()
        assert shapes, name
        for media_type, shape in shapes:
            assert shape.get("example") or shape.get("examples"), f"{name} {media_type}"


def test_every_problem_has_an_example(operations: list[tuple[str, dict[str, Any]]]) -> None:
    seen = {
        slug
        for _, operation in operations
        for response in operation["responses"].values()
        for slug in response.get("content", {}).get(PROBLEM, {}).get("examples", {})
    }
    anywhere = {"not-found", "method-not-allowed", "conflict", "shop-down"}

    assert {kind.slug for kind in KINDS} - seen <= anywhere


def test_statuses_and_problems_fit(operations: list[tuple[str, dict[str, Any]]]) -> None:
    for name, operation in operations:
        for status, response in operation["responses"].items():
            for example in response.get("content", {}).get(PROBLEM, {}).get("examples", {}).values():
                assert str(example["value"]["status"]) == status, name


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    for reference in re.findall(r'"\$ref": ?"#/components/schemas/([^"]+)"', str(document).replace("'", '"')):
        assert reference in schemas


def test_no_schema_of_the_library_is_left(document: dict[str, Any]) -> None:
    assert "ValidationErrorModel" not in str(document)


def test_the_tokens_are_those_that_are_asked_for(app: Flask, document: dict[str, Any]) -> None:
    for rule in app.url_map.iter_rules():
        item = document["paths"].get(as_template(rule.rule), {})
        scope = route_of(app.view_functions[rule.endpoint]).scope
        for operation in item.values():
            assert operation["security"] == ([] if scope is Scope.OPEN else [{scope.value: []}]), rule.rule
    assert set(document["components"]["securitySchemes"]) == {"shop", "admin"}


def test_the_parts_of_paths_are_described(operations: list[tuple[str, dict[str, Any]]]) -> None:
    for name, operation in operations:
        described = {one["name"] for one in operation.get("parameters", ()) if one["in"] == "path"}
        assert described == set(re.findall(r"{(\w+)}", name)), name


@pytest.mark.parametrize(
    ("model", "example"),
    [
        *[(InitiateBody, example["value"]) for example in examples.INITIATE.values()],
        (BindBody, examples.BIND),
        (ReleaseBody, examples.RELEASE),
        (ConfirmBody, examples.CONFIRM),
        (RefundBody, examples.REFUND),
        (ClaimBody, examples.CLAIM),
        (LeaseBody, examples.LEASE),
        (CompleteBody, examples.COMPLETE),
        *[
            (answers.PaymentReply, example)
            for example in (
                *(examples.NEW, examples.CREATED, examples.OPEN, examples.CREATING),
                *(examples.ORDERED, examples.PAID, examples.RELEASED),
            )
        ],
        (answers.ConfirmReply, examples.CONFIRMED),
        (answers.ConfirmReply, examples.CONFIRMED_ALREADY),
        (answers.RefundReply, examples.REFUNDED),
        (answers.RefundReply, examples.REFUNDED_ALREADY),
        (cart_answers.CanPayReply, examples.MAY_PAY),
        (cart_answers.ExpireReply, examples.EXPIRED),
        (cart_answers.SettleReply, examples.SETTLED),
        (cart_answers.AuditReply, examples.AUDIT),
        (lease_answers.ClaimReply, examples.CLAIMED),
        (lease_answers.LeaseReply, examples.LEASED),
        (lease_answers.CompleteReply, examples.COMPLETED),
        (lease_answers.LocksReply, examples.LOCKS),
        (report_answers.ReportListReply, examples.REPORTS),
        (report_answers.ReportReply, examples.REPORT),
    ],
)
def test_every_example_is_one(model: type[BaseModel], example: dict[str, Any]) -> None:
    model.model_validate(example)


def test_every_action_is_described(document: dict[str, Any]) -> None:
    assert set(document["components"]["schemas"]["Action"]["enum"]) == {action.value for action in Action}
