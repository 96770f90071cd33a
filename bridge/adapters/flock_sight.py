"""Who holds the lock files of a directory, as the kernel tells it in /proc/locks (Linux; elsewhere nobody is seen)."""

from __future__ import annotations

import contextlib
import os
import re
from pathlib import Path

from bridge.adapters.lock_files import key_of

_PROC = Path("/proc")
_ESCAPED = re.compile(r"\\([0-7]{3})")
"""White space and backslashes in mountinfo's paths."""


def holders_by_file(directory: Path) -> dict[str, tuple[str, int]]:
    """The locked files of the directory: name -> (readable part of the key, process id of the holder).

    Processes of another PID namespace (a container's) are not shown by the kernel.
    """
    holders = _holders_by_inode()
    if not holders:
        return {}
    device = _device_of(directory)
    found: dict[str, tuple[str, int]] = {}
    with contextlib.suppress(OSError), os.scandir(directory) as entries:
        for entry in entries:
            key, pid = key_of(entry.name), holders.get((device, entry.inode()))
            if key is not None and pid is not None:
                found[entry.name] = (key, pid)
    return found


def process_name(pid: int) -> str:
    """`pid 123 (php-fpm)`; without the name where it may not be read (hidepid) or the process is gone."""
    try:
        return f"pid {pid} ({(_PROC / str(pid) / 'comm').read_text().strip()})"
    except OSError:
        return f"pid {pid}"


def _holders_by_inode() -> dict[tuple[str, int], int]:
    """(device as `major:minor`, inode) -> process id, of every flock that is held on this host.

    A line reads `1: FLOCK  ADVISORY  WRITE 16208 fe:00:2147728 0 EOF`; who waits has `->` before FLOCK (proc(5)).
    """
    try:
        lines = (_PROC / "locks").read_text().splitlines()
    except OSError:
        return {}
    holders = {}
    for line in lines:
        fields = line.split()
        if len(fields) >= 6 and fields[1] == "FLOCK":
            major, minor, inode = fields[5].split(":")
            holders[f"{int(major, 16)}:{int(minor, 16)}", int(inode)] = int(fields[4])
    return holders


def _device_of(directory: Path) -> str:
    """The device of the directory's file system as the kernel prints it with locks.

    stat(2) is asked only where no mount is shown (in a chroot): on btrfs it answers with a subvolume's own number.
    """
    here = directory.resolve()
    device, depth = "", -1
    with contextlib.suppress(OSError):
        for line in (_PROC / "self/mountinfo").read_text().splitlines():
            fields = line.split()
            mount = Path(_ESCAPED.sub(lambda octal: chr(int(octal[1], 8)), fields[4]))
            if here.is_relative_to(mount) and len(mount.parts) >= depth:
                device, depth = fields[2], len(mount.parts)
    if device:
        return device
    number = here.stat().st_dev
    return f"{os.major(number)}:{os.minor(number)}"
