"""How long a caller waits, by its own word."""

from __future__ import annotations

import pytest
from flask import Flask

from bridge.web.prefer import read_patience


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("wait=2", 2.0),
        ("wait=1.5", 1.5),
        ('respond-async, wait="3"', 3.0),
        ("Wait = 0", 0.0),
        ("", None),
        ("wait=", None),
        ("wait=-1", None),
        ("await=2", None),
        ("return=minimal", None),
    ],
)
def test_the_wait_preference_is_read(header: str, seconds: float | None) -> None:
    with Flask(__name__).test_request_context(headers={"Prefer": header}):
        assert read_patience() == seconds
