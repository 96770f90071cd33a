"""The reference pages, held to the program: nothing undocumented, nothing made up."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator

import pytest
from flask import Flask
from prometheus_client import Counter, Gauge, Histogram
from prometheus_client.metrics import MetricWrapperBase

from bridge import config_reference
from bridge.domain.attempt import LIVE, AttemptState
from bridge.domain.cart import OrderPhase
from bridge.domain.records import DeliveryState, RefundState
from bridge.services.answers import Action
from bridge.telemetry import METRICS
from bridge.web import examples
from bridge.web.app import create_app
from bridge.web.auth import route_of
from bridge.web.kinds import KINDS
from bridge.web.settings import WebSettings
from tests.fakes.services import make_world
from tests.unit.pages import BRIDGE, ROOT, page, section, table

# Settings


@pytest.mark.req("L12")
def test_the_settings_page_is_what_the_program_renders() -> None:
    assert page("reference/settings.md") == config_reference.render(), "python -m bridge.config_reference"


# HTTP


@pytest.fixture(scope="module")
def app() -> Iterator[Flask]:
    with make_world() as world:
        yield create_app(world.services, WebSettings(shop_token="s", admin_token="a"))


def test_the_http_page_lists_every_route_with_its_scope(app: Flask) -> None:
    documented = {tuple(row[:3]) for row in table(section(page("reference/http.md"), "## Routes"))}
    routed = {
        (
            method,
            re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule),
            route_of(app.view_functions[rule.endpoint]).scope.value,
        )
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }

    assert documented == routed


def test_it_lists_what_each_route_answers_when_all_is_well(app: Flask) -> None:
    described = app.test_client().get("/openapi.json").get_json()["paths"]
    for method, path, _, _, answers in table(section(page("reference/http.md"), "## Routes")):
        if path not in described:
            continue
        responses = described[path][method.lower()]["responses"]
        shaped = {status for status, one in responses.items() if one["content"].keys() - {"application/problem+json"}}
        assert set(answers.split(", ")) == shaped, path


@pytest.mark.req("L6")
def test_it_lists_every_problem_with_its_status_and_its_pause() -> None:
    documented = [tuple(row[:3]) for row in table(section(page("reference/http.md"), "## Problems"))]
    known = [
        (kind.type, str(kind.status), "none" if kind.retry_after is None else f"{kind.retry_after:g}") for kind in KINDS
    ]

    assert documented == known


def test_it_explains_every_action() -> None:
    rows = table(section(page("reference/http.md"), "## A payment"))

    assert sorted(row[0] for row in rows) == sorted(action.value for action in Action)


def test_its_examples_are_those_of_the_programs_own_description() -> None:
    known = [value for name, value in vars(examples).items() if name.isupper() and isinstance(value, dict)]
    blocks = re.findall(r"^```json\n(.*?)^```$", page("reference/http.md"), re.DOTALL | re.MULTILINE)

    assert blocks
    assert [block for block in blocks if json.loads(block) not in known] == []


# Tables


def columns() -> dict[str, list[str]]:
    """The columns of each table in sql/schema.sql, those last that a later version of the tables added."""
    text = (ROOT / "sql" / "schema.sql").read_text()
    statements = re.findall(r"^CREATE TABLE (\w+) \(\n(.*?)^\)", text, re.DOTALL | re.MULTILINE)
    found = {name: re.findall(r"^    ([a-z_]+) ", body, re.MULTILINE) for name, body in statements}
    for name, column in re.findall(r"^ALTER TABLE (\w+) ADD COLUMN (\w+) ", text, re.MULTILINE):
        found[name].append(column)
    return found


def test_the_tables_page_lists_every_column_of_every_table() -> None:
    text = page("reference/tables.md")
    documented = {
        name: [row[0] for row in table(section(text, f"## {name}"))]
        for name in re.findall(r"^## (ps_\w+)$", text, re.MULTILINE)
    }

    assert documented == columns()


def test_it_lists_every_state_of_an_attempt_and_whether_it_is_live() -> None:
    rows = table(section(page("reference/tables.md"), "### States of an attempt"))

    assert {row[0]: row[2] for row in rows} == {state.value: "yes" if state in LIVE else "no" for state in AttemptState}


@pytest.mark.parametrize(
    ("name", "column", "states"),
    [
        ("cart", "order_phase", OrderPhase),
        ("delivery", "state", DeliveryState),
        ("refund", "state", RefundState),
    ],
)
def test_it_lists_the_states_of_the_other_rows(
    name: str, column: str, states: type[OrderPhase | DeliveryState | RefundState]
) -> None:
    text = section(page("reference/tables.md"), f"## ps_molbridge_{name}")
    (line,) = [line for line in text.splitlines() if line.startswith(f"| `{column}` ")]

    assert set(re.findall(r"`([a-z]+)`", line.split("|")[2])) == {state.value for state in states}


# Metrics


def test_every_metric_is_documented_with_its_type_and_labels() -> None:
    documented = {
        row[0]: (row[1], tuple(re.findall(r"\w+", row[2])))
        for row in table(section(page("reference/metrics-and-logs.md"), "## Metrics"))
    }
    assert documented == counted()


def counted() -> dict[str, tuple[str, tuple[str, ...]]]:
    """The program's metrics as Prometheus names them: type and labels."""
    metrics = [metric for metric in vars(METRICS).values() if isinstance(metric, MetricWrapperBase)]
    types: dict[type[MetricWrapperBase], tuple[str, str]] = {
        Counter: ("counter", "_total"),
        Gauge: ("gauge", ""),
        Histogram: ("histogram", ""),
    }
    return {
        next(iter(metric.describe())).name + types[type(metric)][1]: (types[type(metric)][0], tuple(metric._labelnames))
        for metric in metrics
    }


