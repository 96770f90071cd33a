"""Talking to the application in tests, and what they say to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from bridge.web.settings import DashboardAccess, WebSettings

SHOP_TOKEN = "shop-token-of-the-tests-0123456789"
ADMIN_TOKEN = "admin-token-of-the-tests-0123456789"
SETTINGS = WebSettings(
    shop_token=SHOP_TOKEN,
    admin_token=ADMIN_TOKEN,
    lease_wait=0.0,
    dashboard=DashboardAccess(logins_per_minute=100_000),
    version="1.2.3",
)
PAYMENT = {
    "shop_id": 1,
    "cart_id": 42,
    "customer_id": 7,
    "amount": "14.40",
    "currency": "EUR",
    "method": "ideal",
    "idempotency_key": "key-1",
}
MOLLIE = {"description": "Cart 42", "redirect_url": "https://shop.example/back?cart=42"}
UNKNOWN_PAYMENT = "01939f5c-8a31-7c52-b4f7-6d1d2c3f9a10"


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Sends requests with one token (None: without)."""

    client: FlaskClient
    token: str | None

    def post(self, path: str, body: object = None, *, headers: Mapping[str, str] | None = None) -> TestResponse:
        return self.client.post(path, json={} if body is None else body, headers=self._headers(headers))

    def send(self, path: str, content: bytes, content_type: str = "application/json") -> TestResponse:
        return self.client.post(path, data=content, content_type=content_type, headers=self._headers(None))

    def get(self, path: str) -> TestResponse:
        return self.client.get(path, headers=self._headers(None))

    def pay(self, key: str = "key-1", **changed: object) -> TestResponse:
        """Initiate the payment of cart 42; fields that are None are left out."""
        body = PAYMENT | {"idempotency_key": key} | changed
        return self.post("/v1/payments", {name: value for name, value in body.items() if value is not None})

    def paid(self, **changed: object) -> dict[str, Any]:
        """As `pay`, where it must be the first: the data of the answer."""
        answer = self.pay(**changed)  # type: ignore[arg-type]
        assert answer.status_code == 201, answer.text
        data: dict[str, Any] = json_of(answer)["data"]
        return data

    def with_token(self, token: str | None) -> Caller:
        return replace(self, token=token)

    def _headers(self, more: Mapping[str, str] | None) -> dict[str, str]:
        own = {"Authorization": f"Bearer {self.token}"} if self.token is not None else {}
        return own | dict(more or {})


def caller(app: Flask, token: str | None) -> Caller:
    return Caller(client=app.test_client(), token=token)


def json_of(answer: TestResponse) -> dict[str, Any]:
    """The body, which must be a JSON object."""
    body = answer.get_json(force=True)
    assert isinstance(body, dict)
    return body


def assert_problem(answer: TestResponse, status: int, slug: str) -> dict[str, Any]:
    """The shape that every error has; gives the body."""
    assert answer.status_code == status, answer.text
    assert answer.mimetype == "application/problem+json"
    body = json_of(answer)
    assert set(body) - {"errors"} == {"type", "title", "status", "detail", "instance"}
    assert body["type"] == f"/problems/{slug}"
    assert body["status"] == status
    assert body["title"]
    assert body["detail"]
    assert body["instance"] == f"urn:uuid:{answer.headers['X-Request-Id']}"
    for fault in body.get("errors", ()):
        assert set(fault) == {"field", "reason"}
    return body
