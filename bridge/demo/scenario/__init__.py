"""The timeline T+0 s to T+60 s of one cart, played without the bridge and with it."""

from bridge.demo.scenario.acts import ACTS, LOST_WEBHOOK, THREE_TABS, TWO_OPEN_PAGES, Act
from bridge.demo.scenario.outcome import Outcome, PaymentFact, read_outcome
from bridge.demo.scenario.play import SCALE, Played, Way, play
from bridge.demo.scenario.table import demo_console, table_of

__all__ = [
    "ACTS",
    "LOST_WEBHOOK",
    "SCALE",
    "THREE_TABS",
    "TWO_OPEN_PAGES",
    "Act",
    "Outcome",
    "PaymentFact",
    "Played",
    "Way",
    "demo_console",
    "play",
    "read_outcome",
    "table_of",
]
