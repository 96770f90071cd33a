r"""Lock files as Symfony's FlockStore makes them: the same name, the same mode, never deleted.

Source: `Symfony\Component\Lock\Store\FlockStore` 3.4 to 7.1, method `lock`. A name that differs in one byte would
exclude nobody, so the tests hold it against PHP's own computation.
"""

from __future__ import annotations

import base64
import contextlib
import errno
import hashlib
import os
import re
import stat
import time
from pathlib import Path

from bridge.domain.errors import LockBackendDown

_REPLACED = re.compile(rb"[^A-Za-z0-9._-]+")
_PREFIX, _SUFFIX = "sf.", ".lock"
_DIGEST = 7
_READABLE = 50
_MODE = 0o666
# O_NONBLOCK: somebody may have put a pipe in the file's place, and opening that would wait for its other end.
_FLAGS = os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY
_CHMOD_GRACE = 0.0001
"""Seconds between the tries at a file whose maker has not widened its mode yet; Symfony waits as long."""
_CHMOD_TRIES = 50
"""5 ms in all: the maker needs two system calls, but may lose the processor between them."""


def lock_file_name(key: str) -> str:
    """The name of the file that stands for `key`.

    `webhook-cart-123` gives `sf.webhook-cart-123.6LaH_+s.lock`. Every run of bytes other than ASCII letters, digits,
    `.`, `_` and `-` becomes one `-`, the first 50 bytes are kept, and the digest tells apart what that makes equal.
    """
    raw = key.encode()
    readable = _REPLACED.sub(b"-", raw)[:_READABLE].decode()
    digest = base64.b64encode(hashlib.sha256(raw).digest())[:_DIGEST].decode().replace("/", "_")
    return f"{_PREFIX}{readable}.{digest}{_SUFFIX}"


def key_of(file_name: str) -> str | None:
    """The key's readable part in a lock file's name; None when the name is not a lock file's.

    It is the key itself for keys of up to 50 plain characters, which the bridge's own keys are.
    """
    if not (file_name.startswith(_PREFIX) and file_name.endswith(_SUFFIX)):
        return None
    readable, dot, digest = file_name[len(_PREFIX) : -len(_SUFFIX)].rpartition(".")
    return readable if dot and len(digest) == _DIGEST else None


def open_lock_file(path: Path) -> int:
    """Open the lock file, making it where it is missing, and answer its descriptor; the caller closes it.

    Raises `LockBackendDown`, saying what to change, when the directory is missing or not writable, or when the file is
    a symbolic link or no plain file at all.
    """
    try:
        descriptor = _open(path)
    except OSError as error:
        raise LockBackendDown(_explain(path, error)) from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise LockBackendDown(f"the lock file {path} is not a plain file: remove it")
    return descriptor


def still_named(descriptor: int) -> bool:
    """Whether the file still has a name.

    A cleaner of temporary files may have removed it between our opening and our locking it: then the next contender
    makes and locks another file, and both would hold "the" lock.
    """
    return os.fstat(descriptor).st_nlink > 0


def _open(path: Path) -> int:
    # Without O_CREAT first: with fs.protected_regular Linux refuses O_CREAT on another user's file in a sticky
    # directory that others may write to (such as /tmp), even to root, and a cart's file is mostly made by PHP's user.
    with contextlib.suppress(FileNotFoundError):
        return _open_existing(path)
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | _FLAGS, _MODE)
    except FileExistsError:
        return _open_when_widened(path)
    # The umask must not keep the shop's user out.
    os.fchmod(descriptor, _MODE)
    return descriptor


def _open_existing(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | _FLAGS)
    except PermissionError:
        return os.open(path, os.O_RDONLY | _FLAGS)  # enough for flock(2)


def _open_when_widened(path: Path) -> int:
    # Somebody else made the file a moment ago and may not have come to his chmod yet.
    for _ in range(_CHMOD_TRIES):
        with contextlib.suppress(PermissionError):
            return _open_existing(path)
        time.sleep(_CHMOD_GRACE)
    return _open_existing(path)


def _explain(path: Path, error: OSError) -> str:
    directory = path.parent
    match error.errno:
        case errno.ENOENT | errno.ENOTDIR:
            return f"the lock directory {directory} does not exist"
        case errno.ELOOP:
            return f"the lock file {path} is a symbolic link: remove it"
        case errno.EACCES | errno.EPERM | errno.EROFS if not os.access(directory, os.W_OK | os.X_OK):
            return f"the lock directory {directory} is not writable for user {os.geteuid()}"
        case errno.EACCES | errno.EPERM:
            return f"the lock file {path} may not be opened by user {os.geteuid()}: it needs mode 0666"
        case _:
            return f"the lock file {path} can not be opened: {error.strerror}"
