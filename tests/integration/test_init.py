"""`mollie-bridge init` on folders of shops: what it finds, writes, keeps, and refuses; killed and run again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bridge.commands.init import Host, run_init
from bridge.config import load_settings
from bridge.demo.storefront.seed import TEST_KEY
from bridge.domain.errors import BridgeError, ConfigurationError, StoreDown
from tests.integration.shop_folders import PASSWORD, ROOT, SHAPES, USER, Served, fill, owned, shop_folder, token_in
from tests.services.mariadb import Database
from tests.services.program import PROGRAM, run_program

pytestmark = [pytest.mark.mariadb, pytest.mark.slow]


@pytest.fixture
def owner(mariadb_database: Database) -> Iterator[Database]:
    """The database, whose shop has a user with an odd password."""
    with owned(mariadb_database) as database:
        yield database


@pytest.mark.parametrize("shape", SHAPES)
def test_an_odd_prefix_and_a_socket(owner: Database, tmp_path: Path, shape: str) -> None:
    fill(owner, "Xy9__")
    changes = {"database_host": f"localhost:{owner.socket}", "database_port": "", "database_prefix": "Xy9__"}
    folder = shop_folder(tmp_path, owner, shape, **changes)

    assert run_init(folder, tmp_path / "config.toml", yes=False, host=Host(service_locks=tmp_path))

    settings = load_settings(tmp_path / "config.toml").database
    assert settings.prefix == "Xy9__"
    assert "unix_socket=" in settings.url.get_secret_value()
    with Served(tmp_path / "config.toml"):
        assert ("Xy9__molbridge_cart",) in owner.execute("SHOW TABLES")


def test_a_socket_that_is_pasted_into_the_host(owner: Database, tmp_path: Path) -> None:
    fill(owner)
    folder = shop_folder(tmp_path, owner, database_host=f"localhost;unix_socket={owner.socket}", database_port="")

    assert run_init(folder, tmp_path / "config.toml", yes=False, host=Host(service_locks=tmp_path))
    assert "unix_socket=" in load_settings(tmp_path / "config.toml").database.url.get_secret_value()


def test_localhost_with_a_port_is_a_socket_where_nobody_listens_on_it(owner: Database, tmp_path: Path) -> None:
    # So it is for PHP, which never asks a port of `localhost`.
    fill(owner)
    folder = shop_folder(tmp_path, owner, database_host="localhost", database_port="9")
    host = Host(sockets=(owner.socket,), service_locks=tmp_path)

    assert run_init(folder, tmp_path / "config.toml", yes=False, host=host)
    assert str(owner.socket.name) in load_settings(tmp_path / "config.toml").database.url.get_secret_value()


@pytest.fixture
def ready(owner: Database, tmp_path: Path) -> Path:
    """A shop's folder, its tables filled; the configuration goes to `tmp_path/config.toml`."""
    fill(owner)
    return shop_folder(tmp_path, owner)


