"""A private MariaDB server: durable like a shop's own (every commit is flushed), small otherwise."""

from __future__ import annotations

import os
import secrets
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pymysql
from pymysql.cursors import Cursor

from tests.services.process import PrivateServer, ServerFailed, program

SERVER_PACKAGE = "mariadb-server-core"
MAX_CONNECTIONS = 600
"""More than the widest test opens (200 callers at once, a few connections on each side)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """One database on a private server, with all that a client needs to get in."""

    name: str
    host: str
    port: int
    socket: Path
    user: str
    password: str

    @property
    def url(self) -> str:
        """The SQLAlchemy URL over TCP, utf8mb4."""
        return f"mysql+pymysql://{self.user}:{self.password}@{self.host}:{self.port}/{self.name}?charset=utf8mb4"

    @property
    def shop_url(self) -> str:
        """The same for who plays PrestaShop: it stores zero dates, so its sessions are not strict."""
        return f"{self.url}&sql_mode=NO_ENGINE_SUBSTITUTION"

    def connect(self, **options: Any) -> pymysql.Connection[Cursor]:
        """A new connection; `options` go to `pymysql.connect`. The caller closes it."""
        arguments: dict[str, Any] = {
            "host": self.host,
            "port": self.port,
            "user": self.user,
            "password": self.password,
            "database": self.name,
            "charset": "utf8mb4",
            "connect_timeout": 5,
            # A TLS context for each connection would cost 30 ms of CPU.
            "ssl_disabled": True,
        }
        return pymysql.connect(**(arguments | options))

    def execute(self, sql: str, *arguments: object) -> tuple[tuple[Any, ...], ...]:
        """Run one statement on a connection of its own, commit, and return its rows."""
        with self.connect(autocommit=True) as connection, connection.cursor() as cursor:
            cursor.execute(sql, arguments or None)
            return tuple(cursor.fetchall())

    def run_script(self, sql: str) -> None:
        """Run several statements, as a MySQL client would."""
        subprocess.run(
            [
                program("mariadb", "mariadb-client-core"),
                "--no-defaults",
                f"--socket={self.socket}",
                f"--user={self.user}",
                "--default-character-set=utf8mb4",
                self.name,
            ],
            input=sql,
            text=True,
            check=True,
            env={**os.environ, "MYSQL_PWD": self.password},
        )


class PrivateMariaDB(PrivateServer):
    """MariaDB on a free port; `root` may do everything, from this machine only."""

    name = "mariadb"
    user = "root"

    def __init__(self) -> None:
        super().__init__()
        self.socket = self.folder / f"{self.name}.sock"
        self.password = secrets.token_hex(8)

    def prepare(self) -> None:
        """Make the system tables and the one account."""
        installation = subprocess.run(
            [
                program("mariadb-install-db", SERVER_PACKAGE),
                "--no-defaults",
                "--force",  # also where the machine's own name can not be looked up
                f"--datadir={self._datadir}",
                "--auth-root-authentication-method=normal",
                "--skip-test-db",
                *self._common(),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            check=False,
        )
        if installation.returncode != 0:
            raise ServerFailed(f"mariadb-install-db failed:\n{installation.stdout}")
        # Read at every start, before the server listens: the account is right from the first connection on.
        self._init_file.write_text(
            f"CREATE OR REPLACE USER 'root'@'localhost' IDENTIFIED BY '{self.password}';\n"
            f"CREATE OR REPLACE USER 'root'@'127.0.0.1' IDENTIFIED BY '{self.password}';\n"
            "GRANT ALL ON *.* TO 'root'@'localhost' WITH GRANT OPTION;\n"
            "GRANT ALL ON *.* TO 'root'@'127.0.0.1' WITH GRANT OPTION;\n"
        )

    def command(self) -> list[str]:
        """The server, deaf to the machine's configuration files."""
        return [
            program("mariadbd", SERVER_PACKAGE),
            "--no-defaults",
            f"--datadir={self._datadir}",
            f"--socket={self.socket}",
            f"--bind-address={self.host}",
            f"--port={self.port}",
            f"--pid-file={self.folder / 'mariadb.pid'}",
            f"--init-file={self._init_file}",
            f"--max-connections={MAX_CONNECTIONS}",
            "--character-set-server=utf8mb4",
            "--collation-server=utf8mb4_unicode_ci",
            # A deadlock or a forgotten lock shows as an error in the test instead of as its time-out.
            "--innodb-lock-wait-timeout=10",
            "--innodb-flush-log-at-trx-commit=1",
            *self._common(),
        ]

    def answers(self) -> bool:
        """Whether root can log in."""
        try:
            self.root_connection().close()
        except pymysql.err.OperationalError:
            return False
        return True

    def database(self, name: str) -> Database:
        """The handle of a database, whether it exists or not."""
        return Database(
            name=name,
            host=self.host,
            port=self.port,
            socket=self.socket,
            user=self.user,
            password=self.password,
        )

    def root_connection(self, **options: Any) -> pymysql.Connection[Cursor]:
        """A new connection with autocommit and no database chosen; the caller closes it."""
        return self.database("").connect(**({"database": None, "autocommit": True} | options))

    def create_database(self, name: str) -> Database:
        """Make an empty database (utf8mb4)."""
        self._as_root_execute(f"CREATE DATABASE `{name}` CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci")
        return self.database(name)

    def drop_database(self, name: str) -> None:
        """Remove a database, whoever still has a connection to it."""
        with self.root_connection() as connection, connection.cursor() as cursor:
            # A transaction that a failed test left open holds a metadata lock, and DROP would wait for it.
            cursor.execute("SELECT id FROM information_schema.processlist WHERE db = %s", (name,))
            for (thread,) in cursor.fetchall():
                try:
                    cursor.execute(f"KILL {int(thread)}")
                except pymysql.err.OperationalError:
                    continue  # it ended by itself in between
            cursor.execute(f"DROP DATABASE IF EXISTS `{name}`")

    def _as_root_execute(self, sql: str) -> None:
        with self.root_connection() as connection, connection.cursor() as cursor:
            cursor.execute(sql)

    @property
    def _datadir(self) -> Path:
        return self.folder / "data"

    @property
    def _init_file(self) -> Path:
        return self.folder / "init.sql"

    def _common(self) -> list[str]:
        return [
            # A starting server empties its temporary folder of tables: shared, it would take those of a neighbour.
            f"--tmpdir={self.folder}",
            "--skip-name-resolve",
            "--performance-schema=off",
            "--innodb-buffer-pool-size=64M",
            "--innodb-log-file-size=32M",
            "--aria-pagecache-buffer-size=8M",
            "--key-buffer-size=1M",
            # MariaDB refuses to run as root unless told so; as anybody else it runs as who starts it.
            *(["--user=root"] if os.geteuid() == 0 else []),
        ]
