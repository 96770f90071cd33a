"""A full initiation with nothing pending, beside a null request to the same server plus the same SQL by hand.

The server is the real one, in a process of its own, on a private MariaDB whose shop tables hold a million rows each
(`ROWS` in the environment changes that). Every request opens a connection of its own, as PHP does. The SQL by hand is
what one initiation sends, recorded and sent again for another cart over one pymysql connection: no decision, no HTTP.

The sidecar's processor time is taken in a round of its own, as are the database's counts of statements.
"""

from __future__ import annotations

import http.client
import json
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import pymysql
from sqlalchemy import Engine, event
from sqlalchemy import create_engine as sql_engine

from benchmarks.measuring import Timing, in_turns, print_table
from benchmarks.processor import processes_of, used_by_each
from bridge.bootstrap import build_services
from bridge.config import Settings
from bridge.demo.storefront import seed, shop_tables
from bridge.domain.cart import CartRef
from bridge.domain.money import Money
from bridge.services.ids import new_id
from bridge.services.reservation import InitiationRequest
from bridge.telemetry import configure_logging
from tests.contract.big_shop import BigShop, fill_big_shop
from tests.integration.sidecar import ADMIN_TOKEN, SHOP_TOKEN, Sidecar
from tests.services.mariadb import Database, PrivateMariaDB

ROWS = int(os.environ.get("ROWS", "1000000"))
ROUNDS = int(os.environ.get("ROUNDS", "1000"))
WARM_UP = 50
COST_ROUNDS = 300
COUNTED = ("Com_select", "Com_insert", "Com_update", "Com_commit")
GOAL = 1.3
Statement = tuple[str, Any]


@dataclass(frozen=True, slots=True)
class Recorded:
    """The statements of one initiation, and those of their values that are its own."""

    statements: list[Statement]
    cart_id: int
    payment_id: str | None
    key: str


@contextmanager
def running_sidecar(database: Database, **settings: Any) -> Iterator[Sidecar]:
    """The real server on the database."""
    with Sidecar(database={"url": database.url}, log={"level": "error"}, **settings) as sidecar:
        yield sidecar


def fill(database: Database, *, rows: int, free: int) -> BigShop:
    """The shop's tables with so many paid carts and so many free ones."""
    engine = sql_engine(database.url)
    seed(engine, shop_tables("ps_"))
    shop = fill_big_shop(engine, rows=rows, free=free)
    engine.dispose()
    print(f"{rows:,} carts with order and payment, {len(shop.free):,} without")
    return shop


def call(port: int, method: str, path: str, body: dict[str, object] | None, expected: int) -> None:
    """One request over a connection of its own."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    headers = {"Authorization": f"Bearer {SHOP_TOKEN}", "Content-Type": "application/json"}
    connection.request(method, path, json.dumps(body) if body is not None else None, headers)
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    if answer.status != expected:
        raise SystemExit(f"{method} {path}: {answer.status} {content!r}")


def initiate(port: int, shop: BigShop, cart_id: int) -> None:
    """What the shim sends."""
    body: dict[str, object] = {
        "shop_id": 1,
        "cart_id": cart_id,
        "customer_id": shop.customer_of(cart_id),
        "amount": "14.40",
        "currency": "EUR",
        "method": "ideal",
        "idempotency_key": str(uuid.uuid4()),
    }
    call(port, "POST", "/v1/payments", body, 201)


def record(database: Database, shop: BigShop, cart_id: int) -> Recorded:
    """The statements of one initiation, and which of their values are another cart's to change."""
    settings = Settings.model_validate(
        {
            "auth": {"shop_token": SHOP_TOKEN, "admin_token": ADMIN_TOKEN},
            "database": {"url": database.url},
            "locks": {"backend": "memory"},
        }
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
            customer_id=shop.customer_of(cart_id),
            money=Money(currency="EUR", minor=1440),
            key=key,
            scope="payments:1",
            fingerprint="0" * 64,
            method="ideal",
        )
    )
    services.close()
    return Recorded(statements, cart_id, answer.payment_id, key)


def by_hand(connection: pymysql.Connection[Any], recorded: Recorded, cart_id: int) -> None:
    """The same statements for another cart, and the commit."""
    changed = {recorded.cart_id: cart_id, recorded.payment_id: new_id(), recorded.key: str(uuid.uuid4())}
    with connection.cursor() as cursor:
        for statement, parameters in recorded.statements:
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


def measure(database: Database, shop: BigShop, sidecar: Sidecar) -> None:
    """Null request, SQL by hand and full initiation in turns."""
    first, *carts = shop.free
    recorded = record(database, shop, first)
    connection = database.connect()
    with connection.cursor() as cursor:
        cursor.execute("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED")
    timings = in_turns(
        {
            "null request": lambda _: call(sidecar.port, "GET", "/healthz", None, 200),
            f"same SQL by hand ({len(recorded.statements)} statements)": lambda n: by_hand(
                connection, recorded, carts[n]
            ),
            "full initiation": lambda n: initiate(sidecar.port, shop, carts[-1 - n]),
        },
        rounds=ROUNDS,
        warm_up=WARM_UP,
    )
    connection.close()
    print_table(timings)
    null, sql, full = timings.values()
    ratio = full.p50 / (null.p50 + sql.p50)
    print(f"full initiation / (null request + SQL by hand), p50: {ratio:.2f} x (goal {GOAL} x)")
    print(f"p99 of a full initiation: {full.p99:.2f} ms (goal under 5 ms)")


def count(database: Database) -> dict[str, int]:
    """What the database has been asked so far."""
    rows = database.execute("SHOW GLOBAL STATUS WHERE Variable_name IN %s", COUNTED)
    return {str(name).lower(): int(value) for name, value in rows}


def measure_cost(database: Database, shop: BigShop, sidecar: Sidecar, carts: list[int]) -> None:
    """Processor time and statements of one initiation after the other; the server's own rounds are in them."""
    before = count(database)
    used = Timing(used_by_each(processes_of(sidecar.pid), len(carts), lambda n: initiate(sidecar.port, shop, carts[n])))
    each = {name: (number - before[name]) / len(carts) for name, number in count(database).items()}
    commits = each.pop("com_commit")
    print(f"processor time of the sidecar per initiation: p50 {used.p50:.2f} ms, mean {used.mean:.2f} ms")
    kinds = ", ".join(f"{number:.1f} {name.removeprefix('com_')}" for name, number in each.items())
    print(f"statements per initiation: {sum(each.values()):.1f} ({kinds}); commits: {commits:.1f}")


def run() -> None:
    """Fill, measure, print."""
    configure_logging(level="error", as_json=True)
    with PrivateMariaDB() as server:
        database = server.create_database("benchmark")
        shop = fill(database, rows=ROWS, free=2 * (ROUNDS + WARM_UP) + 1 + COST_ROUNDS)
        with running_sidecar(database) as sidecar:
            measure(database, replace(shop, free=shop.free[COST_ROUNDS:]), sidecar)
            measure_cost(database, shop, sidecar, list(shop.free[:COST_ROUNDS]))


if __name__ == "__main__":
    run()