def test_the_second_run_changes_nothing_and_says_so(
    ready: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "config.toml"
    assert run_init(ready, config, yes=False)
    first, before = capsys.readouterr().out, (config.read_bytes(), config.stat())
    assert run_init(ready, config, yes=False)
    second = capsys.readouterr().out

    after = (config.read_bytes(), config.stat())
    assert (before[0], before[1].st_mtime_ns, before[1].st_ino) == (after[0], after[1].st_mtime_ns, after[1].st_ino)
    assert "nothing was changed" in second
    assert first.count(token_in(first)) == 1
    assert token_in(first) not in second
    admin = load_settings(config).auth.admin_token.get_secret_value()
    assert not [secret for secret in (PASSWORD, TEST_KEY, admin) if secret in first + second]


def test_a_user_of_the_bridges_own_and_other_settings_are_kept(ready: Path, tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    run_init(ready, config, yes=False)
    text = config.read_text().replace(f"//{USER}:", "//mollie_bridge:").replace("# wait = 2.0", "wait = 1.5")
    config.write_text(text)

    assert run_init(ready, config, yes=False)
    assert config.read_text() == text


def test_a_file_that_would_change_is_left_alone_unless_somebody_says_so(ready: Path, tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    run_init(ready, config, yes=False)
    older = config.read_text().replace("\n[locks]", '\nprefix = "old_"\n\n[locks]')
    config.write_text(older)
    config.chmod(0o644)

    refused = told(ready, config)
    assert (refused.returncode, config.read_text()) == (1, older)
    assert "Change database.prefix in it?" in refused.stderr
    assert refused.stderr.count("\n") == 1

    allowed = told(ready, config, "--yes")
    assert allowed.returncode == 0, allowed.stderr
    assert load_settings(config).database.prefix == "ps_"
    assert config.stat().st_mode & 0o777 == 0o600
    assert load_settings(config).auth.shop_token.get_secret_value() in older, "tokens are kept"


def told(shop: Path, config: Path, *arguments: str, program: str = PROGRAM) -> subprocess.CompletedProcess[str]:
    """`mollie-bridge init` as a script runs it: without a terminal."""
    asked = ["init", "--shop", str(shop), "--config", str(config), *arguments]
    if program == PROGRAM:
        return run_program(*asked)
    return subprocess.run(
        [sys.executable, "-c", program, *asked],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


KILLED = """
import os, signal
from pathlib import Path
from bridge.commands import config_file
def die(*_): os.kill(os.getpid(), signal.SIGKILL)
{what} = die
from bridge.cli import main
main()
"""


@pytest.mark.parametrize("what", ["Path.replace", "os.fsync", "config_file.write", "config_file._sync"])
def test_a_killed_run_leaves_nothing_half_written(ready: Path, tmp_path: Path, what: str) -> None:
    folder = tmp_path / "etc"
    config = folder / "config.toml"

    killed = told(ready, config, program=KILLED.format(what=what))
    assert killed.returncode == -signal.SIGKILL
    if config.exists():
        load_settings(config)
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} <= {0o600}

    again = told(ready, config)
    assert (again.returncode, again.stderr) == (0, "")
    assert [path.name for path in folder.iterdir()] == ["config.toml"]


def test_a_user_who_may_make_no_tables(ready: Path, owner: Database, tmp_path: Path) -> None:
    user = f"'{USER}'@'127.0.0.1'"
    owner.execute(f"REVOKE ALL ON `{owner.name}`.* FROM {user}")
    owner.execute(f"GRANT SELECT ON `{owner.name}`.* TO {user}")

    first = told(ready, tmp_path / "config.toml")
    assert first.returncode == 1
    assert first.stderr.count("\n") == 1
    assert "Run sql/schema.sql as an administrator" in first.stderr
    load_settings(tmp_path / "config.toml")

    owner.run_script((ROOT / "sql/schema.sql").read_text())
    assert told(ready, tmp_path / "config.toml").returncode == 0


def test_a_wrong_password_a_wrong_prefix_and_no_shop_are_a_line_each(
    owner: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(owner)
    faults: list[BridgeError] = []
    for changes in ({"database_password": "wrong€"}, {"database_prefix": "zz_"}, {"database_port": "9"}):
        with pytest.raises(BridgeError) as fault:
            run_init(shop_folder(tmp_path, owner, **changes), tmp_path / "config.toml", yes=False)
        faults.append(fault.value)
    with pytest.raises(ConfigurationError, match="PrestaShop"):
        run_init(tmp_path / "nowhere", tmp_path / "config.toml", yes=False)

    assert [type(fault) for fault in faults] == [StoreDown, ConfigurationError, StoreDown]
    assert [str(fault).count("\n") for fault in faults] == [0, 0, 0]
    assert not (tmp_path / "config.toml").exists()
    assert "wrong" not in capsys.readouterr().out + "".join(map(str, faults))


def test_a_tmp_of_phps_own_is_warned_of(ready: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    systemctl = tmp_path / "systemctl"
    systemctl.write_text("#!/bin/sh\nprintf 'Id=apache2.service\\nPrivateTmp=yes\\nActiveState=active\\n'\n")
    systemctl.chmod(0o755)

    host = Host(systemctl=str(systemctl), service_locks=tmp_path / "none")
    run_init(ready, tmp_path / "config.toml", yes=False, host=host)

    assert "WARNING: apache2.service has a /tmp of its own (PrivateTmp)" in capsys.readouterr().out


def test_the_directory_that_the_module_is_told_is_taken(ready: Path, owner: Database, tmp_path: Path) -> None:
    owner.execute(
        "INSERT INTO ps_configuration (name, value, date_add, date_upd) "
        "VALUES ('MOLLIEBRIDGE_LOCK_DIR', '/run/lock/theirs', NOW(), NOW())"
    )

    run_init(ready, tmp_path / "config.toml", yes=False)

    assert load_settings(tmp_path / "config.toml").locks.directory == Path("/run/lock/theirs")
