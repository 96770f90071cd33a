"""Mollie's API as the official module calls it: plain HTTP, and a fresh random Idempotency-Key with every POST."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any, Final

import requests

_TIMEOUT: Final = (2.0, 10.0)
"""Seconds to connect and to wait for each answer, the module's own limits."""


class ApiFailed(Exception):
    """Mollie said no, or did not answer; `status` is 0 when there was no answer."""

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True, kw_only=True)
class ModuleApi:
    """`url` is Mollie's address without `/v2`."""

    url: str
    key: str

    def create_payment(self, payment: dict[str, Any]) -> dict[str, Any]:
        """Create a payment. The key is new each time, so that Mollie never takes two tabs for one."""
        return self._call("POST", "/payments", payment, {"Idempotency-Key": str(uuid.uuid4())})

    def get_payment(self, transaction_id: str) -> dict[str, Any]:
        """Fetch a payment."""
        return self._call("GET", f"/payments/{transaction_id}")

    def describe_payment(self, transaction_id: str, description: str) -> dict[str, Any]:
        """Give a payment another description, as the module does when it knows the order's reference."""
        return self._call("PATCH", f"/payments/{transaction_id}", {"description": description})

    def _call(
        self, method: str, path: str, body: dict[str, Any] | None = None, headers: dict[str, str] | None = None
    ) -> dict[str, Any]:
        authorization = {"Authorization": f"Bearer {self.key}", **(headers or {})}
        try:
            answer = requests.request(
                method,
                f"{self.url}/v2{path}",
                json=body,
                headers=authorization,
                timeout=_TIMEOUT,
                allow_redirects=False,
            )
            if answer.status_code >= 400:
                raise ApiFailed(f"{method} {path}: {answer.status_code} {answer.text[:200]}", answer.status_code)
            parsed: dict[str, Any] = answer.json()
        except requests.RequestException as error:
            raise ApiFailed(f"{method} {path}: {error}") from error
        return parsed
