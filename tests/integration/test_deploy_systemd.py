"""The files of deploy/systemd: what systemd itself says of them, and that unit, steps and settings fit together."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest

from bridge.config import load_settings
from bridge.config_sections import ServerSettings
from bridge.server import BACKLOG
from tests.services.php import SYMFONY_LOCK, run_php
from tests.services.process import program

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy" / "systemd"
UNIT = DEPLOY / "mollie-bridge.service"
TMPFILES = DEPLOY / "mollie-bridge.tmpfiles"
SYSUSERS = DEPLOY / "mollie-bridge.sysusers"
PAGE = ROOT / "docs" / "how-to" / "run-as-a-service.md"

SYSTEMD_PACKAGE = "systemd"
EXPOSURE = 1.8
"""Of 10, as `systemd-analyze security` counts it; what remains is named in the unit and in the how-to."""


def unit() -> dict[str, list[str]]:
    """The unit's settings, each with its values in order (a name may come more than once)."""
    found: dict[str, list[str]] = defaultdict(list)
    for line in UNIT.read_text().splitlines():
        if "=" in line and not line.startswith("#"):
            name, _, value = line.partition("=")
            found[name].append(value)
    return found


def the(name: str) -> str:
    """The only value of a setting."""
    (value,) = unit()[name]
    return value


def seconds(name: str) -> int:
    return int(the(name).removesuffix("s"))


def lines(file: Path) -> list[list[str]]:
    """The lines of a sysusers or tmpfiles file, in words."""
    return [line.split() for line in file.read_text().splitlines() if line and not line.startswith("#")]


def steps() -> list[str]:
    """The shell blocks of the page that are run as they stand."""
    return re.findall(r"^```bash\n(.*?)^```$", PAGE.read_text(), re.DOTALL | re.MULTILINE)


def ran(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, cwd=ROOT)


# What systemd says


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A root directory with Debian's units, the program where the unit looks for it, and the users Debian has."""
    units = Path("/usr/lib/systemd/system")
    assert units.is_dir(), f"apt-get install {SYSTEMD_PACKAGE}"
    shutil.copytree(units, tmp_path / "usr/lib/systemd/system", symlinks=True)
    for command in ("/opt/mollie-bridge/.venv/bin/mollie-bridge", "/bin/mount", "/bin/kill"):
        file = tmp_path / command.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("#!/bin/sh\n")
        file.chmod(0o755)
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/passwd").write_text(
        f"root:x:0:0::/root:/bin/sh\nwww-data:x:{os.getuid()}:{os.getgid()}::/:/bin/sh\n"
    )
    (tmp_path / "etc/group").write_text(f"root:x:0:\nwww-data:x:{os.getgid()}:\n")
    return tmp_path


def test_systemd_finds_nothing_wrong_with_the_unit(machine: Path) -> None:
    installed = machine / "etc/systemd/system/mollie-bridge.service"
    installed.parent.mkdir(parents=True)
    shutil.copy(UNIT, installed)

    judged = ran(
        program("systemd-analyze", SYSTEMD_PACKAGE), "verify", "--man=no", f"--root={machine}", str(installed.name)
    )

    about_us = [line for line in judged.stderr.splitlines() if "mollie-bridge" in line]
    assert (judged.returncode, about_us) == (0, []), judged.stderr


def test_a_misspelt_setting_would_be_found(machine: Path) -> None:
    installed = machine / "etc/systemd/system/mollie-bridge.service"
    installed.parent.mkdir(parents=True)
    installed.write_text(UNIT.read_text().replace("ProtectSystem=", "ProtectSystems="))

    judged = ran(
        program("systemd-analyze", SYSTEMD_PACKAGE), "verify", "--man=no", f"--root={machine}", str(installed.name)
    )

    assert "ProtectSystems" in judged.stderr


def test_its_exposure_is_what_the_page_says() -> None:
    judged = ran(
        program("systemd-analyze", SYSTEMD_PACKAGE),
        "security",
        "--offline=yes",
        f"--threshold={EXPOSURE * 10:.0f}",
        "--no-pager",
        str(UNIT),
    )

    assert judged.returncode == 0, judged.stdout
    assert f"calls it {EXPOSURE} of 10" in PAGE.read_text()


# The unit and the settings


def test_it_waits_longer_for_the_end_than_the_server_takes() -> None:
    assert the("KillMode") == "mixed"
    assert ServerSettings().stop_within + 5 <= seconds("TimeoutStopSec")
    finishing, killed = f"{ServerSettings().stop_within:g} s", seconds("TimeoutStopSec")
    assert f"`server.stop_within` ({finishing}); systemd kills it after {killed}." in PAGE.read_text()


def test_a_configuration_that_can_not_work_is_not_tried_again(tmp_path: Path) -> None:
    broken = tmp_path / "config.toml"
    broken.write_text("[server]\nbind = 'nonsense'\n")

    refused = ran(sys.executable, "-m", "bridge.cli", "serve", "--config", str(broken))

    assert refused.returncode == int(the("RestartPreventExitStatus")), refused.stderr
    assert the("Restart") == "always"


def test_the_socket_of_the_settings_is_in_the_units_runtime_directory() -> None:
    (path,) = re.findall(r"`unix:(\S+)`", str(ServerSettings.model_fields["bind"].description))

    assert Path(path).parent == Path("/run") / the("RuntimeDirectory")
    assert the("RuntimeDirectoryMode") == "0750"


