"""The database: is it there, is it new enough, does it stand in the way, has it the bridge's tables."""

from __future__ import annotations

import re
from typing import Final

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from bridge.adapters.ledger.faults import number_of
from bridge.adapters.migrations import HEAD, schema_version
from bridge.diagnosis.findings import Check, Verdict, failed, ok, warning
from bridge.diagnosis.installation import Installation
from bridge.diagnosis.untestable import Untestable

MARIADB: Final = (10, 6)
MYSQL: Final = (8, 0)

CLOCK_LIMIT: Final = 2.0
"""Seconds: leases are measured with this host's clock and written beside times of the database's."""

OTHERS: Final = 20
"""Connections that the shop itself needs beside the bridge's."""

_WORDS: Final = {
    1045: "user or password is refused",
    1044: "the user may not enter this database",
    1049: "there is no such database",
    2003: "nobody listens there",
    1040: "it has no free connection",
}


def _reachable(installation: Installation) -> Verdict:
    url = installation.engine.url
    where = f"{url.query.get('unix_socket') or url.host or ''}{f':{url.port}' if url.port else ''}/{url.database}"
    try:
        with installation.engine.connect() as connection:
            connection.execute(text("SELECT 1"))
    except (DBAPIError, SQLAlchemyError, OSError, UnicodeEncodeError) as error:
        installation.database_fault = _why(error)
        return failed(
            f"{where}: {installation.database_fault}", "start it, or put right database.url in the configuration"
        )
    return ok(f"{where} lets {url.username or 'us'} in" if installation.is_server else f"{url.database} (a file)")


def _why(error: Exception) -> str:
    code = number_of(error) if isinstance(error, DBAPIError) else None
    return _WORDS.get(code or 0) or (f"error {code}" if code else type(error).__name__)


def _version(installation: Installation) -> Verdict:
    with installation.server() as db:
        return judge_version(str(db.execute(text("SELECT VERSION()")).scalar_one()))


def judge_version(named: str) -> Verdict:
    """Whether a server of that version will do; `5.5.5-` before MariaDB's own is a disguise for old clients."""
    is_mariadb = "mariadb" in named.lower()
    found = re.search(r"(\d+)\.(\d+)", named.removeprefix("5.5.5-") if is_mariadb else named)
    least = MARIADB if is_mariadb else MYSQL
    name = f"{'MariaDB' if is_mariadb else 'MySQL'} {named}"
    if found and (int(found[1]), int(found[2])) >= least:
        return ok(name)
    return failed(name, "the bridge needs MariaDB 10.6 or newer, or MySQL 8 or newer")


def _settings(installation: Installation) -> Verdict:
    wanted = ("read_only", "log_bin", "binlog_format", "max_connections")
    with installation.server() as db:
        rows = db.execute(text(f"SHOW GLOBAL VARIABLES WHERE Variable_name IN {wanted}")).all()
        mode = str(db.execute(text("SELECT @@SESSION.sql_mode")).scalar_one())
    value = {str(row[0]).lower(): str(row[1]).upper() for row in rows}
    if value.get("read_only") == "ON":
        return failed("read_only is on", "the bridge writes: name the primary server in database.url, not a replica")
    if value.get("log_bin") == "ON" and value.get("binlog_format") == "STATEMENT":
        return failed(
            "binlog_format is STATEMENT", "READ COMMITTED can not be logged so: set binlog_format = MIXED (the default)"
        )
    if "STRICT_ALL_TABLES" not in mode:
        return failed("a session can not be made strict", "something between takes sql_mode away: a proxy?")
    needed, most = installation.settings.database.pool_size + OTHERS, int(value.get("max_connections") or 0)
    if 0 < most < needed:
        return warning(
            f"max_connections is {most}, the bridge may open {installation.settings.database.pool_size}",
            f"raise max_connections to {needed} or more, or lower database.pool_size",
        )
    return ok(f"it can be written, sessions are strict, {most} connections")


def _schema(installation: Installation) -> Verdict:
    if installation.database_fault is not None:
        raise Untestable("the database does not answer")
    found = schema_version(installation.engine, installation.prefix)
    if found == HEAD:
        return ok(f"version {found}")
    if found is None:
        return failed(f"there are no tables {installation.prefix}molbridge_*", "run mollie-bridge migrate")
    if found > HEAD:
        return failed(f"version {found}, this program knows {HEAD}", "run the newer program, or restore the database")
    return failed(f"version {found}, this program needs {HEAD}", "run mollie-bridge migrate")


def _clock(installation: Installation) -> Verdict:
    with installation.server() as db:
        before = installation.clock.now()
        told = db.execute(text("SELECT UTC_TIMESTAMP(6)")).scalar_one()
        after = installation.clock.now()
    apart = told.replace(tzinfo=before.tzinfo) - (before + (after - before) / 2)
    return judge_clock(apart.total_seconds(), CLOCK_LIMIT, "the database")


def judge_clock(apart: float, limit: float, whose: str) -> Verdict:
    """Whether another clock is near enough; `apart`: seconds that it is ahead of this host's."""
    seen = f"{whose} is {abs(apart):.1f} s {'ahead' if apart > 0 else 'behind'}"
    if abs(apart) <= limit:
        return ok(seen)
    return failed(seen, f"{limit:g} s are allowed: set both clocks by NTP (timedatectl set-ntp true)")


CHECKS = (
    Check("database.reachable", "the database lets the bridge in", _reachable),
    Check("database.version", "the database server is new enough", _version),
    Check("database.settings", "no setting of the server stands in the way", _settings),
    Check("database.schema", "the bridge's tables are this program's", _schema),
    Check("clock.database", "this host's clock and the database's agree", _clock),
)
