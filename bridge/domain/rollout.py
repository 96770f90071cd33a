"""Gradual roll-out: which carts the bridge guards, and which it only watches. Pure."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum

from bridge.domain.cart import CartRef


class RolloutMode(StrEnum):
    """`observe` decides and logs and stands in nobody's way; `enforce` guards the carts of the percentage."""

    OBSERVE = "observe"
    ENFORCE = "enforce"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollout:
    """`percentage` of the carts are guarded, always the same ones: a cart once guarded stays so as it is raised."""

    mode: RolloutMode = RolloutMode.ENFORCE
    percentage: int = 100

    def guards(self, cart: CartRef) -> bool:
        """Whether the cart is guarded; else it is only watched."""
        return self.mode is RolloutMode.ENFORCE and _place(cart) < self.percentage


def _place(cart: CartRef) -> int:
    """The cart's place among a hundred, by a hash: neighbours in number are spread evenly."""
    digest = hashlib.sha256(f"{cart.shop_id}:{cart.cart_id}".encode()).digest()
    return int.from_bytes(digest[:8], "big") % 100
