"""Reading requests: JSON bodies with exact numbers, and validation errors put into words."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any, Final, NoReturn

from flask import Request
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from bridge.web import kinds
from bridge.web.problems import FieldFault, Problem, Refused, refused

SHOWN: Final = 10
"""Faults that one answer names; who made more is sending something else altogether."""

LONGEST_NAME: Final = 80
"""Characters of a field's path that are repeated: an unknown field's name is the caller's own text."""


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


_DECODER: Final = json.JSONDecoder(parse_float=Decimal, parse_constant=_refuse_constant)
"""Fractions become Decimals, to the letter; NaN and Infinity are Python's and not JSON's."""


class JsonRequest(Request):
    """A request whose body is a JSON object, or is refused."""

    def get_json(self, force: bool = False, silent: bool = False, cache: bool = True) -> Any:  # noqa: FBT001, FBT002
        """The body; an empty one is an empty object, so that what is missing gets named.

        It raises even when asked to be `silent`, as flask-openapi3 does, which would take broken JSON for null.
        """
        content = self.get_data()
        if self._was_cut(content):
            raise refused(kinds.TOO_LARGE)
        if not content:
            return {}
        if not self.is_json:
            raise refused(kinds.UNSUPPORTED)
        try:
            body = _DECODER.decode(content.decode("utf-8"))
        except UnicodeDecodeError:
            raise refused(kinds.MALFORMED, "The body is not UTF-8") from None
        except json.JSONDecodeError as error:
            where = f"line {error.lineno}, column {error.colno}"
            raise refused(kinds.MALFORMED, f"The body is not JSON: {error.msg} at {where}") from None
        except (ValueError, RecursionError):
            raise refused(kinds.MALFORMED, "The body is not JSON that can be read: NaN, too long or too deep") from None
        if not isinstance(body, dict):
            raise refused(kinds.MALFORMED, "The body must be a JSON object")
        return body

    def _was_cut(self, content: bytes) -> bool:
        """Whether there may have been more: Werkzeug reads a body without Content-Length up to the limit and stops."""
        limit = self.max_content_length
        return self.content_length is None and limit is not None and len(content) >= limit


def refuse_invalid(error: ValidationError) -> NoReturn:
    """Turn a validation error into a problem that names each field and what to change.

    Malformed (400) when anything is missing, unknown or of the wrong type, else invalid (422).
    """
    found = error.errors(include_url=False, include_context=True, include_input=False)[:SHOWN]
    faults = tuple(FieldFault(field=_path(fault), reason=_reason(fault)) for fault in found)
    kind = kinds.MALFORMED if any(_is_malformed(fault["type"]) for fault in found) else kinds.INVALID
    detail = "; ".join(f"{fault.field} {fault.reason}" for fault in faults)
    raise Refused(Problem(kind=kind, detail=detail, faults=faults)) from None


def _is_malformed(error_type: str) -> bool:
    return error_type in ("missing", "extra_forbidden", "string_unicode") or error_type.endswith(("_type", "_parsing"))


def _path(fault: ErrorDetails) -> str:
    path = ".".join(str(part) for part in fault["loc"])
    return "".join(c if c.isprintable() else "?" for c in path[:LONGEST_NAME]) or "body"


_REASONS: Final = {
    "missing": "is missing",
    "extra_forbidden": "is not a field of this request",
    "int_type": "must be a whole number, not in quotes",
    "int_parsing": "must be a whole number",
    "int_parsing_size": "must be a whole number of at most 10 digits",
    "string_type": "must be a string",
    "string_unicode": "must be valid Unicode text",
    "model_type": "must be an object",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "string_too_short": "must have at least {min_length} character",
    "string_too_long": "must have at most {max_length} characters",
    "literal_error": "must be {expected}",
}


def _reason(fault: ErrorDetails) -> str:
    """Our own words; a validator's own message where it has one."""
    words = _REASONS.get(fault["type"])
    return words.format(**fault.get("ctx", {})) if words else fault["msg"]
