"""Telling the merchant: one way on which notices leave."""

from __future__ import annotations

from typing import Protocol

from bridge.domain.notices import Notice


class Notifier(Protocol):
    """Carries notices to one receiver; at least once, so the receiver may see a repeat of the same id."""

    @property
    def channel(self) -> str:
        """The way's name, such as `webhook` or `mail`: what `Notice.channel` holds."""
        ...

    def send(self, notice: Notice) -> None:
        """Deliver it, within a time of the notifier's own; returning means that the receiver has it.

        Raises `NotifyDown` when it was not delivered, or not surely, and a repeat makes sense, and `NotifyRefused` when
        the receiver said a permanent no to this notice.
        """
        ...

    def close(self) -> None:
        """Wait for what is being sent; each sending ends with its time-out."""
        ...
