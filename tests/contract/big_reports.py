"""A big shop with what reports look for strewn in: abandoned, doubled, split and disagreeing payments and orders.

    strew(database, rows=1_000_000)

Into a `BigShop` of so many rows, whose free carts are used, too.
"""

from __future__ import annotations

from bridge.adapters.ledger import create_engine
from bridge.adapters.migrations import migrate
from tests.services.mariadb import Database
from tests.services.numbers import numbers

_LENIENT = "SET SESSION unique_checks = 0, foreign_key_checks = 0, sql_mode = '';\n"

_PRODUCTS = """
    INSERT INTO ps_cart_product (id_cart, id_product, quantity, date_add)
    SELECT id_cart, id_cart % 100 + 1, 1, NOW() FROM ps_cart"""

_ATTEMPTS = """
    INSERT INTO ps_molbridge_attempt (id, id_shop, id_cart, state, transaction_id, amount_minor, currency, id_customer,
        created_at, updated_at, processed_at, version)
    SELECT CONCAT('01939f5c-8a31-7000-8000-', SUBSTRING(SHA2(transaction_id, 256), 1, 12)), 1, cart_id,
        IF(bank_status <> 'paid', 'expired',
            IF(transaction_id LIKE 'tr_c%' AND order_id % 400 = 0, 'surplus', 'paid')),
        transaction_id, 1440, 'EUR', 7, created_at, created_at, created_at, 1
    FROM ps_mollie_payments"""

_CARTS = """
    INSERT INTO ps_molbridge_cart (id_shop, id_cart, fence, settled_transaction_id, order_phase, version)
    SELECT 1, id_cart, 1, MAX(IF(state = 'paid', transaction_id, NULL)), IF(id_cart % 5000 = 1, 'started', 'done'), 1
    FROM ps_molbridge_attempt GROUP BY id_cart"""

_DELIVERIES = """
    INSERT INTO ps_molbridge_delivery (id, transaction_id, source, state, id_shop, id_cart, tries, seen_id,
        seen_refunded, received_at, updated_at)
    SELECT id, transaction_id, 'shim', IF(id_cart % 10000 = 1, 'dead', 'done'), 1, id_cart, 0, transaction_id,
        IF(id_cart % 5000 = 2, 2000, 0), created_at, created_at
    FROM ps_molbridge_attempt WHERE state <> 'expired'"""

_OWN_TABLES = "ps_molbridge_attempt, ps_molbridge_cart, ps_molbridge_delivery, ps_molbridge_refund"


def _payments(letter: str, cart: str, order: str, status: str, count: int, *, first: int = 1) -> str:
    transaction = f"CONCAT('tr_{letter}', SUBSTRING(SHA2(seq, 256), 1, 15))"
    return (
        "INSERT INTO ps_mollie_payments (transaction_id, cart_id, order_id, order_reference, method, bank_status, "
        f"created_at, updated_at) SELECT {transaction}, {cart}, {order}, CONCAT('mol_', seq), 'ideal', '{status}', "
        f"NOW() - INTERVAL seq SECOND - INTERVAL 1 HOUR, NOW() FROM {numbers(first, first + count - 1)} ORDER BY 1"
    )


def _orders(reference: str, cart: str, total: str, count: int) -> str:
    return (
        "INSERT INTO ps_orders (reference, id_customer, id_cart, current_state, payment, module, total_paid, "
        f"total_paid_real, date_add, date_upd) SELECT {reference}, {cart} % 50000 + 1, {cart}, 2, 'iDEAL', 'mollie', "
        f"{total}, {total}, NOW(), NOW() FROM {numbers(1, count)}"
    )


def strew(database: Database, *, rows: int) -> None:
    """Per cent of the carts: 5 abandoned a first payment, 5 never paid, 0.25 paid twice, 0.125 ordered twice, 0.5 were
    split, 1 paid by bank transfer, 5 were refunded, 0.01 are canceled though paid, 2 are another module's."""
    reference = "CONCAT('R', LPAD(seq * 200, 9, '0'))"
    statements = [
        _PRODUCTS,
        _payments("a", "seq * 20", "0", "open", rows // 20),
        _payments("b", f"{rows} + seq", "0", "open", rows // 20),
        _payments("c", "seq * 400", "seq * 400", "paid", rows // 400),
        _orders("CONCAT('D', LPAD(seq, 9, '0'))", "seq * 800", "14.4", rows // 800),
        f"UPDATE ps_orders SET total_paid = 10 WHERE id_order % 200 = 0 AND id_order <= {rows}",
        _orders(reference, "seq * 200", "4.4", rows // 200),
        "UPDATE ps_orders SET total_paid_real = 0 WHERE id_order % 100 = 3",
        "UPDATE ps_orders SET current_state = 7 WHERE id_order % 20 = 1",
        "UPDATE ps_orders SET current_state = 6 WHERE id_order % 10000 = 5",
        "UPDATE ps_orders SET module = 'ps_wirepayment' WHERE id_order % 50 = 11",
        "INSERT INTO ps_configuration (name, value, date_add, date_upd) VALUES ('PS_OS_REFUND', '7', NOW(), NOW())",
        "UPDATE ps_mollie_payments SET updated_at = created_at + INTERVAL 40 SECOND WHERE bank_status = 'paid'",
        "ANALYZE TABLE ps_orders, ps_mollie_payments, ps_cart_product, ps_order_payment, ps_cart",
    ]
    _run(database, statements)


def strew_own(database: Database) -> None:
    """The bridge's tables: an attempt for each payment, a cart for each cart, a delivery for each that was paid."""
    engine = create_engine(database.url)
    migrate(engine, "ps_")
    engine.dispose()
    _run(database, [_ATTEMPTS, _CARTS, _DELIVERIES, f"ANALYZE TABLE {_OWN_TABLES}"])


def _run(database: Database, statements: list[str]) -> None:
    database.run_script(_LENIENT + ";\n".join(statements) + ";\n")
