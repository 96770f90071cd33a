"""How long a server works on one statement, where the two of them call that by different names."""

from __future__ import annotations

from pymysql.cursors import Cursor


def limit_statement_time(cursor: Cursor, seconds: int) -> None:
    """Have the server give up on each statement of this session after so long.

    MariaDB's `max_statement_time` is in seconds, MySQL's `max_execution_time` in milliseconds.
    """
    cursor.execute("SELECT VERSION()")
    (version,) = cursor.fetchone() or ("",)
    if "mariadb" in str(version).lower():
        cursor.execute(f"SET SESSION max_statement_time = {seconds}")
    else:
        cursor.execute(f"SET SESSION max_execution_time = {seconds * 1000}")
