"""What a report's own file says about it: what a row is, and what to do about one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """Plain sentences; a line that stood indented in the file begins a line of its own."""

    row: str = ""
    todo: str = ""


Advisor = Callable[[str], Advice]
"""The advice of the report with this name; empty where there is none."""