def test_more_connections_and_threads_fit_than_the_server_can_have() -> None:
    settings = ServerSettings()
    assert int(the("LimitNOFILE")) > 2 * BACKLOG
    assert int(the("TasksMax")) > 2 * (settings.threads + settings.webhook_threads)


# The lock files


def lock_directory() -> str:
    ((kind, path, mode, user, group, age),) = lines(TMPFILES)
    assert (kind, mode, user, group, age) == ("d", "3770", "root", the("Group"), "-")
    return path


def test_the_lock_directory_is_the_only_one_that_the_unit_may_write_to() -> None:
    assert the("ProtectSystem") == "strict"
    assert the("ReadWritePaths") == lock_directory()
    assert the("Environment") == f"TMPDIR={lock_directory()}"
    assert not {"StateDirectory", "CacheDirectory", "LogsDirectory", "BindPaths"} & unit().keys()


@pytest.mark.req("B10")
def test_the_unit_has_no_tmp_of_its_own_where_locks_would_exclude_nobody() -> None:
    assert not {"PrivateTmp", "DynamicUser", "JoinsNamespaceOf", "ProcSubset", "ProtectProc"} & unit().keys()
    assert the("InaccessiblePaths").split() == ["-/tmp", "-/var/tmp"]


def test_the_directory_outlives_the_service() -> None:
    """PHP locks there alone while the sidecar is stopped."""
    assert not lock_directory().startswith(f"/run/{the('RuntimeDirectory')}")


@pytest.mark.php
@pytest.mark.req("P7")
def test_a_file_that_php_makes_under_a_narrow_umask_can_be_opened_by_everybody_who_may_look(tmp_path: Path) -> None:
    tmp_path.chmod(0o3770)

    run_php(
        f"""
        require '{SYMFONY_LOCK}';
        umask(0077);
        $factory = new Symfony\\Component\\Lock\\LockFactory(new Symfony\\Component\\Lock\\Store\\FlockStore($argv[1]));
        assert($factory->createLock('webhook-cart-1')->acquire());
        """,
        str(tmp_path),
    )

    (file,) = tmp_path.iterdir()
    assert file.stat().st_mode & 0o777 == 0o666
    assert f'"{file.name}"' in PAGE.read_text()


# The steps of the page


class Root:
    """A machine whose administrator follows the page: the steps write below `root`, other commands are noted."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.noted = root / "noted"
        (root / "bin").mkdir(exist_ok=True)
        for command in ("systemctl", "systemd-tmpfiles"):
            (root / "bin" / command).write_text(f'#!/bin/sh\necho "{command} $*" >> {self.noted}\n')
            (root / "bin" / command).chmod(0o755)
        real = program("systemd-sysusers", SYSTEMD_PACKAGE)
        (root / "bin/systemd-sysusers").write_text(f'#!/bin/sh\nexec {real} --root={root} "$@"\n')
        (root / "bin/systemd-sysusers").chmod(0o755)
        self.folder = root / "opt/mollie-bridge"
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "deploy").symlink_to(ROOT / "deploy")
        shutil.copy(ROOT / "config.example.toml", self.folder / "config.toml")

    def types(self, block: str) -> None:
        block = re.sub(r"(?<=[ \"])/(etc|run)/(?!lock/mollie-bridge\"\|)", rf"{self.root}/\1/", block)
        done = subprocess.run(
            ["bash", "-eu", "-c", block],
            cwd=self.folder,
            env={"PATH": f"{self.root}/bin:{os.environ['PATH']}"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr

    def files(self) -> set[str]:
        return {str(path.relative_to(self.root)) for path in (self.root / "etc").rglob("*mollie*")}


def test_the_steps_install_what_the_unit_needs_and_take_it_away_again(machine: Path) -> None:
    admin = Root(machine)
    install, configure, start, remove = steps()

    admin.types(install)
    group = re.search(r"^mollie-bridge:.*", (machine / "etc/group").read_text(), re.MULTILINE)
    assert group
    assert group[0].endswith(":www-data")
    assert re.search(
        r"^mollie-bridge:.*:/nonexistent:/usr/sbin/nologin$", (machine / "etc/passwd").read_text(), re.MULTILINE
    )
    assert the("User") == the("Group") == "mollie-bridge"

    admin.types(configure)
    source = the("LoadCredential").partition(":")[2]
    config = machine / source.lstrip("/")
    assert config.stat().st_mode & 0o777 == 0o600
    assert str(load_settings(config).locks.directory) == lock_directory()
    assert not (admin.folder / "config.toml").exists()
    assert the("ExecStart").split()[1:] == ["serve", "--config", "%d/config.toml"]
    assert the("ExecStart").startswith("/opt/mollie-bridge/")

    admin.types(start)
    assert admin.noted.read_text().splitlines() == [
        "systemd-tmpfiles --create mollie-bridge.conf",
        "systemctl daemon-reload",
        "systemctl enable --now mollie-bridge",
        "systemctl restart php8.2-fpm",
    ]

    (machine / lock_directory().lstrip("/")).mkdir(parents=True)
    admin.types(remove)
    assert admin.files() == set()
    assert not (machine / lock_directory().lstrip("/")).exists()


def test_the_page_calls_the_modules_fields_by_their_names() -> None:
    labels = (ROOT / "ps_module_shim/molliebridge/src/FormTexts.php").read_text()

    for name in re.findall(r"\*([A-Z][a-z]+ [a-z ]+)\*", PAGE.read_text()):
        assert f"'{name}'" in labels, name


def test_the_packages_of_the_tests_hold_systemds_tools() -> None:
    assert SYSTEMD_PACKAGE in (ROOT / "scripts/debian-packages").read_text().split()
