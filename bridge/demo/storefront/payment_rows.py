"""The module's own table, `mollie_payments`; its times come from the database."""

from __future__ import annotations

from sqlalchemy import func, insert, select, update

from bridge.demo.storefront.database import Row, ShopDatabase


class PaymentRows:
    """What the module remembers of its payments."""

    def __init__(self, db: ShopDatabase) -> None:
        self._db = db

    def add_open(self, transaction_id: str, cart_id: int, *, method: str, reference: str, order_id: int = 0) -> None:
        """A new payment: open, and for most methods without an order."""
        with self._db.connection() as db:
            db.execute(
                insert(self._db.tables.mollie_payments).values(
                    transaction_id=transaction_id,
                    cart_id=cart_id,
                    order_id=order_id,
                    order_reference=reference,
                    mandate_id="",
                    method=method,
                    bank_status="open",
                    created_at=func.now(),
                )
            )

    def find(self, transaction_id: str) -> Row | None:
        """The payment's row."""
        t = self._db.tables.mollie_payments
        return self._db.first(select(t).where(t.c.transaction_id == transaction_id))

    def find_by_reference(self, reference: str) -> Row | None:
        """A row with that order reference."""
        t = self._db.tables.mollie_payments
        return self._db.first(select(t).where(t.c.order_reference == reference))

    def find_by_order(self, order_id: int) -> Row | None:
        """A row of that order."""
        t = self._db.tables.mollie_payments
        return self._db.first(select(t).where(t.c.order_id == order_id))

    def of_cart(self, cart_id: int) -> list[Row]:
        """All rows of a cart, in the order of their creation as far as whole seconds tell it."""
        t = self._db.tables.mollie_payments
        return self._db.rows(select(t).where(t.c.cart_id == cart_id).order_by(t.c.created_at, t.c.transaction_id))

    def set_reference(self, transaction_id: str, reference: str) -> None:
        """Name the order."""
        self._change(transaction_id, order_reference=reference)

    def set_status(self, transaction_id: str, status: str, order_id: int) -> None:
        """Store what Mollie said, and the order."""
        self._change(transaction_id, bank_status=status, order_id=order_id)

    def _change(self, transaction_id: str, **values: str | int) -> None:
        t = self._db.tables.mollie_payments
        self._db.change(update(t).where(t.c.transaction_id == transaction_id).values(updated_at=func.now(), **values))
