"""The private MariaDB that other tests stand on."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pymysql
import pytest

from tests.services.mariadb import Database, PrivateMariaDB
from tests.services.process import alive
from tests.services.waiting import wait_until

LEAVES_A_SERVER_BEHIND = """
from tests.services.mariadb import PrivateMariaDB
server = PrivateMariaDB().__enter__()
print(server.pid, server.folder, flush=True)
input()
"""

pytestmark = pytest.mark.mariadb


def test_the_database_is_empty_and_reachable_by_its_url_bits(mariadb_database: Database) -> None:
    assert mariadb_database.execute("SHOW TABLES") == ()


def test_every_commit_is_flushed_as_in_a_shop(mariadb_database: Database) -> None:
    assert mariadb_database.execute("SELECT @@innodb_flush_log_at_trx_commit, @@max_connections") == ((1, 600),)


def test_a_committed_row_survives_kill_9(mariadb: PrivateMariaDB, mariadb_database: Database) -> None:
    mariadb_database.execute("CREATE TABLE t (n INT PRIMARY KEY) ENGINE=InnoDB")
    mariadb_database.execute("INSERT INTO t VALUES (%s)", 7)
    mariadb.kill()
    with pytest.raises(pymysql.err.OperationalError):
        mariadb_database.execute("SELECT 1")
    mariadb.start()
    assert mariadb_database.execute("SELECT n FROM t") == ((7,),)


def test_dropping_does_not_wait_for_an_open_transaction(mariadb: PrivateMariaDB) -> None:
    database = mariadb.create_database("left_open")
    database.execute("CREATE TABLE t (n INT PRIMARY KEY) ENGINE=InnoDB")
    connection = database.connect()
    connection.cursor().execute("SELECT * FROM t")
    mariadb.drop_database("left_open")
    connection.close()
    with mariadb.root_connection() as root, root.cursor() as cursor:
        assert cursor.execute("SHOW DATABASES LIKE 'left_open'") == 0


def test_scripts_run_as_in_a_mysql_client(mariadb_database: Database) -> None:
    mariadb_database.run_script("CREATE TABLE t (n INT);\nINSERT INTO t VALUES (1), (2); -- two\n")
    assert mariadb_database.execute("SELECT COUNT(*) FROM t") == ((2,),)


def test_nothing_is_left_when_the_test_run_is_killed() -> None:
    run = subprocess.Popen(
        [
            sys.executable,
            "-c",
            LEAVES_A_SERVER_BEHIND,
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    with run:
        assert run.stdout is not None
        pid, folder = run.stdout.readline().split()
        run.kill()
    wait_until(lambda: not Path(folder).exists(), what="the folder to be removed")
    assert not alive(int(pid))
