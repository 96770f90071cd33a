"""What became of a cart, read from Mollie's books, the shop's tables and the bridge's tables after the fact."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from bridge.demo.playground import Playground
from bridge.demo.simulator import PaymentStatus
from bridge.demo.simulator.amounts import Amount
from bridge.demo.simulator.records import Payment
from bridge.demo.storefront import State

_TAKEN: Final = frozenset({PaymentStatus.PAID, PaymentStatus.AUTHORIZED})


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentFact:
    """One payment of the cart. `reached_module`: the module has linked its row to an order."""

    transaction_id: str
    amount: Amount
    paid: bool
    given_back: Amount
    surplus: bool
    reached_module: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """A cart's money and orders; payments and references in the order in which they came into being."""

    owed: Amount
    payments: tuple[PaymentFact, ...]
    references: tuple[str, ...]
    order_states: tuple[str, ...]

    @property
    def paid(self) -> tuple[PaymentFact, ...]:
        """The payments that money was taken for."""
        return tuple(payment for payment in self.payments if payment.paid)

    @property
    def surplus(self) -> tuple[PaymentFact, ...]:
        """The payments that the bridge has recorded as paid too much."""
        return tuple(payment for payment in self.payments if payment.surplus)

    @property
    def taken(self) -> Amount:
        """All that was taken from the shopper."""
        return _sum(self.owed, [payment.amount for payment in self.paid])

    @property
    def given_back(self) -> Amount:
        """What of it he has been given back."""
        return _sum(self.owed, [payment.given_back for payment in self.payments])

    @property
    def held(self) -> Amount:
        """What the merchant has of it."""
        return self.owed.with_minor(self.taken.minor - self.given_back.minor)

    @property
    def too_much(self) -> Amount:
        """What he has above what the cart costs."""
        return self.owed.with_minor(max(0, self.held.minor - self.owed.minor))

    @property
    def is_clean(self) -> bool:
        """Whether there is one order, and it is paid, and not a cent more is held."""
        return len(self.references) == 1 and self.held == self.owed


def read_outcome(ground: Playground, cart_id: int) -> Outcome:
    """Look everywhere, now."""
    orders = ground.shop.orders_of(cart_id)
    rows = {str(row["transaction_id"]): row for row in ground.shop.payments_of(cart_id)}
    surplus = ground.back_office.surplus_of(cart_id)
    return Outcome(
        owed=_price(ground, cart_id),
        payments=tuple(
            PaymentFact(
                transaction_id=payment.id,
                amount=payment.amount,
                paid=payment.status in _TAKEN,
                given_back=payment.amount.with_minor(payment.refunded),
                surplus=payment.id in surplus,
                reached_module=payment.id in rows and bool(rows[payment.id]["order_id"]),
            )
            for payment in payments_of(ground, cart_id)
        ),
        references=tuple(dict.fromkeys(str(order["reference"]) for order in orders)),
        order_states=tuple(_name_of_state(order["current_state"]) for order in orders),
    )


def payments_of(ground: Playground, cart_id: int) -> tuple[Payment, ...]:
    """All that Mollie has of the cart, the oldest first."""
    return tuple(p for p in ground.mollie.payments() if (p.metadata or {}).get("cart_id") == cart_id)


def _price(ground: Playground, cart_id: int) -> Amount:
    cart = ground.shop.get_cart(cart_id)
    return Amount(currency=cart.currency, minor=int(cart.total.scaleb(2)))


def _sum(like: Amount, amounts: Sequence[Amount]) -> Amount:
    return like.with_minor(sum(amount.minor for amount in amounts))


def _name_of_state(state: int) -> str:
    return State(state).name.lower().replace("_", " ") if state in set(State) else "being made"
