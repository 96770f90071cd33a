"""A way to the merchant that keeps what it is given."""

from __future__ import annotations

from bridge.domain.errors import BridgeError
from bridge.domain.notices import Notice


class FakeNotifier:
    """Implements `Notifier`. `faults` are raised first, one for each call."""

    def __init__(self, channel: str = "webhook") -> None:
        self._channel = channel
        self.sent: list[Notice] = []
        self.faults: list[BridgeError] = []

    @property
    def channel(self) -> str:
        return self._channel

    def send(self, notice: Notice) -> None:
        if self.faults:
            raise self.faults.pop(0)
        self.sent.append(notice)

    def close(self) -> None:
        pass
