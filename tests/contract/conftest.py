"""Fixtures of the contract suites: one parameter for each implementation of a port."""

from tests.contract.figures_backends import counted
from tests.contract.ledger_backends import ledger

__all__ = ["counted", "ledger"]
