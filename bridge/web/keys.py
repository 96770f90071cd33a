"""Idempotency keys: where they stand in a request, and the fingerprint of what came with them."""

from __future__ import annotations

import hashlib
import json
import re
from typing import Final

from flask import request
from pydantic import BaseModel

from bridge.web import kinds
from bridge.web.problems import FieldFault, Problem, Refused, refused

HEADERS: Final = ("Idempotency-Key", "X-Idempotency-Key")

_KEY: Final = re.compile(r"[\x21-\x2b\x2d-\x7e]{1,255}")
"""Visible ASCII without the comma: servers join headers of one name with it, so it tells two keys from one."""


def read_key(in_body: str | None) -> str:
    """The request's idempotency key: from either header or the body, the same wherever it stands twice."""
    values = [value for header in HEADERS if (value := request.headers.get(header)) is not None]
    found = {_bare(one.strip()) for value in values for one in value.split(",")}
    found |= {in_body} if in_body is not None else set()
    if not found:
        raise refused(kinds.KEY_MISSING)
    if len(found) > 1:
        raise refused(kinds.KEYS_DIFFER)
    (key,) = found
    if not _KEY.fullmatch(key):
        reason = "must have 1 to 255 visible ASCII characters and no comma, as a UUID has"
        fault = FieldFault(field="idempotency_key", reason=reason)
        raise Refused(Problem(kind=kinds.INVALID, detail=f"idempotency_key {reason}", faults=(fault,)))
    return key


def _bare(header: str) -> str:
    """The header without quotes: the IETF's draft writes a string in them, most callers do not."""
    return header[1:-1] if len(header) > 2 and header[0] == header[-1] == '"' else header


def fingerprint_of(body: BaseModel, **normal: str) -> str:
    """A hash of all that the body asks for but its key.

    `normal` replaces fields by their one normal form: 14.4 and 14.40 are the same request.
    """
    asked = body.model_dump(exclude={"idempotency_key"}, exclude_none=True) | normal
    return hashlib.sha256(json.dumps(asked, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
