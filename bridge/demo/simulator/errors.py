"""How Mollie says no: a status, a title, a detail and sometimes the field it objects to."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

DOCUMENTATION = "https://docs.mollie.com/reference/handling-errors"


class ApiError(Exception):
    """An answer that is an error; `field` names the part of the request it is about."""

    def __init__(self, status: int, detail: str, *, field: str | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.field = field


def error_body(status: int, detail: str | None, *, field: str | None = None) -> dict[str, Any]:
    """Mollie's error object; without `detail` when that is None (a gateway in front of the API answers so)."""
    body: dict[str, Any] = {"status": status, "title": HTTPStatus(status).phrase}
    if detail is not None:
        body["detail"] = detail
    if field is not None:
        body["field"] = field
    body["_links"] = {"documentation": {"href": DOCUMENTATION, "type": "text/html"}}
    return body


def not_found(what: str, token: str) -> ApiError:
    """404 for a `what` ("payment") that does not exist."""
    return ApiError(404, f"No {what} exists with token {token}.")
