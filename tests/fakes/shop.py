"""A shop in memory: the tables' content as the tests put it there."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal

from bridge.domain.cart import CartRef
from bridge.domain.errors import StoreDown
from bridge.domain.shop import MOLLIE_MODULE, OrderRecord, ShopOrder, ShopPayment, ShopView
from bridge.ports.clock import Clock
from bridge.ports.shop import MollieAccess
from tests.fakes.clock import FakeClock


@dataclass(slots=True, kw_only=True)
class _Written:
    """What an order wrote beside its own row, by reference."""

    currency: str = "EUR"
    counts_as_paid: bool = True
    expects_invoice: bool = True
    invoice_numbers: list[int] = field(default_factory=list)
    paid_by: dict[str, Decimal] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class _Row:
    payment: ShopPayment
    created_at: datetime
    reason: str | None = None


class FakeShop:
    """Implements `Shop`. Ages are measured on `clock`; with `down` set every call raises `StoreDown`."""

    def __init__(self, clock: Clock | None = None) -> None:
        self.down = False
        self.calls: list[str] = []
        self.access: dict[int, MollieAccess] = {}
        self._clock = clock or FakeClock()
        self._carts: dict[int, tuple[int, int]] = {}
        self._orders: dict[int, list[ShopOrder]] = {}
        self._written: dict[str, _Written] = {}
        self._rows: dict[str, _Row] = {}
        self._numbers = 0
        self._mutex = threading.RLock()

    def add_cart(self, cart_id: int = 42, *, shop_id: int = 1, customer_id: int = 7) -> CartRef:
        """A cart of this customer; its reference."""
        with self._mutex:
            self._carts[cart_id] = (shop_id, customer_id)
        return CartRef(shop_id=shop_id, cart_id=cart_id)

    def add_payment(
        self,
        cart: CartRef | int,
        transaction_id: str,
        *,
        order_id: int = 0,
        method: str = "ideal",
        bank_status: str = "open",
        age: timedelta = timedelta(),
    ) -> ShopPayment:
        """A row of the Mollie module, as old as said."""
        cart_id = cart.cart_id if isinstance(cart, CartRef) else cart
        payment = ShopPayment(
            transaction_id=transaction_id,
            cart_id=cart_id,
            order_id=order_id,
            method=method,
            bank_status=bank_status,
            age=age,
        )
        with self._mutex:
            self._rows[transaction_id] = _Row(payment=payment, created_at=self._clock.now() - age)
        return payment

    def set_payment(self, transaction_id: str, *, bank_status: str | None = None, order_id: int | None = None) -> None:
        """Change a row as the module does."""
        with self._mutex:
            row = self._rows[transaction_id]
            row.payment = replace(
                row.payment,
                bank_status=row.payment.bank_status if bank_status is None else bank_status,
                order_id=row.payment.order_id if order_id is None else order_id,
            )

    def add_order(
        self,
        cart: CartRef | int,
        total: str | Decimal = "14.40",
        *,
        reference: str | None = None,
        module: str = MOLLIE_MODULE,
        currency: str = "EUR",
        paid_by: str | None = None,
        paid: bool = True,
        expects_invoice: bool = True,
        invoice: bool = True,
    ) -> ShopOrder:
        """An order row. With `paid_by` (a transaction) its payment is there, too, the module's row linked and paid.

        Several rows with one `reference` are one order that was split.
        """
        cart_id = cart.cart_id if isinstance(cart, CartRef) else cart
        with self._mutex:
            self._numbers += 1
            reference = reference or f"REF{self._numbers:06d}"
            order = ShopOrder(order_id=self._numbers, reference=reference, module=module, total=Decimal(total))
            self._orders.setdefault(cart_id, []).append(order)
            written = self._written.setdefault(reference, _Written())
            written.currency, written.counts_as_paid, written.expects_invoice = currency, paid, expects_invoice
            if invoice:
                written.invoice_numbers.append(order.order_id)
            if paid_by is not None:
                written.paid_by[paid_by] = written.paid_by.get(paid_by, Decimal()) + order.total
                if paid_by in self._rows:
                    self.set_payment(paid_by, bank_status="paid", order_id=order.order_id)
            return order

    def orders_of(self, cart: CartRef | int) -> tuple[ShopOrder, ...]:
        """The cart's order rows, oldest first."""
        cart_id = cart.cart_id if isinstance(cart, CartRef) else cart
        with self._mutex:
            return tuple(self._orders.get(cart_id, ()))

    def reason_of(self, transaction_id: str) -> str | None:
        """What `correct_payment` wrote beside the status."""
        return self._rows[transaction_id].reason

    def find_view(self, cart: CartRef) -> ShopView | None:
        with self._asked("find_view"):
            shop_id, customer_id = self._carts.get(cart.cart_id, (None, 0))
            if shop_id != cart.shop_id:
                return None
            rows = sorted(
                (row for row in self._rows.values() if row.payment.cart_id == cart.cart_id),
                key=lambda row: row.created_at,
            )
            return ShopView(
                shop_id=cart.shop_id,
                customer_id=customer_id,
                orders=self.orders_of(cart),
                payments=tuple(self._aged(row) for row in rows),
            )

    def find_cart_of(self, transaction_id: str) -> CartRef | None:
        with self._asked("find_cart_of"):
            row = self._rows.get(transaction_id)
            return self._cart(row.payment.cart_id) if row else None

    def find_cart(self, cart_id: int) -> CartRef | None:
        with self._asked("find_cart"):
            return self._cart(cart_id)

    def shop_ids(self) -> tuple[int, ...]:
        with self._asked("shop_ids"):
            return tuple(sorted({shop_id for shop_id, _ in self._carts.values()} | {1}))

    def find_record(self, cart: CartRef) -> OrderRecord | None:
        with self._asked("find_record"):
            view = self.find_view(cart)
            if view is None or not view.orders:
                return None
            reference = view.references[0]
            written = self._written[reference]
            return OrderRecord(
                view=view,
                total=sum((order.total for order in view.orders if order.reference == reference), Decimal()),
                currency=written.currency,
                invoice_numbers=tuple(written.invoice_numbers),
                expects_invoice=written.expects_invoice,
                paid_by=dict(written.paid_by),
                counts_as_paid=written.counts_as_paid,
            )

    def find_payment(self, transaction_id: str) -> ShopPayment | None:
        with self._asked("find_payment"):
            row = self._rows.get(transaction_id)
            return self._aged(row) if row else None

    def find_mollie_access(self, shop_id: int) -> MollieAccess | None:
        with self._asked("find_mollie_access"):
            return self.access.get(shop_id)

    def correct_payment(self, transaction_id: str, *, bank_status: str, reason: str) -> bool:
        with self._asked("correct_payment"):
            if transaction_id not in self._rows:
                return False
            self.set_payment(transaction_id, bank_status=bank_status)
            self._rows[transaction_id].reason = reason
            return True

    def _asked(self, call: str) -> threading.RLock:
        if self.down:
            raise StoreDown("the shop's database does not answer")
        self.calls.append(call)
        return self._mutex

    def _cart(self, cart_id: int) -> CartRef | None:
        if cart_id not in self._carts:
            return None
        return CartRef(shop_id=self._carts[cart_id][0], cart_id=cart_id)

    def _aged(self, row: _Row) -> ShopPayment:
        return replace(row.payment, age=max(timedelta(), self._clock.now() - row.created_at))
