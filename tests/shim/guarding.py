"""What the tests of the guards share: paid carts, forwarded calls, requests in the background."""

from __future__ import annotations

import hashlib
import hmac
import threading
import time
from collections.abc import Callable

from tests.integration.sidecar import SHOP_TOKEN
from tests.services.waiting import wait_until
from tests.shim.shopper import Shopper, Visit
from tests.shim.world import ShimWorld

CLAIM = "POST /v1/webhooks/claim"
COMPLETE = "POST /v1/leases/[^/]+/complete"
RENEW = "POST /v1/leases/[^/]+/renew"
BIND = "POST /v1/payments/[^/]+/bind"
RELEASE = "POST /v1/payments/[^/]+/release"
"""What the shim asks, as a `Wire` sees it."""


def paid(world: ShimWorld, *, split: bool = False) -> tuple[Shopper, str]:
    """A shopper whose payment is made and paid, nobody told yet."""
    shopper = world.new_shopper(split=split)
    transaction = str(shopper.pay().checkout_id)
    world.mollie.pay(transaction)
    return shopper, transaction


def signature(transaction: str, cart_id: int, until: float, *, token: str = SHOP_TOKEN) -> str:
    """The header of a forwarded call; `until` is the end of the lease, in Unix seconds."""
    stamp, end = int(time.time()), int(until * 1000)
    mac = hmac.new(token.encode(), f"{stamp}.{transaction}.{cart_id}.{end}".encode(), hashlib.sha256).hexdigest()
    return f"t={stamp},tx={transaction},cart={cart_id},until={end},v1={mac}"


def in_background(call: Callable[[], Visit]) -> Callable[[], Visit]:
    """Begin the call; what is returned waits for its answer."""
    answers: list[Visit] = []
    thread = threading.Thread(target=lambda: answers.append(call()))
    thread.start()

    def wait() -> Visit:
        thread.join(40)
        return answers[0]

    return wait


def wait_until_bound(world: ShimWorld, shopper: Shopper) -> None:
    """Wait until the payment is bound: that happens when the answer has left."""
    row = "SELECT COUNT(*) FROM ps_molbridge_attempt WHERE id_cart = %s AND transaction_id IS NOT NULL"
    wait_until(lambda: world.database.execute(row, shopper.cart_id)[0][0] > 0, what="the binding")
