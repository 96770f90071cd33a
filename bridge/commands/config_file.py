"""The configuration file as `init` makes and changes it: each line that is not meant stays, byte for byte."""

from __future__ import annotations

import json
import os
import re
import tomllib
from pathlib import Path
from typing import Any, Final

from bridge.config import load_settings
from bridge.domain.errors import ConfigurationError

MODE: Final = 0o600


def set_value(text: str, section: str, name: str, value: str) -> str:
    """The file's text with one setting changed; a line that shows the default is put into use.

    Raises `ConfigurationError` when the text is written in a way that can not be changed line by line.
    """
    lines = text.splitlines(keepends=True)
    start = next((n for n, line in enumerate(lines) if re.match(rf"\[{re.escape(section)}\]\s*(#.*)?$", line)), None)
    written = f"{name} = {json.dumps(value, ensure_ascii=False)}\n"
    if start is None:
        lines += [f"\n[{section}]\n", written]
    else:
        end = next((n for n in range(start + 1, len(lines)) if lines[n].startswith("[")), len(lines))
        own = [n for n in range(start + 1, end) if re.match(rf"{re.escape(name)}\s*=", lines[n])]
        shown = [n for n in range(start + 1, end) if re.match(rf"# {re.escape(name)} =", lines[n])]
        if own or shown:
            lines[(own or shown)[0]] = written
        else:
            lines.insert(start + 1, written)
    changed = "".join(lines)
    _check_change(text, changed, section, name, value)
    return changed


def _check_change(before: str, after: str, section: str, name: str, value: str) -> None:
    wanted = tomllib.loads(before)
    wanted.setdefault(section, {})[name] = value
    try:
        found = tomllib.loads(after)
    except tomllib.TOMLDecodeError:
        found = None
    if found != wanted:
        raise ConfigurationError([f"{section}.{name} can not be changed in that file: change it by hand"])


def read_values(path: Path) -> dict[str, Any] | None:
    """What the file says; None when there is none. Raises `ConfigurationError`."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ConfigurationError([f"{path} can not be read: {error.strerror}"]) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError([f"{path} is not valid TOML ({error}): put it right, or move it away"]) from error


def prepare_folder(path: Path) -> None:
    """Make the folder of the file where it is missing. Raises `ConfigurationError` when it can not be written."""
    try:
        path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError([f"{path.parent} can not be made: {error.strerror}"]) from error
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise ConfigurationError([f"{path.parent} can not be written by this user"])


def write(path: Path, text: str) -> None:
    """Put the file in its place whole or not at all, mode 0600, its owner kept. Raises `ConfigurationError`.

    It is written beside its place first and looked at as the program will: a configuration that can not work never gets
    there. What a killed run leaves there is readable for nobody else, and the next run removes it.
    """
    place = path.resolve()
    fresh = place.with_name(f".{place.name}.new")
    try:
        fresh.unlink(missing_ok=True)
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, MODE)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            if place.exists():
                owner = place.stat()
                os.fchown(file.fileno(), owner.st_uid, owner.st_gid)
            os.fchmod(file.fileno(), MODE)
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        load_settings(fresh)
        fresh.replace(place)
        _sync(place.parent)
    except OSError as error:
        raise ConfigurationError([f"{path} can not be written: {error.strerror}"]) from error
    finally:
        fresh.unlink(missing_ok=True)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
