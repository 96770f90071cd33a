"""The locks, the package list and the helpers hold together."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from tests import conftest
from tests.services import mariadb, nginx, php, redis
from tests.services.process import program
from tests.services.waiting import WaitedInVain, wait_until

pytest_plugins = ["pytester"]

ROOT = Path(__file__).parents[2]
LOCKS = ["requirements.lock", "requirements-dev.lock", "requirements-build.lock"]


def pins(lock: str) -> dict[str, str]:
    return dict(re.findall(r"^([\w.-]+)==([^\s;]+)", (ROOT / lock).read_text(), re.MULTILINE))


def pyproject() -> dict[str, dict[str, object]]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


def names(requirements: object) -> set[str]:
    assert isinstance(requirements, list)
    return {re.split(r"[<>=~!; \[]", requirement)[0] for requirement in requirements}


@pytest.mark.parametrize("lock", LOCKS)
def test_every_pin_has_a_hash(lock: str) -> None:
    entries = re.split(r"\n(?=\S)", (ROOT / lock).read_text().strip())
    assert [entry for entry in entries if "==" not in entry or "--hash=sha256:" not in entry] == []


@pytest.mark.parametrize("lock", LOCKS)
def test_no_lock_names_a_host_or_a_folder(lock: str) -> None:
    assert not re.search(r"https?:|file:|index-url|find-links", (ROOT / lock).read_text())


def test_the_tests_run_with_the_versions_that_the_program_runs_with() -> None:
    assert pins("requirements.lock").items() <= pins("requirements-dev.lock").items()


def test_the_build_tools_share_the_versions_of_the_tests() -> None:
    dev = pins("requirements-dev.lock")
    assert {name: pin for name, pin in pins("requirements-build.lock").items() if dev.get(name, pin) != pin} == {}


def test_every_dependency_is_locked() -> None:
    project = pyproject()["project"]
    extras = project["optional-dependencies"]
    assert isinstance(extras, dict)
    assert names(project["dependencies"]) <= pins("requirements.lock").keys()
    assert names(extras["dev"]) <= pins("requirements-dev.lock").keys()
    assert names(pyproject()["build-system"]["requires"]) <= pins("requirements-build.lock").keys()


@pytest.mark.parametrize(
    "package",
    [mariadb.SERVER_PACKAGE, nginx.SERVER_PACKAGE, php.PHP_PACKAGE, redis.SERVER_PACKAGE, "mariadb-client-core"],
)
def test_what_the_test_servers_need_is_installed_by_make_test(package: str) -> None:
    assert package in (ROOT / "scripts" / "debian-packages").read_text().split()


@pytest.mark.parametrize(
    "target",
    ["demo", "test", "test-fast", "test-mysql", "test-shop", "check", "requirements", "lock", "bench", "clean"],
)
def test_make_help_lists_the_target(target: str) -> None:
    page = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert re.search(rf"^  make {target} +\S", page, re.MULTILINE)


def test_a_missing_program_fails_with_one_line() -> None:
    with pytest.raises(
        pytest.fail.Exception, match=r"^no-such-server is not installed: .*apt-get install its-package$"
    ):
        program("no-such-server", "its-package")


def test_a_test_that_uses_a_server_without_its_marker_fails(pytester: pytest.Pytester) -> None:
    source = "import pytest\n@pytest.fixture\ndef mariadb_database(): ...\ndef test_it(mariadb_database): ..."
    with pytest.raises(pytest.fail.Exception, match=r"needs @pytest\.mark\.mariadb"):
        conftest.pytest_runtest_setup(pytester.getitem(source, "test_it"))


def test_waiting_returns_the_first_true_answer() -> None:
    answers = iter([0, 0, 7, 8])
    assert wait_until(lambda: next(answers)) == 7


def test_waiting_in_vain_names_what_was_waited_for() -> None:
    with pytest.raises(WaitedInVain, match=r"in vain for the moon; the last answer was 0"):
        wait_until(lambda: 0, 0.05, what="the moon")
