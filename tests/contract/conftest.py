"""Fixtures of the contract suites: one parameter for each implementation of a port."""

from tests.contract.figures_backends import counted
from tests.contract.ledger_backends import ledger
from tests.contract.shop_backends import mariadb_engine, mariadb_rig, sqlite_rig

__all__ = ["counted", "ledger", "mariadb_engine", "mariadb_rig", "sqlite_rig"]
