"""A shop in every state that reconciling knows."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from bridge.demo.simulator import MollieSimulator
from tests.integration.world import World

Expected = Counter[tuple[str, str]]
"""Kind and transaction of each finding that is to be."""


@dataclass(frozen=True, slots=True)
class Populace:
    """Makes payments in each state of the table, and says what is to be found of them."""

    world: World

    def everything(self) -> Expected:
        """One payment or more of each state."""
        expected: Expected = Counter()
        for make in (
            self.well_paid,
            self.of_others,
            self.order,
            self.still_open,
            self.orphan,
            self.of_an_unknown_cart,
            self.without_order,
            self.missed,
            self.of_another_amount,
            self.surplus,
            self.of_another_module,
            self.of_nobody_knows_whom,
            self.ended,
            self.ended_beside_the_settling_one,
            self.marked_paid,
            self.given_back,
        ):
            expected.update(make())
        return expected

    def bare(self, *, metadata: dict[str, Any] | None = None, paid: bool = False) -> str:
        """A payment of which the shop knows nothing."""
        body = {
            "amount": {"currency": "EUR", "value": "9.99"},
            "description": "by hand",
            "redirectUrl": "http://shop.test/return",
            "metadata": metadata,
            "method": "banktransfer",
        }
        made = self.world.mollie.create_payment(body).id
        if paid:
            self.world.mollie.pay(made)
        return made

    def started(self, amount: str = "14.40") -> tuple[int, str]:
        """A cart and its payment, made by the module, of which nobody will be told."""
        cart_id = self.world.shop.add_cart(amount)
        return cart_id, self.again(cart_id)

    def again(self, cart_id: int) -> str:
        """Another payment of the cart."""
        transaction_id = self.world.shop.pay(cart_id, "bancontact").transaction_id
        self.world.mollie.webhooks.lose(transaction_id)
        return transaction_id

    def paid(self, amount: str = "14.40") -> tuple[int, str]:
        cart_id, transaction_id = self.started(amount)
        self.world.mollie.pay(transaction_id)
        return cart_id, transaction_id

    def ordered(self) -> tuple[int, str]:
        """Paid, and the module has made its order of it."""
        cart_id, transaction_id = self.paid()
        answer = self.world.shop.webhook(transaction_id, self.world.shop.token_of(cart_id))
        assert answer.status == 200, answer
        return cart_id, transaction_id

    # --- one after the other

    def well_paid(self) -> list[tuple[str, str]]:
        self.ordered()
        return []

    def order(self) -> list[tuple[str, str]]:
        """Of the Orders API: neither of its payments came to anything; the module knows the order alone."""
        world = self.world
        cart_id = world.shop.add_cart("14.40")
        order = world.mollie.orders.create(
            {
                "amount": {"currency": "EUR", "value": "14.40"},
                "orderNumber": str(cart_id),
                "locale": "en_US",
                "lines": [{"name": "a thing"}],
                "redirectUrl": "http://shop.test/return",
                "metadata": {"cart_id": cart_id},
                "method": "bancontact",
            }
        )
        world.mollie.fail(order.payment_ids[0])
        world.mollie.orders.add_payment(order.id, {})
        world.mollie.orders.expire(order.id)
        world.shop.rows.add_open(order.id, cart_id, method="bancontact", reference="x")
        return [("status_disagreement", order.id)]

    def of_others(self) -> list[tuple[str, str]]:
        """The account has more to do than this shop; nobody has paid any of it."""
        for _ in range(12):
            self.bare()
        return []

    def still_open(self) -> list[tuple[str, str]]:
        self.started()
        return []

    def orphan(self) -> list[tuple[str, str]]:
        return [("orphan", self.bare(paid=True))]

    def of_an_unknown_cart(self) -> list[tuple[str, str]]:
        return [("orphan", self.bare(metadata={"cart_id": 999_999}, paid=True))]

    def without_order(self) -> list[tuple[str, str]]:
        return [("paid_without_order", self.paid()[1])]

    def missed(self) -> list[tuple[str, str]]:
        _, transaction_id = self.ordered()
        self.world.rows("UPDATE ps_mollie_payments SET bank_status = 'open' WHERE transaction_id = %s", transaction_id)
        return [("missed_webhook", transaction_id)]

    def of_another_amount(self) -> list[tuple[str, str]]:
        cart_id, transaction_id = self.ordered()
        self.world.rows(
            "UPDATE ps_orders SET total_paid = 14.41, total_paid_tax_incl = 14.41 WHERE id_cart = %s", cart_id
        )
        return [("amount_mismatch", transaction_id)]

    def surplus(self) -> list[tuple[str, str]]:
        cart_id, _ = self.ordered()
        second = self.again(cart_id)
        self.world.mollie.pay(second)
        return [("surplus_not_refunded", second)]

    def of_another_module(self) -> list[tuple[str, str]]:
        cart_id, transaction_id = self.ordered()
        self.world.rows("UPDATE ps_orders SET module = 'ps_wirepayment' WHERE id_cart = %s", cart_id)
        return [("surplus_not_refunded", transaction_id)]

    def of_nobody_knows_whom(self) -> list[tuple[str, str]]:
        cart_id, first = self.ordered()
        second = self.again(cart_id)
        self.world.mollie.pay(second)
        self.world.rows("UPDATE ps_mollie_payments SET order_id = 0, bank_status = 'open' WHERE cart_id = %s", cart_id)
        return [("owner_unknown", first), ("owner_unknown", second)]

    def ended(self) -> list[tuple[str, str]]:
        _, transaction_id = self.started()
        self.world.mollie.expire(transaction_id)
        return [("status_disagreement", transaction_id)]

    def ended_beside_the_settling_one(self) -> list[tuple[str, str]]:
        cart_id, _ = self.ordered()
        second = self.again(cart_id)
        self.world.mollie.cancel(second)
        return [("status_disagreement", second)]

    def marked_paid(self) -> list[tuple[str, str]]:
        _, transaction_id = self.started()
        self.world.rows("UPDATE ps_mollie_payments SET bank_status = 'paid' WHERE transaction_id = %s", transaction_id)
        return [("status_disagreement", transaction_id)]

    def given_back(self) -> list[tuple[str, str]]:
        _, transaction_id = self.ordered()
        self.world.mollie.create_refund(transaction_id, {"amount": {"currency": "EUR", "value": "14.40"}})
        return []

    # --- what the bridge knows of

    def held(self) -> str:
        """The cart was changed: its first payment was paid, its second may still be."""
        world = self.world
        cart_id, _ = world.new_cart("14.40")
        _, first = world.open_payment(cart_id, "14.40")
        world.shop.change_cart(cart_id, "28.80")
        _, second = world.open_payment(cart_id, "28.80")
        for each in (first, second):
            world.mollie.webhooks.lose(each)
        world.mollie.pay(first)
        world.route_until_taken(first)
        return first

    def proposed(self) -> tuple[str, str]:
        """Surplus, and a refund was proposed; the transaction and the refund."""
        cart_id, first = self.paid()
        second = self.again(cart_id)
        self.world.mollie.pay(second)
        for each in (first, second):
            self.world.route_until_taken(each)
        ((refund_id,),) = self.world.rows("SELECT id FROM {p}refund WHERE transaction_id = %s", second)
        return second, str(refund_id)


def checksums(world: World) -> dict[str, Any]:
    """The contents of every table of the database, as the server sums them up."""
    names = [name for (name,) in world.rows("SHOW TABLES")]
    return dict(world.rows(f"CHECKSUM TABLE {', '.join(f'`{name}`' for name in names)}"))


def transactions(mollie: MollieSimulator) -> list[str]:
    """All payments, the newest first."""
    return [payment.id for payment in reversed(mollie.payments())]
