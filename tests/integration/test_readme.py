"""The README's curl walk-through, run as it is written: by bash, against a real sidecar."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from bridge.demo.walk_through import Access, walk_through_script
from tests.integration.sidecar import ADMIN_TOKEN, SHOP_TOKEN
from tests.integration.world import World
from tests.services.guard import guard
from tests.services.process import program

README = Path(__file__).parents[2] / "README.md"

LIMIT = 60
"""Seconds for the whole walk: a dozen requests, none of which waits."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command printed: the answer's text and its status."""

    status: str
    text: str


def commands() -> str:
    """The shell blocks of the README, in their order."""
    return "\n".join(re.findall(r"^```bash\n(.*?)^```$", README.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE))


def claims() -> list[tuple[str, str]]:
    """What the comments above the commands claim: a status, and a word of the answer where one is named."""
    return re.findall(r"^# ([0-9]{3})(?: ([a-z_-]+))?[:,]", commands(), re.MULTILINE)


def walk(variables: str) -> list[Answer]:
    """Run every command, with `variables` set before; a command that fails ends the walk."""
    program("curl", "curl")
    ran = subprocess.run(
        ["bash", "-eu", "-c", f"{variables}\n{commands()}"],
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
        env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "no_proxy": "127.0.0.1"},
    )
    assert (ran.returncode, ran.stderr) == (0, ""), ran.stdout
    return [Answer(status, text) for text, status in re.findall(r"^(.+)\n([0-9]{3})$", ran.stdout, re.MULTILINE)]


@pytest.fixture
def demo() -> Iterator[str]:
    """The line to paste that a running demo prints; the demo ends in good order afterwards."""
    command = [sys.executable, "-m", "bridge.cli", "demo", "--port", "0"]
    with subprocess.Popen(command, cwd=README.parent, stdout=subprocess.PIPE, text=True) as process:
        guard().watch(process.pid)
        assert process.stdout is not None
        try:
            yield next(line for printed in process.stdout if (line := line_to_paste(printed)))
            process.send_signal(signal.SIGINT)
            assert process.wait(LIMIT) == 0
        finally:
            process.kill()


def line_to_paste(printed: str) -> str:
    found = re.search(r"\. /\S+/walk-through\.sh$", printed.rstrip())
    return found[0] if found else ""


@pytest.fixture
def on_mariadb(world: World) -> str:
    """The same for a sidecar process on MariaDB."""
    access = Access(
        sidecar_url=world.sidecar.url, mollie_url=world.mollie_url, shop_token=SHOP_TOKEN, admin_token=ADMIN_TOKEN
    )
    return walk_through_script(world.shop, access)


def check(answers: list[Answer]) -> None:
    assert [answer.status for answer in answers] == [status for status, _ in claims()]
    for answer, (_, word) in zip(answers, claims(), strict=True):
        assert word in answer.text


@pytest.mark.slow
@pytest.mark.req("L14")
def test_the_walk_through_works_as_written_beside_the_demo(demo: str) -> None:
    check(walk(demo))


@pytest.mark.slow
@pytest.mark.mariadb
@pytest.mark.req("L14")
def test_the_walk_through_works_as_written_on_mariadb(on_mariadb: str) -> None:
    check(walk(on_mariadb))


def test_the_walk_through_goes_the_whole_way() -> None:
    statuses = [status for status, _ in claims()]

    assert statuses == "201 200 409 200 409 422 200 409 409 403 201 409 200".split()
