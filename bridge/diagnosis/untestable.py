"""The reason for which a check could not be made."""

from __future__ import annotations


class Untestable(Exception):
    """Something that the check needs is not there; the message says what, in words for the report."""


class NoAddress(Untestable):
    """The shop names no address of its own."""
