"""The configuration file: who may read it."""

from __future__ import annotations

import pwd
import stat
from typing import Final

from bridge.diagnosis.findings import Check, Verdict, failed, ok, warning
from bridge.diagnosis.installation import Installation
from bridge.diagnosis.untestable import Untestable

_PHP: Final = frozenset({"www-data", "apache", "httpd", "nginx", "http", "wwwrun", "nobody"})
"""Users that a shop's PHP commonly runs as. Who can read the file can refund."""


def _loads(installation: Installation) -> Verdict:
    return ok(str(installation.config or "settings of the environment"))


LOADS: Final = Check("config.loads", "the configuration can be worked with", _loads)
"""Fails before an installation can be made of it: then it is the only line."""


def _file(installation: Installation) -> Verdict:
    path = installation.config
    if path is None:
        raise Untestable("there is no file: all settings come from the environment")
    found = path.stat()
    mode, owner = stat.S_IMODE(found.st_mode), _name(found.st_uid)
    seen = f"{path} belongs to {owner}, mode {mode:04o}"
    if mode & 0o007:
        return failed(seen, f"it holds passwords, and everybody may read or change it: chmod 0600 {path}")
    if mode & 0o070:
        return warning(seen, f"it holds passwords; its group can do without: chmod 0600 {path}")
    if owner in _PHP:
        return failed(seen, f"it holds the admin's token, and the shop's PHP can read it: chown root {path}")
    return ok(seen)


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


CHECKS = (
    LOADS,
    Check("config.file", "the configuration file is nobody else's", _file),
)
