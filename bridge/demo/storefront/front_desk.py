"""One web server's front desk: the shop, with the bridge's shim in front of it or without, switched at run time."""

from __future__ import annotations

from dataclasses import dataclass, field

from bridge.demo.storefront.answers import PayAnswer, Redirect, Tell
from bridge.demo.storefront.module_api import ApiFailed
from bridge.demo.storefront.prestashop import OrderExists
from bridge.demo.storefront.return_page import ReturnOutcome, come_back, look_again
from bridge.demo.storefront.shim import BridgeShim
from bridge.demo.storefront.shop import ToyShop
from bridge.demo.storefront.webhook import Answer


@dataclass
class FrontDesk:
    """`guarded` says whether the shim works; without a shim it never does."""

    shop: ToyShop
    shim: BridgeShim | None = None
    guarded: bool = field(init=False)

    def __post_init__(self) -> None:
        self.guarded = self.shim is not None

    def pay(self, cart_id: int, method: str, key: str | None = None) -> PayAnswer:
        """The pay button. Raises `NoSuchCart`."""
        try:
            if self.shim is not None and self.guarded:
                return self.shim.pay(self.shop, cart_id, method, key)
            started = self.shop.pay(cart_id, method)
        except ApiFailed:
            return Tell(status=502, text="An error occurred when creating your payment.", retry_after=10)
        except OrderExists as error:
            return Tell(status=500, text=str(error))
        return Redirect(url=started.checkout_url, started=started)

    def webhook(self, transaction_id: str, token: str, forwarded: str | None) -> Answer:
        """Mollie's call, or the sidecar's. Raises `ConnectionBroken`."""
        if self.shim is not None and self.guarded:
            return self.shim.webhook(self.shop, transaction_id, token, forwarded)
        return self.shop.webhook(transaction_id, token)

    def come_back(self, cart_id: int, key: str, order_number: str) -> ReturnOutcome:
        """The shopper comes back from the checkout page."""
        if self.shim is not None and self.guarded:
            self.shim.settle(self.shop, cart_id)
        return come_back(self.shop.workshop, cart_id, key, order_number)

    def look_again(self, cart_id: int, key: str) -> ReturnOutcome:
        """The waiting page looks whether the order has come."""
        return look_again(self.shop.workshop, cart_id, key)
