"""The commands that an administrator types, beside a sidecar that is stopped, and carts for him to look after."""

from __future__ import annotations

import os
import subprocess

from tests.integration.world import World
from tests.services.program import run_program

UNKNOWN = "01939f5c-8a31-7c52-b4f7-6d1d2c3f9a10"
"""No delivery or refund has this id."""


def command(world: World, *words: str) -> subprocess.CompletedProcess[str]:
    """`mollie-bridge ...` in a process of its own, with the sidecar's configuration; the sidecar is stopped."""
    if world.sidecar.running:
        world.sidecar.stop()
    group = 2 if words[0] == "refunds" else 1
    configured = [*words[:group], "-c", str(world.sidecar.config), *words[group:]]
    return run_program(*configured, env=os.environ | {"COLUMNS": "300"})


def paid_unseen(world: World) -> tuple[int, str]:
    """A cart that is paid, and nobody has told: cart and transaction."""
    cart_id, _ = world.new_cart()
    _, transaction_id = world.open_payment(cart_id)
    world.mollie.webhooks.lose(transaction_id)
    world.mollie.pay(transaction_id)
    return cart_id, transaction_id


def settled(world: World) -> tuple[int, str]:
    """A cart with its order."""
    cart_id, transaction_id = paid_unseen(world)
    world.route_until_taken(transaction_id)
    return cart_id, transaction_id


def paid_twice(world: World) -> tuple[int, str, str]:
    """A cart that was paid twice: cart, refund, and the surplus transaction."""
    cart_id, _ = world.new_cart()
    _, old = world.open_payment(cart_id)
    world.shop.change_cart(cart_id, "28.80")
    _, new = world.open_payment(cart_id, "28.80")
    for transaction_id in (new, old):
        world.mollie.webhooks.lose(transaction_id)
        world.mollie.pay(transaction_id, late=True)
        world.route_until_taken(transaction_id)
    ((refund_id,),) = world.rows("SELECT id FROM {p}refund WHERE transaction_id = %s", old)
    return cart_id, str(refund_id), old
