"""`mollie-bridge init`: how its file is written and changed, and what of a host it finds out."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path

import pytest

from bridge import config_example
from bridge.commands import config_file
from bridge.commands.config_file import set_value
from bridge.config import load_settings
from bridge.diagnosis.host import find_php_temp, units_with_private_tmp
from bridge.diagnosis.untestable import Untestable
from bridge.domain.errors import ConfigurationError

ODD = 'mysql+pymysql://a:%22%27\\n\\u00e9@h/d#x = "y"'


def test_a_setting_that_is_shown_with_its_default_is_put_into_use() -> None:
    before = config_example.render()
    after = set_value(before, "locks", "directory", "/run/lock/x")

    assert 'directory = "/run/lock/x"\n' in after
    assert len(after.splitlines()) == len(before.splitlines())
    assert tomllib.loads(after)["locks"] == {"directory": "/run/lock/x"}


def test_a_setting_that_is_there_is_changed_and_nothing_else_is() -> None:
    before = "# mine\n[a]\nurl = 'x' # why\nother = 1\n[b]\nurl = 'y'\n"

    assert set_value(before, "a", "url", ODD) == before.replace("url = 'x' # why", f"url = {toml(ODD)}")


def toml(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def test_a_setting_of_a_section_that_is_missing_is_added() -> None:
    assert tomllib.loads(set_value("[a]\nx = 1\n", "b", "y", "z")) == {"a": {"x": 1}, "b": {"y": "z"}}


@pytest.mark.parametrize("text", ['[a]\nurl = """\nlong\n"""\n', "a = { url = 'x' }\n", "a.url = 'x'\n"])
def test_what_can_not_be_changed_line_by_line_is_left_to_the_reader(text: str) -> None:
    with pytest.raises(ConfigurationError, match=r"a\.url can not be changed in that file"):
        set_value(text, "a", "url", "new")


def working() -> str:
    text = set_value(config_example.render(), "auth", "shop_token", "s" * 40)
    return set_value(text, "auth", "admin_token", "a" * 40)


def test_the_file_is_for_its_owner_alone_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        config_file.write(tmp_path / "config.toml", working())
    finally:
        os.umask(before)

    assert (tmp_path / "config.toml").stat().st_mode & 0o777 == 0o600
    assert load_settings(tmp_path / "config.toml").auth.shop_token.get_secret_value() == "s" * 40


def test_what_a_killed_run_left_is_removed(tmp_path: Path) -> None:
    (tmp_path / ".config.toml.new").write_text("half a fi")

    config_file.write(tmp_path / "config.toml", working())

    assert [path.name for path in tmp_path.iterdir()] == ["config.toml"]


def test_a_configuration_that_can_not_work_never_gets_there(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text("old")

    with pytest.raises(ConfigurationError, match="there is no such setting"):
        config_file.write(path, working() + "\n[gate2]\nx = 1\n")

    assert path.read_text() == "old"
    assert [found.name for found in tmp_path.iterdir()] == ["config.toml"]


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real.toml").write_text("old")
    (tmp_path / "config.toml").symlink_to("real.toml")

    config_file.write(tmp_path / "config.toml", working())

    assert (tmp_path / "config.toml").is_symlink()
    assert (tmp_path / "real.toml").read_text() == working()


def test_a_folder_that_can_not_be_made_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(ConfigurationError) as fault:
        config_file.prepare_folder(tmp_path / "file" / "etc" / "config.toml")

    assert fault.value.faults == [f"{tmp_path / 'file' / 'etc'} can not be made: Not a directory"]


# The host


@pytest.mark.parametrize(
    ("file", "line", "found"),
    [
        ("8.2/fpm/php.ini", 'sys_temp_dir = "/srv/tmp"', "/srv/tmp"),
        ("8.2/apache2/php.ini", "sys_temp_dir=/srv/tmp ; why", "/srv/tmp"),
        ("8.2/fpm/pool.d/www.conf", "env[TMPDIR] = /srv/tmp", "/srv/tmp"),
        ("8.2/fpm/pool.d/www.conf", "php_admin_value[sys_temp_dir] = /srv/tmp", "/srv/tmp"),
        ("8.2/fpm/php.ini", ';sys_temp_dir = "/srv/tmp"', None),
        ("8.2/cli/php.ini", 'sys_temp_dir = "/srv/tmp"', None),
    ],
)
def test_phps_temporary_directory_is_found_where_it_is_named(
    tmp_path: Path, file: str, line: str, found: str | None
) -> None:
    (tmp_path / file).parent.mkdir(parents=True)
    (tmp_path / file).write_text(f"[x]\n{line}\n")

    assert find_php_temp(tmp_path) == (Path(found) if found else None)


def test_two_temporary_directories_are_none(tmp_path: Path) -> None:
    for version in ("8.1", "8.2"):
        (tmp_path / version / "fpm").mkdir(parents=True)
        (tmp_path / version / "fpm" / "php.ini").write_text(f"sys_temp_dir = /srv/{version}\n")

    assert find_php_temp(tmp_path) is None


def systemctl(folder: Path, output: str, status: int = 0) -> str:
    script = folder / "systemctl"
    script.write_text(f"#!/bin/sh\ncat <<'END'\n{output}\nEND\nexit {status}\n")
    script.chmod(0o755)
    return str(script)


def test_units_with_a_tmp_of_their_own_are_named_when_they_run(tmp_path: Path) -> None:
    told = (
        "Id=php8.2-fpm.service\nPrivateTmp=no\nActiveState=active\n\n"
        "Id=apache2.service\nActiveState=active\nPrivateTmp=yes\n\n"
        "Id=httpd.service\nPrivateTmp=yes\nActiveState=inactive"
    )

    assert units_with_private_tmp(systemctl(tmp_path, told)) == ["apache2.service"]


def test_a_host_without_systemd_can_not_be_asked(tmp_path: Path) -> None:
    with pytest.raises(Untestable, match="has no systemd"):
        units_with_private_tmp(str(tmp_path / "systemctl"))
    with pytest.raises(Untestable, match="does not run"):
        units_with_private_tmp(systemctl(tmp_path, "", 1))
