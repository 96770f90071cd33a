"""A month of a shop with very many payments, in the bridge's own tables, written by the server itself.

    fill_month(database, rows=1_000_000, until=datetime.now(UTC))

So many attempts, evenly over the 30 days before `until`, each with the entries that the audit trail really has of it:
decided, bound, settled, its order verified. MariaDB only: the rows come out of its sequence engine.
"""

from __future__ import annotations

from datetime import datetime

from bridge.adapters.ledger import create_engine
from bridge.adapters.migrations import migrate
from tests.services.mariadb import Database

ENTRIES = 4
"""Of each attempt in the audit trail."""

_LENIENT = "SET SESSION unique_checks = 0, sql_mode = '', time_zone = '+00:00';\nSET @now = "


def fill_month(database: Database, *, rows: int, until: datetime) -> None:
    """Make the tables and fill them. Of a hundred attempts 80 are paid, one of two hundred is surplus; one of ten
    questions finds something in the way."""
    engine = create_engine(database.url)
    migrate(engine, "ps_")
    engine.dispose()
    statements = (_audit(rows), _attempts(rows), _carts(rows), _deliveries(rows), _refunds(rows), _ANALYZE)
    database.run_script(f"{_LENIENT}{int(until.timestamp())};\n" + ";\n".join(statements) + ";\n")


def _seconds(number: str, rows: int) -> str:
    """Of the epoch, with a fraction: when the attempt of that number was begun."""
    return f"(@now - ({rows} - {number}) * {30 * 86_400 / rows:.6f} - 60)"


def _id(number: str, rows: int) -> str:
    """A UUIDv7: it begins with the milliseconds."""
    time = f"LPAD(LOWER(HEX(CAST({_seconds(number, rows)} * 1000 AS UNSIGNED))), 12, '0')"
    return f"CONCAT(INSERT({time}, 9, 0, '-'), '-7000-8000-', LPAD({number}, 12, '0'))"


def _audit(rows: int) -> str:
    number, turn = f"seq DIV {ENTRIES}", f"seq % {ENTRIES}"
    return f"""
    INSERT INTO ps_molbridge_audit (at, event, id_shop, id_cart, attempt_id, transaction_id, detail)
    SELECT FROM_UNIXTIME({_seconds(number, rows)} + ELT({turn} + 1, 0, 0.3, 40 + {number} % 97, 41 + {number} % 97)),
        ELT({turn} + 1, 'initiation.decided', 'payment.bound', 'settlement.decided',
            IF({number} % 5, 'order.verified', 'settlement.decided')),
        1, {number}, {_id(number, rows)}, IF({turn}, CONCAT('tr_', {number}), NULL),
        ELT({turn} + 1,
            IF({number} % 10 = 1, '{{"decision": "Resume", "amount": "14.40 EUR"}}',
                '{{"decision": "Proceed", "amount": "14.40 EUR"}}'),
            '{{}}',
            IF({number} % 200 = 2, '{{"decision": "Surplus", "source": "shim", "settled_by": "tr_other"}}',
                '{{"decision": "Settle", "source": "shim"}}'),
            IF({number} % 5, '{{"mismatches": null}}', '{{"decision": "Update", "source": "shim"}}'))
    FROM seq_{ENTRIES}_to_{ENTRIES * rows + ENTRIES - 1}"""


def _attempts(rows: int) -> str:
    at = f"FROM_UNIXTIME({_seconds('seq', rows)})"
    return f"""
    INSERT INTO ps_molbridge_attempt (id, id_shop, id_cart, state, transaction_id, amount_minor, currency, id_customer,
        method, checkout_url, created_at, updated_at, processed_at, version)
    SELECT {_id("seq", rows)}, 1, seq, IF(seq % 200 = 2, 'surplus', IF(seq % 5, 'paid', 'expired')),
        CONCAT('tr_', seq), 1440 + seq % 100, 'EUR', 7, 'ideal', CONCAT('https://www.mollie.com/checkout/ideal/', seq),
        {at}, {at} + INTERVAL 41 SECOND, {at} + INTERVAL 40 SECOND, 3
    FROM seq_1_to_{rows}"""


def _carts(rows: int) -> str:
    return f"""
    INSERT INTO ps_molbridge_cart (id_shop, id_cart, fence, settled_transaction_id, order_phase, version)
    SELECT 1, seq, 1, CONCAT('tr_', seq), IF(seq % 2000 = 1, 'started', 'done'), 1 FROM seq_1_to_{rows}"""


def _deliveries(rows: int) -> str:
    at = f"FROM_UNIXTIME({_seconds('seq', rows)} + 40)"
    return f"""
    INSERT INTO ps_molbridge_delivery (id, transaction_id, source, state, tries, received_at, updated_at)
    SELECT {_id("seq", rows)}, CONCAT('tr_', seq), 'mollie', 'done', 1, {at}, {at} FROM seq_1_to_{rows}"""


def _refunds(rows: int) -> str:
    at = f"FROM_UNIXTIME({_seconds('seq', rows)} + 100)"
    return f"""
    INSERT INTO ps_molbridge_refund (id, id_shop, id_cart, attempt_id, transaction_id, amount_minor, currency, reason,
        idempotency_key, state, created_at, updated_at)
    SELECT {_id("seq", rows)}, 1, seq, {_id("seq", rows)}, CONCAT('tr_', seq), 1440, 'EUR', 'r',
        CONCAT('surplus-', seq), 'refunded', {at}, {at}
    FROM seq_1_to_{rows} WHERE seq % 400 = 2"""


_ANALYZE = "ANALYZE TABLE ps_molbridge_audit, ps_molbridge_attempt, ps_molbridge_cart, ps_molbridge_delivery"
