"""The shim: what the bridge's PrestaShop module does around the official one, here in Python around the toy shop."""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from bridge.demo.storefront.answers import PayAnswer, Redirect, Tell
from bridge.demo.storefront.carts import CENT, Cart
from bridge.demo.storefront.forwarded import is_forwarded
from bridge.demo.storefront.journal import Happening
from bridge.demo.storefront.offline import IN_PROGRESS, come_again, pay_alone, webhook_alone
from bridge.demo.storefront.payment_page import StartedPayment
from bridge.demo.storefront.shop import ToyShop
from bridge.demo.storefront.sidecar import Reply, Sidecar, SidecarSilent
from bridge.demo.storefront.webhook import Answer

_INITIATED: Final = frozenset({201, 403, 409, 422, 503})
_CLAIMED: Final = frozenset({200, 409, 503})
_COMPLETED: Final = frozenset({200, 409})
_DONE: Final = frozenset({200})


@dataclass(frozen=True, kw_only=True)
class BridgeShim:
    """Guards payments, webhooks and the return page of any web server of the shop.

    `base_url`: the sidecar's, no trailing slash. `token`: its bearer token of scope `shop`. `fail_open`: whether the
    sale goes on while the sidecar does not answer. `shared_files`: whether the sidecar locks files of this host, so
    that the shim may take the same lock when it is down; with Redis it answers webhooks 503 instead.
    """

    base_url: str
    token: str
    fail_open: bool = True
    shared_files: bool = True

    @cached_property
    def _sidecar(self) -> Sidecar:
        return Sidecar(base_url=self.base_url, token=self.token)

    def pay(self, shop: ToyShop, cart_id: int, method: str = "ideal", key: str | None = None) -> PayAnswer:
        """The pay button: ask first, let the module create the payment only when told so, then tell what it made.

        `key` is the Idempotency-Key of the page that the shopper sees, a fresh UUID when none is given. Raises what the
        module raises, after the reservation is given back.
        """
        cart = shop.get_cart(cart_id)
        try:
            reply = self._reserve(cart, method, key or str(uuid.uuid4()))
        except SidecarSilent as silence:
            return self._pay_without(shop, cart_id, method, silence)
        _note(shop, cart_id, f"payment asked for: {reply.status} {reply.data.get('action', '')}".rstrip())
        if reply.status == 201:
            return self._create(shop, cart_id, method, str(reply.data["payment_id"]))
        return _instead(shop, cart, reply)

    def webhook(self, shop: ToyShop, transaction_id: str, token: str, forwarded: str | None = None) -> Answer:
        """Mollie's call: claim it, let the module work only when told so, then let the result be verified.

        503 with Retry-After while somebody else works on the cart, and when the result does not verify. A call with the
        sidecar's own signature in `forwarded` goes to the module at once.
        """
        now = shop.now().timestamp()
        if is_forwarded(forwarded, token=self.token, transaction_id=transaction_id, unix_time=now):
            return shop.webhook(transaction_id, token)
        if not transaction_id:
            return shop.webhook(transaction_id, token)
        try:
            claim = self._sidecar.post("/v1/webhooks/claim", {"transaction_id": transaction_id}, understood=_CLAIMED)
        except SidecarSilent as silence:
            return self._webhook_without(shop, transaction_id, token, silence)
        return self._work(shop, transaction_id, token, claim)

    def settle(self, shop: ToyShop, cart_id: int) -> bool:
        """The shopper is back: have the cart settled before the module's return page looks; whether it was answered."""
        try:
            self._sidecar.post(f"/v1/carts/{cart_id}/settle", {}, understood=_DONE)
        except SidecarSilent as silence:
            _note(shop, cart_id, f"sidecar silent on return ({silence})")
            return False
        return True

    # The pay button

    def _reserve(self, cart: Cart, method: str, key: str) -> Reply:
        body = {
            "shop_id": cart.shop_id,
            "cart_id": cart.cart_id,
            "customer_id": cart.customer_id,
            "amount": str(cart.total.quantize(CENT)),
            "currency": cart.currency,
            "method": method,
            "basket_hash": basket_hash(cart),
        }
        reply = self._sidecar.post("/v1/payments", body, understood=_INITIATED, key=key)
        if reply.status != 422:
            return reply
        # The page was rendered before the cart changed: what it asks for now is another payment.
        return self._sidecar.post("/v1/payments", body, understood=_INITIATED - {422}, key=str(uuid.uuid4()))

    def _create(self, shop: ToyShop, cart_id: int, method: str, payment_id: str) -> PayAnswer:
        try:
            started = shop.pay(cart_id, method)
        except Exception as error:
            self._tell(shop, cart_id, f"/v1/payments/{payment_id}/release", {"reason": str(error)[:200]})
            raise
        self._tell(shop, cart_id, f"/v1/payments/{payment_id}/bind", _binding(started))
        return Redirect(url=started.checkout_url, started=started)

    def _tell(self, shop: ToyShop, cart_id: int, path: str, body: dict[str, Any]) -> None:
        # Lost, the sidecar finds the transaction in the module's table by itself.
        try:
            self._sidecar.post(path, body, understood=_DONE)
        except SidecarSilent as silence:
            _note(shop, cart_id, f"not told: {silence}")

    def _pay_without(self, shop: ToyShop, cart_id: int, method: str, silence: SidecarSilent) -> PayAnswer:
        _note(shop, cart_id, f"sidecar silent, the sale {'goes on' if self.fail_open else 'waits'} ({silence})")
        if not self.fail_open:
            return Tell(status=503, text="Payments are not possible for a moment. Please try again.", retry_after=10)
        return pay_alone(shop, cart_id, method)

    # The webhook

    def _work(self, shop: ToyShop, transaction_id: str, token: str, claim: Reply) -> Answer:
        cart_id = int(claim.data.get("cart_id") or 0)
        decision, reason = claim.data.get("decision"), claim.data.get("reason")
        _note(
            shop,
            cart_id,
            f"webhook for {transaction_id} claimed: {claim.status} {decision or ''} {reason or ''}".rstrip(),
        )
        if claim.status != 200:
            return come_again("the cart is being worked on", claim.retry_after)
        if decision == "skip":
            return Answer(status=200, body={"success": True})
        answer = shop.webhook(transaction_id, token)
        lease = claim.data.get("lease")
        return answer if lease is None else self._complete(shop, cart_id, str(lease["token"]), answer)

    def _complete(self, shop: ToyShop, cart_id: int, lease: str, answer: Answer) -> Answer:
        succeeded = answer.status < 400
        body = {"outcome": "done" if succeeded else "failed", "http_status": answer.status}
        try:
            reply = self._sidecar.post(f"/v1/leases/{lease}/complete", body, understood=_COMPLETED)
        except SidecarSilent as silence:
            _note(shop, cart_id, f"result not verified: {silence}")
            return come_again("the result could not be verified") if succeeded else answer
        if succeeded and not reply.data.get("verified"):
            why = "; ".join(reply.data.get("mismatches") or ["the lease was lost"])
            _note(shop, cart_id, f"result does not verify: {why}")
            return come_again("the result does not verify")
        return answer

    def _webhook_without(self, shop: ToyShop, transaction_id: str, token: str, silence: SidecarSilent) -> Answer:
        row = shop.rows.find(transaction_id)
        _note(shop, int(row["cart_id"] or 0) if row else 0, f"sidecar silent on a webhook ({silence})")
        if not self.shared_files:
            return come_again("the sidecar does not answer")
        return webhook_alone(shop, transaction_id, token)


