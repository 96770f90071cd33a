"""What only the locks on files promise: the files themselves."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from filelock import FileLock, Timeout

from bridge.adapters.clock import SystemClock
from bridge.adapters.flock_locks import FlockCartLocks
from bridge.adapters.lock_files import lock_file_name
from bridge.domain.errors import LockBackendDown
from tests.contract.locks.moves import KEY, LONG, granted, refused, take
from tests.services.waiting import wait_until

ROOT = Path(__file__).parents[3]
NOBODY = 65534

pytestmark = pytest.mark.req("P7")


@pytest.fixture
def public() -> Iterator[Path]:
    """A directory for lock files that other users reach, as /tmp is; pytest's are its user's alone."""
    with tempfile.TemporaryDirectory(prefix="molbridge-locks-") as made:
        Path(made).chmod(0o777)
        yield Path(made)


@pytest.fixture
def public_file(public: Path) -> Path:
    return public / lock_file_name(KEY)


@contextmanager
def umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


def as_nobody(directory: Path, code: str) -> str:
    """What the code prints as a user without rights (ourselves, unless we are root); `acquire` is in the directory."""
    program = (
        "import os, sys; from pathlib import Path\n"
        "from bridge.adapters.clock import SystemClock; from bridge.adapters.flock_locks import FlockCartLocks\n"
        "from bridge.domain.errors import LockBackendDown\n"
        f"if os.geteuid() == 0: os.setgroups([]); os.setgid({NOBODY}); os.setuid({NOBODY})\n"
        "locks = FlockCartLocks(Path(sys.argv[1]), SystemClock())\n"
        "def acquire():\n"
        f"    return locks.acquire({KEY!r}, timeout=0, lifetime=60, purpose='test')\n"
    )
    command = [sys.executable, "-c", program + code, str(directory)]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    return run.stdout.strip()


def test_the_file_is_open_to_everybody_whatever_the_umask(flock_locks: FlockCartLocks, file: Path) -> None:
    with umask(0o077):
        take(flock_locks)

    assert file.stat().st_mode & 0o777 == 0o666


def test_the_file_stays(flock_locks: FlockCartLocks, file: Path) -> None:
    grant = take(flock_locks)
    inode = file.stat().st_ino
    flock_locks.release(KEY, grant.token)
    flock_locks.close()

    assert file.stat().st_ino == inode


def test_a_held_key_has_one_open_file(flock_locks: FlockCartLocks, file: Path, threads: ThreadPoolExecutor) -> None:
    grant = take(flock_locks)
    waiting = [threads.submit(granted, flock_locks, timeout=LONG) for _ in range(3)]
    wait_until(lambda: flock_locks._queue.waiting(KEY) == 3, what="three in line")

    assert [Path(f"/proc/self/fd/{number}").readlink() for number in descriptors()].count(file) == 1

    flock_locks.release(KEY, grant.token)
    flock_locks.close()
    for waiter in waiting:
        waiter.exception()


def test_a_missing_directory_is_named(tmp_path: Path) -> None:
    locks = FlockCartLocks(tmp_path / "gone", SystemClock())

    with pytest.raises(LockBackendDown, match="gone does not exist"):
        take(locks)


def test_a_directory_that_may_not_be_written_to_is_named(public: Path) -> None:
    public.chmod(0o555)

    said = as_nobody(public, "try: acquire()\nexcept LockBackendDown as error: print(error)")

    assert said.startswith(f"the lock directory {public} is not writable for user ")


@pytest.mark.slow
def test_the_file_of_another_user_in_a_sticky_directory_is_shared(public: Path, public_file: Path) -> None:
    public.chmod(0o1777)
    assert as_nobody(public, "print(acquire() is not None)") == "True"
    assert public_file.stat().st_mode & 0o777 == 0o666

    locks = FlockCartLocks(public, SystemClock())
    take(locks)

    assert as_nobody(public, "print(acquire() is not None)") == "False"
    locks.close()


@pytest.mark.slow
def test_a_file_that_is_there_is_not_created_again(public: Path, public_file: Path) -> None:
    """Linux refuses that for another user's file in a sticky directory (fs.protected_regular), even to root."""
    public_file.touch()
    watching = (
        "def watch(event, arguments):\n"
        "    if event == 'open' and str(arguments[0]).endswith('.lock'): print(bool(arguments[2] & os.O_CREAT))\n"
        "sys.addaudithook(watch)\n"
        "assert acquire()"
    )
    public_file.chmod(0o666)

    assert as_nobody(public, watching) == "False"


@pytest.mark.slow
def test_a_file_that_may_only_be_read_is_locked_all_the_same(public: Path, public_file: Path) -> None:
    public_file.touch(mode=0o644)
    public_file.chmod(0o644)

    assert as_nobody(public, "print(acquire() is not None)") == "True"


def test_a_symbolic_link_is_not_followed(flock_locks: FlockCartLocks, file: Path, tmp_path: Path) -> None:
    file.symlink_to(tmp_path / "elsewhere")

    with pytest.raises(LockBackendDown, match="symbolic link"):
        take(flock_locks)
    assert not (tmp_path / "elsewhere").exists()


def test_a_pipe_in_the_files_place_is_refused(flock_locks: FlockCartLocks, file: Path) -> None:
    os.mkfifo(file)

    with pytest.raises(LockBackendDown, match="not a plain file"):
        take(flock_locks)


def test_after_a_fault_the_lock_can_be_had(flock_locks: FlockCartLocks, file: Path) -> None:
    os.mkfifo(file)
    with pytest.raises(LockBackendDown):
        take(flock_locks)
    file.unlink()

    assert granted(flock_locks)


def test_filelock_and_we_exclude_each_other(flock_locks: FlockCartLocks, file: Path) -> None:
    theirs = FileLock(file, fallback_to_soft=False, mode=0o666)
    with theirs:
        assert refused(flock_locks)
    take(flock_locks)

    with pytest.raises(Timeout):
        theirs.acquire(timeout=0)


def test_a_child_process_does_not_keep_the_lock(flock_locks: FlockCartLocks, directory: Path) -> None:
    grant = take(flock_locks)
    # As a child between fork and exec has it: every open file is shared.
    child = subprocess.Popen(["sleep", "60"], pass_fds=descriptors())
    try:
        flock_locks.release(KEY, grant.token)

        assert granted(FlockCartLocks(directory, SystemClock()))
    finally:
        child.kill()
        child.wait()


def test_another_directory_excludes_nobody(flock_locks: FlockCartLocks, tmp_path: Path) -> None:
    """What systemd's PrivateTmp does to two services that believe they share /tmp."""
    take(flock_locks)
    elsewhere = FlockCartLocks(tmp_path, SystemClock())

    assert granted(elsewhere)
    elsewhere.close()


def descriptors() -> list[int]:
    """The numbers of this process's open files, without that of the look itself."""
    return [int(link.name) for link in list(Path("/proc/self/fd").iterdir()) if link.exists()]
