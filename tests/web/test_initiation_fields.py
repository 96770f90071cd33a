"""`POST /v1/payments`: a test per invalid field. The answer names it and says what to change; nothing is written."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from bridge.domain.cart import CartRef
from tests.fakes.services import World
from tests.web.caller import MOLLIE, PAYMENT, Caller, assert_problem

BIG = 2**32
IDS = ("shop_id", "cart_id", "customer_id")
TEXTS = ("currency", "method", "basket_hash", "idempotency_key")
Case = tuple[str, object]


def cases(names: Iterable[str], *wrong: object) -> list[Case]:
    return [(name, value) for name in names for value in wrong]


MALFORMED: list[Case] = [
    *cases(IDS, True, "42", 4.5, 42.0, [42], {}),
    *cases(["amount"], True, [14], {"value": "14.40"}),
    *cases(TEXTS, 7, True, ["EUR"]),
    *cases(["mollie"], "yes", [], True, 1),
    ("telephone", "555"),
]
INVALID: list[Case] = [
    *cases(IDS, 0, -1, BIG, 10**30),
    *cases(["amount"], "0", "0.00", "-14.40", -14.4, 0, "", "14,40", " 14.40", "1e3", "1_000", "+1", "NaN"),
    *cases(["amount"], "1" * 16, "١٤", "14.", ".5", "0x10", "1.0000000"),
    *cases(["currency"], "eur", "EURO", "EU", "", "E R", "ÉUR"),
    *cases(["method"], "", "m" * 65, "a b", "a\n"),
    *cases(["basket_hash"], "", "b" * 192, "a\nb", "\u202e"),
]
MALFORMED_SECTION: list[Case] = [
    *cases(["description", "redirect_url", "webhook_url", "method", "locale"], 7),
    *cases(["metadata"], "text", [1], {"a": 1.5}, {"a": True}, {"a": None}, {"a": {"b": 1}}),
    ("amount", "14.40"),
]
URLS = ("redirect_url", "webhook_url")
INVALID_SECTION: list[Case] = [
    *cases(["description"], "", "d" * 256, "line\nbreak", "\x00"),
    *cases(URLS, "", "shop.example", "ftp://shop.example", "javascript:alert(1)", "https://", "https://a b", "//x"),
    *cases(URLS, "https://shop.example/" + "a" * 2048, "https://[::1", "https://shop.example:99999/"),
    *cases(["method"], "", "i deal"),
    *cases(["locale"], "nl", "NL_nl", "nl-NL", ""),
    *cases(["metadata"], {"cart_id": 1}, {"molbridge_attempt": "x"}, {"": 1}, {"k" * 65: 1}),
    *cases(["metadata"], {"a": "v" * 256}, {"a": "b\n"}, {str(n): n for n in range(11)}),
]


@pytest.fixture(autouse=True)
def _nothing_is_written(world: World) -> Iterator[None]:
    yield
    assert world.ledger.find_state(CartRef(shop_id=1, cart_id=42)) is None
    assert world.ledger.transactions == 0


def faulty_fields(body: dict[str, Any]) -> set[str]:
    return {fault["field"].split(".")[0] for fault in body["errors"]}


@pytest.mark.parametrize(("name", "wrong"), MALFORMED)
def test_a_field_of_the_wrong_type_is_malformed(shim: Caller, name: str, wrong: object) -> None:
    body = assert_problem(shim.post("/v1/payments", PAYMENT | {name: wrong}), 400, "malformed-request")

    assert faulty_fields(body) == {name}
    assert name in body["detail"]


@pytest.mark.parametrize(("name", "wrong"), INVALID)
def test_a_field_that_can_not_be_meant_is_invalid(shim: Caller, name: str, wrong: object) -> None:
    body = assert_problem(shim.post("/v1/payments", PAYMENT | {name: wrong}), 422, "invalid-request")

    assert faulty_fields(body) == {name}
    assert name in body["detail"]


@pytest.mark.parametrize("name", ["shop_id", "cart_id", "customer_id", "amount", "currency"])
def test_a_missing_field_is_named(shim: Caller, name: str) -> None:
    body = assert_problem(shim.pay(**{name: None}), 400, "malformed-request")  # type: ignore[arg-type]

    assert body["errors"] == [{"field": name, "reason": "is missing"}]


@pytest.mark.parametrize(("name", "wrong"), MALFORMED_SECTION)
def test_a_field_of_the_mollie_section_of_the_wrong_type_is_malformed(shim: Caller, name: str, wrong: object) -> None:
    body = assert_problem(shim.pay(mollie={**MOLLIE, name: wrong}), 400, "malformed-request")

    assert [fault["field"] for fault in body["errors"]] == [f"mollie.{name}"]


@pytest.mark.parametrize(("name", "wrong"), INVALID_SECTION)
def test_a_field_of_the_mollie_section_that_can_not_be_meant_is_invalid(shim: Caller, name: str, wrong: object) -> None:
    body = assert_problem(shim.pay(mollie={**MOLLIE, name: wrong}), 422, "invalid-request")

    assert [fault["field"] for fault in body["errors"]] == [f"mollie.{name}"]


@pytest.mark.parametrize("name", ["description", "redirect_url"])
def test_a_missing_field_of_the_mollie_section_is_named(shim: Caller, name: str) -> None:
    section = {field: value for field, value in MOLLIE.items() if field != name}

    body = assert_problem(shim.pay(mollie=section), 400, "malformed-request")

    assert body["errors"] == [{"field": f"mollie.{name}", "reason": "is missing"}]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"currency": "XXX"}, "ISO 4217"),
        ({"amount": "1.001"}, "decimal places"),
        ({"amount": "14.40", "currency": "JPY"}, "decimal places"),
        ({"amount": "999999999999999"}, "out of range"),
    ],
)
def test_an_amount_that_is_no_money_is_invalid(shim: Caller, changed: dict[str, str], said: str) -> None:
    body = assert_problem(shim.pay(**changed), 422, "invalid-money")

    assert said in body["detail"]


def test_every_fault_is_named_at_once(shim: Caller) -> None:
    body = assert_problem(shim.pay(cart_id=0, currency="euro", method=""), 422, "invalid-request")

    assert faulty_fields(body) == {"cart_id", "currency", "method"}


def test_no_more_faults_are_named_than_anybody_reads(shim: Caller) -> None:
    body = assert_problem(shim.post("/v1/payments", {f"field{n}": n for n in range(500)}), 400, "malformed-request")

    assert len(body["errors"]) == 10


def test_the_name_of_an_unknown_field_is_cut_and_harmless(shim: Caller) -> None:
    body = assert_problem(shim.post("/v1/payments", PAYMENT | {"\x1b]0;" + "x" * 500: 1}), 400, "malformed-request")

    assert body["errors"][0]["field"].isprintable()
    assert len(body["errors"][0]["field"]) <= 80


def test_no_answer_speaks_of_the_validation_library(shim: Caller) -> None:
    text = shim.pay(cart_id="x", amount=[], currency=None, mollie={"locale": 5}).text

    for word in ("pydantic", "Input should", "input_value", "https://errors"):
        assert word not in text


@pytest.mark.parametrize(
    "content",
    [
        b"{",
        b"not json",
        b'{"cart_id": NaN}',
        b'{"cart_id": Infinity}',
        b"\xff\xfe{}",
        b"[]",
        b'"text"',
        b"null",
        b'"{\\"cart_id\\": 42}"',
        b'{"a":' * 20000,
        b'{"cart_id": ' + b"9" * 5000 + b"}",
        b"\xef\xbb\xbf{}",
    ],
    ids=["cut", "text", "nan", "infinity", "utf16", "array", "string", "null", "twice", "deep", "digits", "bom"],
)
def test_a_body_that_is_no_json_object_is_malformed(shim: Caller, content: bytes) -> None:
    body = assert_problem(shim.send("/v1/payments", content[:60000]), 400, "malformed-request")

    assert body["detail"].startswith("The body")


def test_text_that_is_no_unicode_is_refused(shim: Caller) -> None:
    assert_problem(shim.send("/v1/payments", b'{"currency": "\\ud800"}'), 400, "malformed-request")


def test_an_empty_body_is_told_what_is_missing(shim: Caller) -> None:
    body = assert_problem(shim.send("/v1/payments", b""), 400, "malformed-request")

    assert {"shop_id", "cart_id", "customer_id", "amount", "currency"} == faulty_fields(body)


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "application/xml", ""])
def test_a_body_of_another_type_is_not_read(shim: Caller, content_type: str) -> None:
    assert_problem(shim.send("/v1/payments", b'{"cart_id": 42}', content_type), 415, "unsupported-media-type")


def test_a_body_over_the_limit_is_not_read(shim: Caller) -> None:
    assert_problem(shim.send("/v1/payments", b" " * (64 * 1024 + 1)), 413, "body-too-large")


def test_a_megabyte_is_refused(shim: Caller) -> None:
    assert_problem(shim.pay(basket_hash="b" * 2**20), 413, "body-too-large")


def test_a_body_over_the_limit_that_does_not_say_its_length_is_refused(shim: Caller) -> None:
    sound = json.dumps(PAYMENT).encode()

    answer = shim.client.post(
        "/v1/payments",
        input_stream=io.BytesIO(sound + b" " * 64 * 1024),
        content_type="application/json",
        headers={"Authorization": f"Bearer {shim.token}"},
        environ_overrides={"wsgi.input_terminated": True},
    )

    assert_problem(answer, 413, "body-too-large")
