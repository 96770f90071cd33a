"""The configuration file: who may read it."""

from __future__ import annotations

import pwd
import stat

from bridge.diagnosis.findings import Check, Verdict, failed, ok, warning
from bridge.diagnosis.installation import Installation
from bridge.diagnosis.untestable import Untestable


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
    return ok(seen)


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


CHECKS = (Check("config.file", "the configuration file is nobody else's", _file),)
