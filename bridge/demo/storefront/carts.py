"""Customers, products and carts: what a shopper has before he pays."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from sqlalchemy import delete, select, update

from bridge.demo.storefront.database import ShopDatabase
from bridge.demo.storefront.seed import LANGUAGE, TAX_RATE, add_customer, add_product

CENT: Final = Decimal("0.01")


class NoSuchCart(LookupError):
    """The shop has no cart of that number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CartLine:
    """One product of a cart; prices per piece, `gross` with tax and rounded to cents, `net` without."""

    product_id: int
    name: str
    quantity: int
    net: Decimal
    gross: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Cart:
    """A cart with what is in it. `total` is with tax; `split` has it shipped in one package for each line."""

    cart_id: int
    shop_id: int
    customer_id: int
    secure_key: str
    currency_id: int
    currency: str
    split: bool
    lines: tuple[CartLine, ...]

    @property
    def total(self) -> Decimal:
        """What the cart costs, with tax."""
        return sum((line.gross * line.quantity for line in self.lines), Decimal(0))


class Carts:
    """The shop's carts in its database."""

    _numbers = itertools.count(1)

    def __init__(self, db: ShopDatabase) -> None:
        self._db = db

    def add_customer(self, first: str = "Test", last: str = "Buyer", email: str = "") -> int:
        """A new customer; his number."""
        address = email or f"buyer{next(self._numbers)}@example.test"
        with self._db.connection() as db:
            return add_customer(db, self._db.tables, first=first, last=last, email=address, at=self._db.local_now())

    def add(
        self,
        amount: Decimal | str = "14.40",
        products: Mapping[int, int] | None = None,
        *,
        customer_id: int | None = None,
        split: bool = False,
    ) -> int:
        """A new cart of `products` (number to quantity), or of one new product that costs `amount`; its number."""
        t = self._db.tables
        owner = customer_id or self.add_customer()
        at = self._db.local_now()
        key = self._db.value(select(t.customer.c.secure_key).where(t.customer.c.id_customer == owner))
        cart = self._db.add(
            t.cart, id_customer=owner, secure_key=key, allow_seperated_package=int(split), date_add=at, date_upd=at
        )
        self._fill(cart, self._wanted(amount, products))
        return cart

    def change(self, cart_id: int, amount: Decimal | str = "28.80", products: Mapping[int, int] | None = None) -> None:
        """Replace what is in the cart, as a shopper does in another tab."""
        t = self._db.tables
        wanted = self._wanted(amount, products)
        with self._db.connection() as db:
            db.execute(delete(t.cart_product).where(t.cart_product.c.id_cart == cart_id))
        self._fill(cart_id, wanted)
        self._db.change(update(t.cart).where(t.cart.c.id_cart == cart_id).values(date_upd=self._db.local_now()))

    def get(self, cart_id: int) -> Cart:
        """The cart. Raises `NoSuchCart`."""
        t = self._db.tables
        row = self._db.first(
            select(t.cart, t.currency.c.iso_code)
            .join(t.currency, t.currency.c.id_currency == t.cart.c.id_currency)
            .where(t.cart.c.id_cart == cart_id)
        )
        if row is None:
            raise NoSuchCart(f"the shop has no cart {cart_id}")
        return Cart(
            cart_id=cart_id,
            shop_id=row["id_shop"],
            customer_id=row["id_customer"],
            secure_key=row["secure_key"],
            currency_id=row["id_currency"],
            currency=row["iso_code"],
            split=bool(row["allow_seperated_package"]),
            lines=self._lines(cart_id),
        )

    def numbers(self) -> tuple[int, ...]:
        """All carts, the newest first."""
        c = self._db.tables.cart.c
        return tuple(row["id_cart"] for row in self._db.rows(select(c.id_cart).order_by(c.id_cart.desc())))

    def _lines(self, cart_id: int) -> tuple[CartLine, ...]:
        t = self._db.tables
        found = self._db.rows(
            select(t.cart_product.c.id_product, t.cart_product.c.quantity, t.product.c.price, t.product_lang.c.name)
            .join(t.product, t.product.c.id_product == t.cart_product.c.id_product)
            .join(t.product_lang, t.product_lang.c.id_product == t.product.c.id_product)
            .where(t.cart_product.c.id_cart == cart_id, t.product_lang.c.id_lang == LANGUAGE)
            .order_by(t.cart_product.c.id_product)
        )
        return tuple(
            CartLine(
                product_id=row["id_product"],
                name=row["name"],
                quantity=row["quantity"],
                net=row["price"],
                gross=(row["price"] * (1 + TAX_RATE)).quantize(CENT, ROUND_HALF_UP),
            )
            for row in found
        )

    def _wanted(self, amount: Decimal | str, products: Mapping[int, int] | None) -> Mapping[int, int]:
        if products is not None:
            return products
        with self._db.connection() as db:
            gross = Decimal(amount)
            name = f"Gift box for {gross}"
            return {add_product(db, self._db.tables, name=name, gross=gross, at=self._db.local_now()): 1}

    def _fill(self, cart_id: int, products: Mapping[int, int]) -> None:
        at = self._db.local_now()
        for product, quantity in products.items():
            self._db.put(
                self._db.tables.cart_product, id_cart=cart_id, id_product=product, quantity=quantity, date_add=at
            )
