"""The shim's parts: their PHPUnit tests, their style, and the lock file against the bridge's own lock."""

from __future__ import annotations

import subprocess
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from bridge.adapters.clock import SystemClock
from bridge.adapters.flock_locks import FlockCartLocks
from tests.services.php import run_php, start_php
from tests.services.process import program

pytestmark = pytest.mark.php

ROOT = Path(__file__).parents[2]
MODULE = ROOT / "ps_module_shim" / "molliebridge"
SUITE = Path(__file__).parent / "phpunit"
KEY = "webhook-cart-42"

LOCK = f"""
define('_PS_VERSION_', '9.1.4');
require '{MODULE}/autoload.php';
$lock = new MollieBridge\\FileLock($argv[1], MollieBridge\\FileLock::cartKey(42), new MollieBridge\\SystemClock());
echo $lock->acquire((float) $argv[2]), "\\n";
"""
HOLD = LOCK + "fflush(STDOUT); fgets(STDIN);"


@pytest.mark.req("B1")
def test_every_part_does_what_its_tests_say(tmp_path: Path) -> None:
    report = tmp_path / "report.xml"
    command = [program("phpunit", "phpunit"), "-c", str(SUITE / "phpunit.xml"), "--log-junit", str(report)]

    run = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)

    assert run.returncode == 0, run.stdout[-4000:] + run.stderr[-2000:]
    ran = {case.attrib["class"].rpartition("\\")[2] for case in ET.parse(report).iter("testcase")}
    assert ran == {file.stem for file in SUITE.glob("*Test.php")}


def test_every_file_is_in_the_houses_style() -> None:
    command = [program("phpcs", "php-codesniffer"), f"--standard={ROOT / 'ps_module_shim' / 'phpcs.xml'}", "-q"]

    run = subprocess.run([*command, str(MODULE), str(SUITE)], capture_output=True, text=True, timeout=120, check=False)

    assert run.returncode == 0, run.stdout[-4000:]


@pytest.mark.req("P7")
def test_the_bridges_lock_keeps_the_shim_away(tmp_path: Path) -> None:
    locks = FlockCartLocks(tmp_path, SystemClock())
    grant = locks.acquire(KEY, timeout=1.0, lifetime=60.0, purpose="test")
    assert grant is not None

    assert run_php(LOCK, str(tmp_path), "0.05").output.strip() == "held"
    locks.release(KEY, grant.token)
    assert run_php(LOCK, str(tmp_path), "0").output.strip() == "taken"
    locks.close()


@pytest.mark.req("P7")
def test_the_shims_lock_keeps_the_bridge_away_until_its_process_ends(tmp_path: Path) -> None:
    locks = FlockCartLocks(tmp_path, SystemClock())
    with start_php(HOLD, str(tmp_path), "0") as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline().strip() == "taken"

        assert locks.acquire(KEY, timeout=0.05, lifetime=60.0, purpose="test") is None
        holder.kill()
    grant = locks.acquire(KEY, timeout=5.0, lifetime=60.0, purpose="test")
    assert grant is not None
    locks.release(KEY, grant.token)
    locks.close()


def test_a_file_that_the_bridge_made_is_the_shims_lock_file(tmp_path: Path) -> None:
    locks = FlockCartLocks(tmp_path, SystemClock())
    grant = locks.acquire(KEY, timeout=1.0, lifetime=60.0, purpose="test")
    assert grant is not None
    locks.release(KEY, grant.token)
    locks.close()

    run_php(LOCK, str(tmp_path), "0")

    assert len(list(tmp_path.iterdir())) == 1
