"""Identifiers: UUIDv7, so that rows of one time lie together in their index."""

from __future__ import annotations

import uuid_utils


def new_id() -> str:
    """A new UUIDv7 as 36 characters."""
    return str(uuid_utils.uuid7())
