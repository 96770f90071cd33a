"""Connections to the database: how they are made and what each is told once, at its start."""

from __future__ import annotations

from typing import Any

import sqlalchemy
from sqlalchemy import URL, Connection, Engine, event, make_url
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import ArgumentError, DBAPIError

from bridge.adapters.ledger.faults import OF_NO_USE, number_of
from bridge.domain.errors import ConfigurationError

LOCK_WAIT = 2
"""Seconds to wait for a row (or for SQLite's file). A cart is locked for milliseconds, so whoever waits this long waits
for something broken; and the shim listens no longer than 2.5 s."""

RECYCLE = 240
"""Seconds after which an idle connection is replaced: firewalls commonly forget one after five minutes, silently."""

_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost", None, ""})

WRITES = "molbridge_writes"
"""Execution option: the transaction is going to write."""


def create_engine(
    url: str | URL,
    *,
    pool_size: int = 16,
    pool_timeout: float = 2.0,
    connect_timeout: float = 2.0,
    read_timeout: float = 5.0,
    write_timeout: float = 5.0,
    lock_wait: int = LOCK_WAIT,
) -> Engine:
    """An engine for `mysql+pymysql://`, `mariadb+pymysql://` or `sqlite:///<file>`. Nothing is connected yet.

    Times are seconds. `pool_size` connections at most (one for each thread that works is right); a thread waits
    `pool_timeout` for one. `read_timeout` and `write_timeout` bound each answer of the server and must be longer than
    `lock_wait`, or waiting for a row would look like a dead server.

    Raises `ConfigurationError`.
    """
    where = _checked(url, read_timeout=read_timeout, lock_wait=lock_wait)
    common: dict[str, Any] = {
        "pool_size": pool_size,
        "max_overflow": 0,
        "pool_timeout": pool_timeout,
        # Every transaction of ours ends by commit or rollback before its connection goes back (and SQLAlchemy rolls
        # back one that did not), so the pool's own ROLLBACK would only be one more round trip.
        "pool_reset_on_return": None,
        # Values stay out of error texts and so out of logs.
        "hide_parameters": True,
    }
    if where.get_backend_name() == "sqlite":
        return _sqlite(where, lock_wait, common)
    arguments: dict[str, Any] = {
        "connect_timeout": connect_timeout,
        "read_timeout": read_timeout,
        "write_timeout": write_timeout,
        # As bytes, as PHP sends it: the driver would encode text as Latin-1.
        "password": (where.password or "").encode(),
    }
    if where.host in _LOOPBACK or "unix_socket" in where.query:
        # The driver offers TLS by making a context of its own for each connection: 30 ms of CPU, for bytes that never
        # leave this host.
        arguments["ssl_disabled"] = True
    return _server(where, lock_wait, common | {"connect_args": arguments, "pool_recycle": RECYCLE})


def _checked(url: str | URL, *, read_timeout: float, lock_wait: int) -> URL:
    try:
        where = make_url(url)
    except ArgumentError as error:
        raise ConfigurationError(
            ["the database URL can not be read: mysql+pymysql://user:password@host/name"]
        ) from error
    match where.get_backend_name():
        case "mysql" | "mariadb":
            where = where.set(drivername="mysql+pymysql").update_query_dict({"charset": "utf8mb4"})
        case "sqlite" if where.database not in (None, "", ":memory:"):
            pass
        case "sqlite":
            raise ConfigurationError(
                ["the database URL names no file: each connection would have a database of its own"]
            )
        case other:
            raise ConfigurationError([f"the database URL is for {other}: MySQL, MariaDB and SQLite are possible"])
    if read_timeout <= lock_wait:
        raise ConfigurationError([f"read_timeout ({read_timeout} s) must be longer than lock_wait ({lock_wait} s)"])
    return where


def _server(where: URL, lock_wait: int, options: dict[str, Any]) -> Engine:
    """READ COMMITTED, for three reasons.

    What is read after the row lock must be what is committed by then: under REPEATABLE READ the first plain SELECT
    freezes all later ones, and a decision would be made on an order table of before. A locked read of a cart that has
    no row takes no gap lock, so two new carts side by side do not deadlock. And the shop's own statements never wait
    for a gap of ours. (Binary logs in STATEMENT format can not carry it; MIXED and ROW, the defaults, can.)

    There is no ping at each checkout: a dead connection shows at the first statement, and then nothing has been done
    yet (see `Sessions`).
    """
    engine = sqlalchemy.create_engine(where, isolation_level="READ COMMITTED", **options)

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _: object) -> None:
        with connection.cursor() as cursor:
            # Strict, whatever the server's default: a value that does not fit is refused, not cut. The time zone is
            # left alone, the age of the shop's rows is measured in it.
            cursor.execute(
                f"SET SESSION innodb_lock_wait_timeout = {int(lock_wait)}, "
                "sql_mode = 'STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION'"
            )

    @event.listens_for(engine, "handle_error")
    def _leaving(context: ExceptionContext) -> None:
        error = context.sqlalchemy_exception
        if isinstance(error, DBAPIError) and number_of(error) in OF_NO_USE:
            context.is_disconnect = True

    return engine


def is_read_only(connection: Connection) -> bool:
    """Whether the server refuses writes, as a replica does and a primary after a fail-over. Newer MariaDB says ON."""
    if connection.dialect.name == "sqlite":
        return False
    return str(connection.exec_driver_sql("SELECT @@global.read_only").scalar()) not in {"0", "OFF"}


def _sqlite(where: URL, lock_wait: int, options: dict[str, Any]) -> Engine:
    """A file in WAL mode: readers never wait, one writer at a time.

    The driver's own idea of transactions is switched off; ours begin with BEGIN, and with BEGIN IMMEDIATE when they are
    going to write: a transaction that read first and then wants to write is refused at once when another wrote
    meanwhile, however long the busy time-out is.
    """
    arguments = {"timeout": lock_wait, "check_same_thread": False, "isolation_level": None}
    engine = sqlalchemy.create_engine(where, connect_args=arguments, **options)

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _: object) -> None:
        connection.execute("PRAGMA journal_mode = WAL")
        # FULL: a commit survives a power cut, as it does on InnoDB; WAL alone would only promise a sound file.
        connection.execute("PRAGMA synchronous = FULL")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        immediate = connection.get_execution_options().get(WRITES, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")

    return engine
