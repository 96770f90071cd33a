"""What of this host the checks look at: the units of systemd that run PHP, and PHP's own settings."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Final

from bridge.diagnosis.untestable import Untestable

UNITS: Final = ("php*-fpm.service", "php-fpm.service", "apache2.service", "httpd.service")
"""Units that run a shop's PHP."""

PHP_SETTINGS: Final = Path("/etc/php")


def units_with_private_tmp(systemctl: str) -> list[str]:
    """The running units whose PHP has a /tmp of its own. Raises `Untestable` where systemd can not be asked."""
    command = [systemctl, "show", "--property=Id,PrivateTmp,ActiveState", *UNITS]
    try:
        told = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)  # noqa: S603
    except FileNotFoundError:
        raise Untestable("this host has no systemd") from None
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Untestable(f"systemctl does not answer ({type(error).__name__})") from error
    if told.returncode != 0:
        raise Untestable("systemd does not run on this host")
    found = set()
    for block in told.stdout.split("\n\n"):
        unit = dict(line.partition("=")[::2] for line in block.splitlines())
        if unit.get("PrivateTmp") == "yes" and unit.get("ActiveState") == "active":
            found.add(unit.get("Id", "?"))
    return sorted(found)


def find_php_temp(settings: Path = PHP_SETTINGS) -> Path | None:
    """PHP's temporary directory, where exactly one is named for the web server's PHP; else None: it is /tmp."""
    named = set()
    for pattern, line in (
        ("*/*/php.ini", r"^\s*sys_temp_dir\s*=\s*\"?([^\"\s;]+)"),
        ("*/fpm/pool.d/*.conf", r"^\s*env\[TMPDIR\]\s*=\s*\"?([^\"\s;]+)"),
        ("*/fpm/pool.d/*.conf", r"^\s*php_(?:admin_)?value\[sys_temp_dir\]\s*=\s*\"?([^\"\s;]+)"),
    ):
        for file in settings.glob(pattern):
            if file.parent.name == "cli":
                continue
            try:
                content = file.read_text(encoding="utf-8", errors="replace")
            except OSError:
                continue
            named |= set(re.findall(line, content, re.MULTILINE))
    return Path(named.pop()) if len(named) == 1 else None
