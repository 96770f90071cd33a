"""PHP as the tests run it."""

from __future__ import annotations

import urllib.request
from pathlib import Path

import pytest

from tests.services.php import SYMFONY_LOCK, PrivatePhpServer, run_php

pytestmark = pytest.mark.php


def test_a_script_gets_arguments_input_and_environment() -> None:
    script = 'echo json_encode([$argv[1], stream_get_contents(STDIN), getenv("COLOUR")]);'
    assert run_php(script, "one", stdin="two", COLOUR="three").json == ["one", "two", "three"]


def test_a_script_that_fails_fails_the_test() -> None:
    with pytest.raises(pytest.fail.Exception, match="status 3"):
        run_php("exit(3);")


def test_symfony_lock_is_the_real_one() -> None:
    script = f"require '{SYMFONY_LOCK}'; echo json_encode(class_exists('Symfony\\Component\\Lock\\Store\\FlockStore'));"
    assert run_php(script).json is True


def test_the_development_server_serves_overlapping_requests(tmp_path: Path) -> None:
    (tmp_path / "index.php").write_text(
        "<?php if (isset($_GET['outer'])) { echo file_get_contents($_GET['outer']); } else { echo getenv('COLOUR'); }"
    )
    with PrivatePhpServer(tmp_path, COLOUR="blue") as server:
        url = f"{server.url}/?outer={server.url}/"
        with urllib.request.urlopen(url, timeout=10) as answer:
            assert answer.read() == b"blue"
