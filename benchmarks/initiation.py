"""A full initiation with nothing pending, beside a null request to the same server plus the same SQL by hand.

The server is the real one, in a process of its own, on a private MariaDB whose shop tables hold a million rows each
(`ROWS` in the environment changes that). Every request opens a connection of its own, as PHP does. The SQL by hand is
what one initiation sends, recorded and sent again for another cart over one pymysql connection: no decision, no HTTP.
"""

from __future__ import annotations

import http.client
import json
import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pymysql
from sqlalchemy import Engine, event
from sqlalchemy import create_engine as sql_engine

from benchmarks.measuring import in_turns, print_table
from bridge.bootstrap import build_services
from bridge.config import Settings
from bridge.demo.storefront import seed, shop_tables
from bridge.domain.cart import CartRef
from bridge.domain.money import Money
from bridge.services.ids import new_id
from bridge.services.reservation import InitiationRequest
from bridge.telemetry import configure_logging
from tests.integration.sidecar import ADMIN_TOKEN, SHOP_TOKEN, Sidecar
from tests.services.mariadb import Database, PrivateMariaDB

ROWS = int(os.environ.get("ROWS", "1000000"))
ROUNDS = int(os.environ.get("ROUNDS", "1000"))
GOAL = 1.3
FREE = 20_000
"""Carts at the end that have neither order nor payment: those that are paid here."""

FILL = """
INSERT INTO ps_customer (id_customer, firstname, lastname, email, secure_key, passwd, date_add, date_upd)
  SELECT seq, 'Test', 'Buyer', CONCAT('buyer', seq, '@example.test'), MD5(seq), 'x', NOW(), NOW()
  FROM seq_1000_to_1000;
INSERT INTO ps_cart (id_cart, id_shop, id_customer, id_currency, secure_key, date_add, date_upd)
  SELECT seq, 1, 1000, 1, MD5(seq), NOW(), NOW() FROM seq_1_to_{carts};
INSERT INTO ps_mollie_payments (transaction_id, cart_id, order_id, order_reference, method, bank_status, created_at)
  SELECT CONCAT('tr_', seq), seq, seq, CONCAT('R', seq), 'ideal', 'paid', NOW() FROM seq_1_to_{rows};
INSERT INTO ps_orders (id_order, reference, id_cart, id_shop, id_customer, id_currency, current_state, module, payment,
                       total_paid, total_paid_real, date_add, date_upd)
  SELECT seq, CONCAT('R', seq), seq, 1, 1000, 1, 2, 'mollie', 'iDEAL', 14.4, 14.4, NOW(), NOW() FROM seq_1_to_{rows};
ANALYZE TABLE ps_cart, ps_orders, ps_mollie_payments
"""

Statement = tuple[str, Any]


@contextmanager
def running_sidecar(database: Database) -> Iterator[Sidecar]:
    """The real server on the database."""
    with Sidecar(database={"url": database.url}, log={"level": "error"}) as sidecar:
        yield sidecar


def fill(database: Database) -> None:
    """The shop's tables with `ROWS` paid carts and `FREE` more without anything."""
    engine = sql_engine(database.url)
    tables = shop_tables("ps_")
    seed(engine, tables)
    engine.dispose()
    database.run_script(FILL.format(rows=ROWS, carts=ROWS + FREE))
    print(f"{ROWS:,} orders and payments, {ROWS + FREE:,} carts")


def call(sidecar: Sidecar, method: str, path: str, body: dict[str, object] | None, expected: int) -> None:
    """One request over a connection of its own."""
    connection = http.client.HTTPConnection("127.0.0.1", sidecar.port, timeout=10)
    headers = {"Authorization": f"Bearer {SHOP_TOKEN}", "Content-Type": "application/json"}
    connection.request(method, path, json.dumps(body) if body is not None else None, headers)
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    if answer.status != expected:
        raise SystemExit(f"{method} {path}: {answer.status} {content!r}")


def initiate(sidecar: Sidecar, cart_id: int) -> None:
    """What the shim sends."""
    body: dict[str, object] = {
        "shop_id": 1,
        "cart_id": cart_id,
        "customer_id": 1000,
        "amount": "14.40",
        "currency": "EUR",
        "method": "ideal",
        "idempotency_key": str(uuid.uuid4()),
    }
    call(sidecar, "POST", "/v1/payments", body, 201)


def record(database: Database, cart_id: int) -> tuple[list[Statement], dict[Any, Callable[[int], Any]]]:
    """The statements of one initiation, and which of their values are another cart's to change."""
    settings = Settings(
        auth={"shop_token": SHOP_TOKEN, "admin_token": ADMIN_TOKEN},
        database={"url": database.url},
        locks={"backend": "memory"},
    )
    services = build_services(settings)
    statements: list[Statement] = []

    @event.listens_for(Engine, "before_cursor_execute")
    def _record(_c: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        statements.append((statement, parameters))

    key = str(uuid.uuid4())
    answer = services.initiation.initiate(
        InitiationRequest(
            cart=CartRef(shop_id=1, cart_id=cart_id),
            customer_id=1000,
            money=Money(currency="EUR", minor=1440),
            key=key,
            scope="payments:1",
            fingerprint="0" * 64,
            method="ideal",
        )
    )
    services.close()
    own = {cart_id: lambda cart: cart, answer.payment_id: lambda _: new_id(), key: lambda _: str(uuid.uuid4())}
    return statements, own


def by_hand(
    connection: pymysql.Connection[Any],
    statements: list[Statement],
    own: dict[Any, Callable[[int], Any]],
    cart_id: int,
) -> None:
    """The same statements for another cart, and the commit."""
    changed = {value: change(cart_id) for value, change in own.items()}
    with connection.cursor() as cursor:
        for statement, parameters in statements:
            if isinstance(parameters, list):
                cursor.executemany(statement, [_put(each, changed) for each in parameters])
            else:
                cursor.execute(statement, _put(parameters, changed))
                if cursor.description:
                    cursor.fetchall()
    connection.commit()


def _put(parameters: Any, changed: dict[Any, Any]) -> Any:
    if isinstance(parameters, dict):
        return {name: changed.get(value, value) for name, value in parameters.items()}
    return tuple(changed.get(value, value) for value in parameters)


def measure(database: Database, sidecar: Sidecar) -> None:
    """Null request, SQL by hand and full initiation in turns."""
    statements, own = record(database, ROWS + FREE)
    connection = database.connect()
    with connection.cursor() as cursor:
        cursor.execute("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED")
    timings = in_turns(
        {
            "null request": lambda _: call(sidecar, "GET", "/healthz", None, 200),
            f"same SQL by hand ({len(statements)} statements)": lambda n: by_hand(
                connection, statements, own, ROWS + 1 + n
            ),
            "full initiation": lambda n: initiate(sidecar, ROWS + FREE // 2 + n),
        },
        rounds=ROUNDS,
    )
    connection.close()
    print_table(timings)
    null, sql, full = timings.values()
    ratio = full.p50 / (null.p50 + sql.p50)
    print(f"full initiation / (null request + SQL by hand), p50: {ratio:.2f} x (goal {GOAL} x)")
    print(f"p99 of a full initiation: {full.p99:.2f} ms (goal under 5 ms)")


def run() -> None:
    """Fill, measure, print."""
    configure_logging(level="error", as_json=True)
    with PrivateMariaDB() as server:
        database = server.create_database("benchmark")
        fill(database)
        with running_sidecar(database) as sidecar:
            measure(database, sidecar)


if __name__ == "__main__":
    run()
