"""Renders `config.example.toml`, so that no setting is undocumented: `python -m bridge.config_example`."""

from __future__ import annotations

import json
import sys
from enum import Enum
from pathlib import Path
from textwrap import wrap

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from bridge.config import Settings

HEAD = """\
# mollie-bridge: every setting with its default. Lines that are commented out show the default; the others must be set.
# Any of them may also come from the environment: MOLLIE_BRIDGE_GATE__PENDING_LIMIT=900 (it wins over this file).
# The file holds secrets: keep it readable for the service's user alone (0600).
"""

REQUIRED = {
    "auth.shop_token": "replace-me-with-64-hex-digits-for-the-shim-0000000000000000000000",
    "auth.admin_token": "replace-me-with-64-hex-digits-for-the-admin-000000000000000000000",
    "database.url": "mysql+pymysql://mollie_bridge:password@127.0.0.1/prestashop?charset=utf8mb4",
}


def render() -> str:
    """The whole file."""
    sections = [_section(name, field) for name, field in Settings.model_fields.items()]
    return "\n".join([HEAD, *sections])


def _section(name: str, field: FieldInfo) -> str:
    model = field.annotation
    if not (isinstance(model, type) and issubclass(model, BaseModel)):
        raise TypeError(f"{name} is not a section")
    lines = [f"# {(model.__doc__ or '').splitlines()[0]}", f"[{name}]"]
    for key, setting in model.model_fields.items():
        lines += [f"# {line}" for line in wrap(setting.description or "", 116)]
        lines.append(_line(name, key, setting))
    return "\n".join(lines) + "\n"


def _line(section: str, key: str, setting: FieldInfo) -> str:
    if setting.is_required():
        return f"{key} = {json.dumps(REQUIRED[f'{section}.{key}'])}"
    return f"# {key} = {_value(setting.default)}"


def _value(value: object) -> str:
    match value:
        case None:
            return '""  (not set)'
        case Enum():
            return json.dumps(value.value)
        case Path():
            return '"/tmp"'
        case tuple():
            return "[]"
        case _:
            return json.dumps(value)


if __name__ == "__main__":
    sys.stdout.write(render())
