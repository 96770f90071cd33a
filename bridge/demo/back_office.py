"""The merchant's desk in the demo: what the bridge has written down, the button that gives back, and the dashboard."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

import requests
from flask import Blueprint, redirect, request
from werkzeug.exceptions import Conflict
from werkzeug.wrappers import Response

from bridge.domain.attempt import Attempt
from bridge.domain.cart import CartRef
from bridge.domain.records import AuditEntry
from bridge.domain.settlement import Surplus
from bridge.ports.ledger import Ledger

_TIMEOUT = 10.0
"""Seconds for a refund: the sidecar asks Mollie twice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BackOffice:
    """Reads the bridge's tables, and asks the sidecar for refunds as anybody with the admin token may."""

    ledger: Ledger
    sidecar_url: str
    admin_token: str
    shop_id: int = 1

    def says(self, transaction_id: str) -> str:
        """What the bridge holds a payment to be; empty when it has not seen it."""
        attempt = self.ledger.find_attempt_by_transaction(transaction_id)
        return attempt.state.value if attempt else ""

    def attempts_of(self, cart_id: int) -> tuple[Attempt, ...]:
        """What it has written down of a cart's payments, oldest first."""
        return self.ledger.attempts_of(self._cart(cart_id))

    def audit_of(self, cart_id: int) -> tuple[AuditEntry, ...]:
        """What it has decided about a cart, oldest first."""
        return self.ledger.audit_of(self._cart(cart_id), limit=1_000)

    def surplus_of(self, cart_id: int) -> frozenset[str]:
        """The transactions that it recorded as surplus: an attempt's own state moves on when it is refunded."""
        entries = (entry for entry in self.audit_of(cart_id) if entry.detail.get("decision") == Surplus.__name__)
        return frozenset(entry.transaction_id for entry in entries if entry.transaction_id)

    def give_back(self, transaction_id: str) -> None:
        """Refund all of a payment; pressed twice, it is given back once. Raises `requests.RequestException`."""
        attempt = self.ledger.find_attempt_by_transaction(transaction_id)
        if attempt is None:
            raise Conflict("the bridge does not know this payment")
        answer = requests.post(
            f"{self.sidecar_url}/v1/payments/{attempt.id}/refund",
            json={"reason": "paid twice"},
            headers={"Authorization": f"Bearer {self.admin_token}", "Idempotency-Key": f"give-back-{attempt.id}"},
            timeout=_TIMEOUT,
        )
        if answer.status_code != requests.codes.conflict:  # 409: given back before
            answer.raise_for_status()

    def sign_in(self) -> str:
        """Sign in to the bridge's dashboard; the cookie, as the sidecar sets it. Raises `requests.RequestException`."""
        answer = requests.post(
            f"{self.sidecar_url}/dashboard/login",
            data={"token": self.admin_token},
            headers={"Origin": self.sidecar_url},
            allow_redirects=False,
            timeout=_TIMEOUT,
        )
        answer.raise_for_status()
        return answer.headers["Set-Cookie"]

    def _cart(self, cart_id: int) -> CartRef:
        return CartRef(shop_id=self.shop_id, cart_id=cart_id)


def back_office_page(office: BackOffice) -> Blueprint:
    """The addresses of the button and of the dashboard."""
    page = Blueprint("back_office", __name__)

    @page.post("/give-back")
    def give_back() -> Response:
        """Give a payment back and show its cart again."""
        office.give_back(request.form.get("transaction_id", ""))
        return redirect(f"/cart/{request.form.get('cart_id', type=int, default=0)}", 303)

    @page.get("/dashboard")
    def dashboard() -> Response:
        """Sign the visitor in to the dashboard, whose token was made for this run of the demo, and send him there.

        A cookie is its host's, whatever the port: so the host that was asked for is the one to go on with.
        """
        port = urlsplit(office.sidecar_url).port
        name = (urlsplit(f"//{request.host}").hostname or "127.0.0.1").lower()
        response = redirect(f"http://{name}:{port}/dashboard", 303)
        response.headers.add("Set-Cookie", office.sign_in())
        return response

    return page
