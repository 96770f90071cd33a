"""The locks: the directory of the files, PHP's view of it, and Redis where that is the backend."""

from __future__ import annotations

import fcntl
import os
import secrets
from pathlib import Path
from typing import Any, Final

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from bridge.adapters.lock_files import lock_file_name, open_lock_file
from bridge.diagnosis.findings import Check, Verdict, failed, ok, warning
from bridge.diagnosis.host import units_with_private_tmp
from bridge.diagnosis.installation import Installation
from bridge.diagnosis.untestable import Untestable
from bridge.domain.errors import LockBackendDown

REDIS: Final = 6
"""The oldest major version that is tried."""

_TEMPORARY: Final = (Path("/tmp"), Path("/var/tmp"))  # noqa: S108  (looked at, not written to)


def _directory(installation: Installation) -> Verdict:
    directory = _of_files(installation)
    file = directory / lock_file_name(f"molbridge-doctor-{secrets.token_hex(8)}")
    try:
        descriptor = open_lock_file(file)
    except LockBackendDown as error:
        return failed(str(error), "make it, for PHP's user and the sidecar's: docs/how-to/run-as-a-service.md")
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return failed(f"{directory}: {error.strerror}", "name a directory on a local disk in locks.directory")
    finally:
        file.unlink(missing_ok=True)
        os.close(descriptor)
    return ok(f"{directory} can be written, files in it can be locked")


def _private_tmp(installation: Installation) -> Verdict:
    directory = _of_files(installation)
    units = units_with_private_tmp(installation.systemctl)
    in_temporary = any(directory == top or top in directory.parents for top in _TEMPORARY)
    if not in_temporary:
        return ok(f"{directory} is not under /tmp: PrivateTmp does not matter")
    if not units:
        return ok("no running unit of PHP has a /tmp of its own")
    return warning(
        f"{', '.join(units)}: PrivateTmp=yes, and the lock files are in {directory}",
        "PHP sees another directory there: set locks.directory, here and on the module's page, to "
        "/run/lock/mollie-bridge (docs/how-to/run-as-a-service.md)",
    )


def _of_files(installation: Installation) -> Path:
    locks = installation.settings.locks
    if locks.backend != "flock":
        raise Untestable(f"the lock backend is {locks.backend}")
    return locks.directory


# Redis


def _redis(installation: Installation) -> Verdict:
    try:
        told = _ask_redis(installation)
    except redis.AuthenticationError:
        return failed("Redis refuses the password", "put right locks.redis_url")
    except redis.RedisError as error:
        return failed(f"Redis does not answer ({type(error).__name__})", "start it, or put right locks.redis_url")
    version = str(told.get("redis_version", "?"))
    if version.partition(".")[0].isdigit() and int(version.partition(".")[0]) < REDIS:
        return failed(f"Redis {version}", f"the bridge needs Redis {REDIS} or newer")
    if told.get("role") == "slave":
        return failed(f"Redis {version}, a replica", "locks are written: name the primary in locks.redis_url")
    return ok(f"Redis {version}")


def _eviction(installation: Installation) -> Verdict:
    policy = str(_known_redis(installation).get("maxmemory_policy", ""))
    if not policy:
        raise Untestable("Redis does not tell its maxmemory-policy")
    if policy == "noeviction":
        return ok("maxmemory-policy is noeviction")
    return warning(f"maxmemory-policy is {policy}", "a full Redis throws locks away: set maxmemory-policy noeviction")


def _persistence(installation: Installation) -> Verdict:
    told = _known_redis(installation)
    if told.get("aof_enabled") == 1:
        return ok("appendonly is on")
    saves = told.get("save")
    if saves is None:
        raise Untestable("Redis does not tell whether it saves")
    if saves:
        return ok(f"appendonly is off, snapshots are on (save {saves})")
    return warning(
        "neither appendonly nor save",
        "a restart of Redis forgets who works on which cart (the database still decides): set appendonly yes",
    )


def _known_redis(installation: Installation) -> dict[str, Any]:
    try:
        return _ask_redis(installation)
    except redis.RedisError as error:
        raise Untestable("Redis does not answer") from error


def _ask_redis(installation: Installation) -> dict[str, Any]:
    locks = installation.settings.locks
    if locks.backend != "redis" or locks.redis_url is None:
        raise Untestable(f"the lock backend is {locks.backend}")
    kept = installation.kept.get("redis")
    if isinstance(kept, dict):
        return kept
    url = locks.redis_url.get_secret_value()
    # One try: by itself the client tries for seconds, even with a wrong password.
    once = Retry(NoBackoff(), 0)
    with redis.Redis.from_url(
        url, socket_timeout=3, socket_connect_timeout=3, retry=once, decode_responses=True
    ) as client:
        told: dict[str, Any] = dict(client.info())
        try:
            told["save"] = client.config_get("save").get("save")
        except redis.ResponseError:
            # A hosted Redis often keeps CONFIG to itself.
            told["save"] = None
    installation.kept["redis"] = told
    return told


CHECKS = (
    Check("locks.directory", "lock files can be made and locked", _directory),
    Check("locks.private_tmp", "systemd gives PHP no /tmp of its own", _private_tmp),
    Check("redis.reachable", "Redis answers and is new enough", _redis),
    Check("redis.eviction", "Redis throws no lock away", _eviction),
    Check("redis.persistence", "Redis keeps its locks over a restart", _persistence),
)
