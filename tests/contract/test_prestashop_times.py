"""The reader's ages of payments, in whatever zone the server lives, and in the night when the clocks change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, text

from bridge.adapters.prestashop import SqlShop
from bridge.domain.cart import CartRef
from tests.contract.shop_tables import WrittenShop
from tests.services.mariadb import Database

CART = CartRef(shop_id=1, cart_id=42)


@pytest.mark.mariadb
@pytest.mark.parametrize("zone", ["+00:00", "+02:00", "-11:00"])
def test_ages_are_right_in_whatever_zone_the_server_lives(
    mariadb_rig: WrittenShop, mariadb_engine: Engine, zone: str
) -> None:
    with mariadb_engine.connect() as db:
        db.execute(text(f"SET time_zone = '{zone}'"))
        db.execute(
            text(
                "INSERT INTO ps_mollie_payments (transaction_id, cart_id, method, bank_status, created_at) "
                "VALUES ('tr_1', 42, 'ideal', 'open', NOW() - INTERVAL 29 MINUTE)"
            )
        )

        row = SqlShop(db).find_payment("tr_1")

        assert row is not None
        assert timedelta(minutes=29) <= row.age < timedelta(minutes=30)
        db.execute(text("SET time_zone = DEFAULT"))


SPRING = int(datetime(2026, 3, 29, 1, 0, tzinfo=UTC).timestamp())
"""The clocks of Amsterdam go from 02:00 to 03:00."""

AMSTERDAM = f"""
    REPLACE INTO mysql.time_zone VALUES (4242, 'N');
    REPLACE INTO mysql.time_zone_name VALUES ('Test/Amsterdam', 4242);
    REPLACE INTO mysql.time_zone_transition_type VALUES (4242, 0, 3600, 0, 'CET'), (4242, 1, 7200, 1, 'CEST');
    REPLACE INTO mysql.time_zone_transition VALUES (4242, {SPRING - 10_000_000}, 0), (4242, {SPRING}, 1);
"""


@pytest.mark.mariadb
def test_the_night_when_the_clocks_change_makes_no_payment_older(
    mariadb_database: Database, mariadb_rig: WrittenShop, mariadb_engine: Engine
) -> None:
    mariadb_database.run_script(AMSTERDAM)
    with mariadb_engine.connect() as db:
        db.execute(text(f"SET time_zone = 'Test/Amsterdam', timestamp = {SPRING + 600}"))
        assert db.execute(text("SELECT CAST(NOW() AS CHAR)")).scalar_one() == "2026-03-29 03:10:00"
        db.execute(
            text(
                "INSERT INTO ps_mollie_payments (transaction_id, cart_id, method, bank_status, created_at) "
                "VALUES ('tr_1', 42, 'ideal', 'open', '2026-03-29 01:50:00')"
            )
        )

        row = SqlShop(db).find_payment("tr_1")

        assert row is not None
        assert row.age == timedelta(minutes=20)
        db.execute(text("SET time_zone = DEFAULT, timestamp = DEFAULT"))
