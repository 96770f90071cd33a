"""The ledger in a SQL database: `bridge.ports.ledger` on SQLAlchemy Core."""

from bridge.adapters.ledger.engine import create_engine
from bridge.adapters.ledger.ledger import SqlLedger

__all__ = ["SqlLedger", "create_engine"]