# Log and audit events

LEVELS = {"debug": "debug", "info": "info", "warning": "warning", "error": "error", "exception": "error"}


def logged() -> set[tuple[str, str]]:
    """Each event that the program logs, with its level."""
    found = set()
    for file in BRIDGE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            match node:
                case ast.Call(
                    func=ast.Attribute(value=ast.Name(id="log" | "_log" | "_LOG" | "LOG"), attr=level), args=[first, *_]
                ) if level in LEVELS:
                    assert isinstance(first, ast.Constant), f"{file}:{node.lineno}: an event's name is a constant"
                    found.add((str(first.value), LEVELS[level]))
                case ast.Call(func=ast.Attribute(value=ast.Name(id="log" | "_log" | "_LOG" | "LOG"), attr="log")):
                    raise AssertionError(f"{file}:{node.lineno}: an event's level is a method's name")
                case _:
                    pass
    return found


@pytest.mark.slow
def test_every_log_event_is_documented_with_its_level() -> None:
    rows = table(section(page("reference/metrics-and-logs.md"), "## Logs"))

    assert {(row[0], row[1]) for row in rows} == logged()


def test_each_says_what_it_means_and_what_to_do() -> None:
    rows = table(section(page("reference/metrics-and-logs.md"), "## Logs"))

    assert [row for row in rows if len(row) != 5 or not (row[3] and row[4])] == []


@pytest.mark.slow
def test_every_logger_of_the_program_has_a_name_that_is_looked_for() -> None:
    """Or an event logged through another name would be missed."""
    made = {
        target.id
        for file in BRIDGE.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Assign) and "get_logger" in ast.unparse(node.value)
        for target in node.targets
        if isinstance(target, ast.Name)
    }

    assert made <= {"log", "_log", "_LOG", "LOG"}


@pytest.mark.slow
@pytest.mark.req("L15")
def test_every_audit_event_is_documented() -> None:
    rows = table(section(page("reference/tables.md"), "## ps_molbridge_audit"), number=1)

    assert {row[0] for row in rows} == audited()


def audited() -> set[str]:
    """What looks like an event in the services and is not logged only; a refund's event is named by its state."""
    constants = {
        node.value
        for file in (BRIDGE / "services").glob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and re.fullmatch(r"[a-z]+\.[a-z_]+", node.value)
    }
    both = {"settlement.decided", "settlement.observed", "order.mismatch", "payment.not_created", "delivery.replayed"}
    return constants - {event for event, _ in logged()} | both | {f"refund.{state.value}" for state in RefundState}
