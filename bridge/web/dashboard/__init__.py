"""The merchant's page: what needs a person, and the figures of the last days, as plots and as tables."""

from bridge.web.dashboard.door import Door
from bridge.web.dashboard.site import dashboard_pages

__all__ = ["Door", "dashboard_pages"]
