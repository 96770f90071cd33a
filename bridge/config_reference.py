"""Renders `docs/reference/settings.md`, so that no setting is undocumented: `python -m bridge.config_reference`."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from bridge.config import Settings

HEAD = """\
# Settings

Made from the program by `python -m bridge.config_reference > docs/reference/settings.md`; a test holds the two
together.

The program reads one TOML file, named by `--config` or the variable `MOLLIE_BRIDGE_CONFIG`, and the environment, which
wins: `MOLLIE_BRIDGE_GATE__PENDING_LIMIT=900` is `pending_limit` of the section `gate`. `config.example.toml` is a file
to begin with. It holds secrets: keep it readable for the service's user alone.

Unknown names, values out of range and settings that do not fit together are refused at the start with one line each
and exit status 2:

- `server.processes` above 1 needs `locks.backend = "redis"`: a file lock belongs to one process.
- `locks.backend = "redis"` needs `locks.redis_url`.
- `webhooks.shop_timeout` must be less than `locks.lifetime`: the lease must outlive the work that is done under it.
- `auth.shop_token` and `auth.admin_token` must differ.
- `database.read_timeout` must be longer than the 2 s for which a row is waited.
"""


def render() -> str:
    """The whole page."""
    return "\n".join([HEAD, *(_section(name, field) for name, field in Settings.model_fields.items())])


def _section(name: str, field: FieldInfo) -> str:
    model = field.annotation
    if not (isinstance(model, type) and issubclass(model, BaseModel)):
        raise TypeError(f"{name} is not a section")
    schema = model.model_json_schema()
    lines = [f"## {name}", "", (model.__doc__ or "").strip(), "", "| setting | default | values | what it is |"]
    lines.append("|---|---|---|---|")
    for key, setting in model.model_fields.items():
        allowed = _allowed(schema["properties"][key], schema.get("$defs", {}))
        lines.append(f"| `{key}` | {_default(setting)} | {allowed} | {setting.description} |")
    return "\n".join(lines) + "\n"


def _default(setting: FieldInfo) -> str:
    if setting.is_required():
        return "must be set"
    match setting.default:
        case None | ():
            return "none"
        case Path():
            return "the system's temporary directory"
        case Enum() as chosen:
            return f"`{chosen.value}`"
        case value:
            return f"`{json.dumps(value)}`" if not isinstance(value, str) else f"`{value}`"


def _allowed(schema: Mapping[str, Any], shared: Mapping[str, Any]) -> str:
    """The values that the schema allows, in words."""
    if "$ref" in schema:
        schema = {**shared[schema["$ref"].rpartition("/")[2]], **schema}
    if "anyOf" in schema:
        schema = {**schema["anyOf"][0], **schema}
    match schema:
        case {"enum": [*choices]}:
            return ", ".join(f"`{choice}`" for choice in choices)
        case {"type": "integer", "minimum": least, "maximum": most}:
            return f"whole number, {least} to {most}"
        case {"type": "number", "exclusiveMinimum": least, "maximum": most}:
            return f"number above {least:g}, at most {most:g}"
        case {"minLength": least, "maxLength": most}:
            return f"text, {least} to {most} characters"
        case {"pattern": pattern}:
            return f"text, `{pattern}`"
        case {"type": "array"}:
            return "list of texts"
        case {"format": "path"}:
            return "path"
        case _:
            return _PLAIN.get(str(schema.get("type")), "text")


_PLAIN = {"boolean": "`true`, `false`"}


if __name__ == "__main__":
    sys.stdout.write(render())
