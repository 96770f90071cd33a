"""The how-to page about routing, followed to the letter on a machine laid out as Debian lays it out."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.integration.routing import FRIENDLY, post, shop_at
from tests.integration.stand_ins import recording
from tests.services.nginx import PrivateNginx

pytestmark = pytest.mark.nginx

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "how-to" / "route-webhooks.md"


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE.read_text(), re.DOTALL | re.MULTILINE)


def types(block: str, machine: Path) -> None:
    """Run a block of the page in the repository, below `machine` instead of /."""
    block = re.sub(r"(?<=[ :])/(etc|run)/", rf"{machine}/\1/", block)
    subprocess.run(["bash", "-eu", "-c", block], cwd=ROOT, check=True, capture_output=True, text=True)


@pytest.mark.req("P11")
def test_the_steps_route_the_webhook_and_take_the_route_away_again(tmp_path: Path) -> None:
    install, to_the_socket, remove = blocks("bash")
    (line,) = blocks("nginx")
    http = f"include {tmp_path}/etc/nginx/conf.d/*.conf;"
    socket = tmp_path / "run/mollie-bridge/bridge.sock"
    socket.parent.mkdir(parents=True)

    types(install, tmp_path)
    types(to_the_socket, tmp_path)
    with recording(answer=b"the shop") as shop, recording(answer=b"the sidecar", path=socket):
        server = line.replace("snippets/", f"{tmp_path}/etc/nginx/snippets/") + shop_at(shop.address)
        with PrivateNginx(server, http=http) as nginx:
            assert post(nginx, FRIENDLY).body == b"the sidecar"

        types(remove, tmp_path)
        with PrivateNginx(shop_at(shop.address), http=http) as nginx:
            assert post(nginx, FRIENDLY).body == b"the shop"

    assert list(tmp_path.rglob("etc/**/*.conf")) == []


def test_what_the_page_says_the_sidecar_answers_is_what_it_answers() -> None:
    (message,) = re.findall(r'`\{"message":"([^"]+)"\}`', PAGE.read_text())

    assert f'WebhookReply(message="{message}")' in (ROOT / "bridge/web/webhooks.py").read_text()


def test_the_pages_table_is_the_one_in_the_file() -> None:
    shipped = (ROOT / "deploy/nginx/mollie-bridge-server.conf").read_text()
    in_file = re.findall(r"^# \| (.*?) +\| (.*?) +\| (.*?) +\|$", shipped, re.MULTILINE)
    on_page = re.findall(r"^\| (.*?) \| (.*?) \| (.*?) \|$", PAGE.read_text(), re.MULTILINE)

    assert in_file
    assert in_file == on_page
