"""What shoppers do, and what must have come of it. Each act is given a shopper whose cart has something in it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from tests.real_shop.shopper import Shopper
from tests.real_shop.world import Payment, World

PATIENCE = 300.0
"""Seconds until Mollie gives up calling; a shop that needs longer for one order is broken, not slow."""


@dataclass(frozen=True, slots=True)
class Scene:
    """One shopper, one cart, one way to pay."""

    world: World
    shopper: Shopper
    product: int
    method: str

    def press(self, tabs: int) -> set[str]:
        """Press the button in so many tabs at once: the pages that they end on."""
        windows = [self.shopper, *(self.shopper.tab() for _ in range(tabs - 1))]
        with ThreadPoolExecutor(tabs) as hands:
            return set(hands.map(lambda window: window.pay(self.method), windows))

    def call_until_done(self, payment: Payment, *, times: int = 1) -> None:
        """Mollie calls until it is answered 200, each time with so many calls at once."""
        deadline = time.monotonic() + PATIENCE
        while any(answer.status != 200 for answer in self.world.announce(payment, times=times)):
            if time.monotonic() > deadline:
                raise SystemExit(f"The webhook of {payment.id} was not answered 200 in {PATIENCE:.0f} s")
            time.sleep(1)


def _tabs(scene: Scene, tabs: int) -> Iterator[str]:
    pages = scene.press(tabs)
    if len(pages) != 1:
        yield f"the tabs ended on {len(pages)} different pages: {', '.join(sorted(pages))}"
    payment = scene.world.payment_at(max(pages))
    yield from _one_payment(scene, payment)
    scene.world.pay(payment)
    scene.call_until_done(payment, times=2)
    yield from _one_order(scene, payment)


def _two_tabs(scene: Scene) -> Iterator[str]:
    yield from _tabs(scene, 2)


def _three_tabs(scene: Scene) -> Iterator[str]:
    yield from _tabs(scene, 3)


def _changed_cart(scene: Scene) -> Iterator[str]:
    first = scene.world.payment_at(scene.shopper.pay(scene.method))
    scene.shopper.add(scene.product)
    second = scene.world.payment_at(scene.shopper.pay(scene.method))
    if second.id == first.id:
        yield "the changed cart was sent to the page of the old amount"
    scene.world.pay(second)
    scene.call_until_done(second)
    yield from _one_order(scene, second)


def _back_before_the_webhook(scene: Scene) -> Iterator[str]:
    payment = scene.world.payment_at(scene.shopper.pay(scene.method))
    scene.world.pay(payment)
    for _ in range(2):
        scene.shopper.visit(payment.back)
    yield from _one_order(scene, payment)
    scene.call_until_done(payment)
    yield from _one_order(scene, payment)


def _paid_and_pressed_again(scene: Scene) -> Iterator[str]:
    payment = scene.world.payment_at(scene.shopper.pay(scene.method))
    scene.world.pay(payment)
    scene.shopper.pay(scene.method)
    yield from _one_payment(scene, payment)
    scene.call_until_done(payment)
    yield from _one_order(scene, payment)


def _one_payment(scene: Scene, payment: Payment) -> Iterator[str]:
    made = scene.world.payments(payment.cart)
    if len(made) != 1:
        yield f"cart {payment.cart} has {len(made)} payments: {', '.join(each.id for each in made)}"


def _one_order(scene: Scene, payment: Payment) -> Iterator[str]:
    references = scene.world.references(payment.cart)
    if len(references) != 1:
        yield f"cart {payment.cart} has {len(references)} orders: {', '.join(references) or 'none'}"


ACTS: dict[str, Callable[[Scene], Iterator[str]]] = {
    "two tabs at once, then each webhook twice at once": _two_tabs,
    "three tabs at once, then each webhook twice at once": _three_tabs,
    "the cart changes after the first press": _changed_cart,
    "back in the shop, twice, before Mollie has called": _back_before_the_webhook,
    "paid, and pressed again before Mollie has called": _paid_and_pressed_again,
}
"""Each yields what was wrong, one sentence for each fault."""
