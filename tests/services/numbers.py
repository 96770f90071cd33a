"""Rows out of nothing, on MariaDB and on MySQL."""

from __future__ import annotations


def numbers(first: int, last: int) -> str:
    """What stands after FROM, with the column `seq`: each number from `first` to `last` once, ascending."""
    array = f"CONCAT('[0', REPEAT(',0', {last - first}), ']')"
    table = f"JSON_TABLE({array}, '$[*]' COLUMNS (place FOR ORDINALITY)) AS numbered"
    return f"(SELECT place + {first - 1} AS seq FROM {table}) AS numbers"