def basket_hash(cart: Cart) -> str:
    """The basket's fingerprint: the same products in the same quantities give the same one on any cart."""
    lines = sorted(f"{line.product_id}:{line.quantity}" for line in cart.lines)
    return hashlib.sha256(",".join(lines).encode()).hexdigest()


def _instead(shop: ToyShop, cart: Cart, reply: Reply) -> PayAnswer:
    match reply.status, reply.data.get("action"):
        case 409, "show_order":
            order_id = int(reply.data.get("order_id") or shop.orders.find_order_id(cart.cart_id) or 0)
            return Redirect(url=shop.urls.confirmation(cart, order_id))
        case 409, "wait_for_order":
            row = shop.rows.find(str(reply.data.get("transaction_id") or ""))
            return Redirect(url=shop.urls.returning(cart, str(row["order_reference"]) if row else "", shop.now()))
        case 409, "resume" if reply.data.get("checkout_url"):
            return Redirect(url=str(reply.data["checkout_url"]))
        case 403, _:
            return Tell(status=403, text="This cart belongs to another customer.")
        case (503, _) | (409, "retry_later"):
            return Tell(status=409, text=IN_PROGRESS.text, retry_after=_seconds(reply.retry_after))
        case _:
            return Tell(status=409, text=IN_PROGRESS.text)


def _binding(started: StartedPayment) -> dict[str, str]:
    return {"transaction_id": started.transaction_id, "checkout_url": started.checkout_url}


def _seconds(retry_after: str | None) -> int:
    return int(retry_after) if retry_after and retry_after.isdecimal() else 2


def _note(shop: ToyShop, cart_id: int, text: str) -> None:
    shop.workshop.note(Happening.GUARD, cart_id, text)
