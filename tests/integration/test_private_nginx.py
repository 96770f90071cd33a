"""The private nginx that other tests stand on."""

from __future__ import annotations

import urllib.request

import pytest

from tests.services.nginx import PrivateNginx
from tests.services.waiting import wait_until

pytestmark = pytest.mark.nginx


def body(url: str) -> str:
    with urllib.request.urlopen(url, timeout=5) as answer:
        return str(answer.read().decode())


def test_it_serves_the_given_configuration_and_takes_another_while_running() -> None:
    with PrivateNginx('location / { return 200 "one"; }') as nginx:
        assert body(nginx.url) == "one"
        nginx.configure('location / { return 200 "$answer"; }', http='map $uri $answer { default "two"; }')
        wait_until(lambda: body(nginx.url) == "two", what="the new configuration")
