"""MySQL in MariaDB's place: the same handle, so that every test on a private database can be run on either."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from tests.services.mariadb import MAX_CONNECTIONS, Database, PrivateMariaDB
from tests.services.process import ServerFailed

VARIABLE = "MOLBRIDGE_TEST_MYSQLD"
"""The path of a `mysqld` (or of a program that runs one, see `scripts/mysql-server`): the tests then run on it."""


def private_database_server() -> PrivateMariaDB:
    """The server that tests of the database run on: MariaDB, or MySQL when the environment names one."""
    mysqld = os.environ.get(VARIABLE)
    return PrivateMySQL(Path(mysqld)) if mysqld else PrivateMariaDB()


class PrivateMySQL(PrivateMariaDB):
    """MySQL on a free port, with its own defaults: binary log, sql_mode, collation, caching_sha2_password."""

    name = "mysql"

    def __init__(self, mysqld: Path) -> None:
        super().__init__()
        self._mysqld = str(mysqld)

    def prepare(self) -> None:
        """Make the system tables and the two accounts, which sign in as MySQL's accounts do by default."""
        self._init_file.write_text(
            f"ALTER USER 'root'@'localhost' IDENTIFIED BY '{self.password}';\n"
            f"CREATE USER 'root'@'127.0.0.1' IDENTIFIED BY '{self.password}';\n"
            "GRANT ALL ON *.* TO 'root'@'127.0.0.1' WITH GRANT OPTION;\n"
        )
        initialization = subprocess.run(
            [
                self._mysqld,
                "--no-defaults",
                "--initialize-insecure",
                f"--init-file={self._init_file}",
                f"--datadir={self._datadir}",
                *self._common(),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            check=False,
        )
        if initialization.returncode != 0:
            raise ServerFailed(f"mysqld --initialize-insecure failed:\n{initialization.stdout}")

    def command(self) -> list[str]:
        """The server, deaf to the machine's configuration files."""
        return [
            self._mysqld,
            "--no-defaults",
            f"--datadir={self._datadir}",
            f"--socket={self.socket}",
            f"--bind-address={self.host}",
            f"--port={self.port}",
            "--mysqlx=OFF",
            # EXPLAIN in rows, as on every older server: tests read it.
            "--loose-explain-format=TRADITIONAL",
            f"--pid-file={self.folder / 'mysql.pid'}",
            f"--max-connections={MAX_CONNECTIONS}",
            "--innodb-lock-wait-timeout=10",
            "--innodb-flush-log-at-trx-commit=1",
            *self._common(),
        ]

    def create_database(self, name: str) -> Database:
        """Make an empty database with the server's own character set and collation (utf8mb4_0900_ai_ci)."""
        self._as_root_execute(f"CREATE DATABASE `{name}`")
        return self.database(name)

    def _common(self) -> list[str]:
        return [
            f"--tmpdir={self.folder}",
            "--skip-name-resolve",
            "--innodb-buffer-pool-size=64M",
            "--innodb-redo-log-capacity=64M",
            "--key-buffer-size=1M",
            *(["--user=root"] if os.geteuid() == 0 else []),
        ]
