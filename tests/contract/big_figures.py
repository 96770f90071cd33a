"""The bridge's tables after years: so many entries, attempts, carts and deliveries, one each so many minutes.

    fill_figures(database, rows=1_000_000, minutes=1)

Every 300th settlement is of a surplus
payment, every 500th payment has a refund.
"""

from __future__ import annotations

from tests.services.mariadb import Database
from tests.services.numbers import numbers

_LENIENT = "SET SESSION unique_checks = 0, sql_mode = '', time_zone = '+00:00';\nSET @now = UNIX_TIMESTAMP();\n"
_AT = "FROM_UNIXTIME(@now) - INTERVAL seq * {minutes} MINUTE"
_TIME = "LPAD(LOWER(HEX((@now - seq * {minutes} * 60) * 1000)), 12, '0')"
_ID = f"CONCAT(INSERT({_TIME}, 9, 0, '-'), '-7000-8000-', LPAD(seq, 12, '0'))"

_FILL = (
    f"""
    INSERT INTO ps_molbridge_audit (at, event, id_shop, id_cart, attempt_id, transaction_id, detail)
    SELECT {_AT}, ELT(seq % 3 + 1, 'initiation.decided', 'settlement.decided', 'order.verified'), 1, seq, {_ID},
        CONCAT('tr_', seq), IF(seq % 300 = 1, '{{{{"decision": "Surplus"}}}}', '{{{{"decision": "Proceed"}}}}')
    FROM {{numbers}}""",
    f"""
    INSERT INTO ps_molbridge_attempt (id, id_shop, id_cart, state, transaction_id, amount_minor, currency, id_customer,
        created_at, updated_at, processed_at, version)
    SELECT {_ID}, 1, seq, IF(seq % 1000 = 1, 'surplus', 'paid'), CONCAT('tr_', seq), 1440, 'EUR', 7,
        {_AT}, {_AT}, {_AT}, 1
    FROM {{numbers}}""",
    """
    INSERT INTO ps_molbridge_cart (id_shop, id_cart, fence, settled_transaction_id, order_phase, version)
    SELECT 1, seq, 1, CONCAT('tr_', seq), IF(seq % 2000 = 1, 'started', 'done'), 1 FROM {numbers}""",
    f"""
    INSERT INTO ps_molbridge_delivery (id, transaction_id, source, state, tries, received_at, updated_at)
    SELECT {_ID}, CONCAT('tr_', seq), 'mollie', 'done', 1, {_AT}, {_AT} FROM {{numbers}}""",
    f"""
    INSERT INTO ps_molbridge_refund (id, id_shop, id_cart, attempt_id, transaction_id, amount_minor, currency, reason,
        idempotency_key, state, created_at, updated_at)
    SELECT {_ID}, 1, seq, {_ID}, CONCAT('tr_', seq), 1440, 'EUR', 'r', CONCAT('surplus-', seq),
        IF(seq % 1000 = 0, 'refunded', 'dropped'), {_AT}, {_AT}
    FROM {{numbers}} WHERE seq % 500 = 0""",
    """
    ANALYZE TABLE ps_molbridge_audit, ps_molbridge_attempt, ps_molbridge_cart, ps_molbridge_delivery,
        ps_molbridge_refund""",
)


def fill_figures(database: Database, *, rows: int, minutes: int) -> None:
    """Fill the bridge's tables, which must be there and empty."""
    series = numbers(1, rows)
    database.run_script(_LENIENT + ";\n".join(part.format(numbers=series, minutes=minutes) for part in _FILL) + ";\n")
