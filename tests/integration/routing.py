"""nginx with the files of deploy/nginx in front of a shop, as a merchant's server has them."""

from __future__ import annotations

import http.client
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.services.nginx import PrivateNginx

DEPLOY = Path(__file__).parents[2] / "deploy" / "nginx"
HTTP = DEPLOY / "mollie-bridge-http.conf"
SERVER = DEPLOY / "mollie-bridge-server.conf"
DEFAULT_ADDRESS = "127.0.0.1:8787"

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
BODY = b"id=tr_WDqYK6vllg"

TOKEN = "security_token=0cc175b9c0f1b6a831c399e269772661"
FRIENDLY = f"/module/mollie/webhook?{TOKEN}"
PLAIN = f"/index.php?fc=module&module=mollie&controller=webhook&{TOKEN}"

WEBHOOKS = [
    FRIENDLY,
    "/module/mollie/webhook",
    f"/en/module/mollie/webhook?{TOKEN}",
    f"/shop/module/mollie/webhook?{TOKEN}",
    f"/shop/de/module/mollie/webhook?{TOKEN}&x=a%2Fb+c",
    PLAIN,
    f"/index.php?{TOKEN}&controller=webhook&module=mollie&fc=module",
    f"/index.php?module=mollie&fc=module&id_lang=1&{TOKEN}&controller=webhook",
    f"/shop/index.php?fc=module&module=mollie&controller=webhook&{TOKEN}",
    f"/?fc=module&module=mollie&controller=webhook&{TOKEN}",
    f"/fr/?fc=module&module=mollie&controller=webhook&{TOKEN}",
]
"""Addresses that PrestaShop may write for the module's webhook: friendly or not, with languages, in a sub-directory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the caller got."""

    status: int
    headers: dict[str, str]
    body: bytes


def http_part(sidecar: str) -> str:
    """The http part as it is shipped, the sidecar elsewhere."""
    text = HTTP.read_text()
    line = f"    server {DEFAULT_ADDRESS} max_fails=0;"
    assert text.count(line) == 1
    return text.replace(line, f"    server {sidecar} max_fails=0;")


def server_part(folder: Path, *, read_timeout: str = "") -> str:
    """An `include` of the server part; with `read_timeout` of a copy in which nginx waits for that long only."""
    if not read_timeout:
        return f"include {SERVER};"
    text, changed = re.subn(r"proxy_read_timeout \w+;", f"proxy_read_timeout {read_timeout};", SERVER.read_text())
    assert changed == 1
    copy = folder / "mollie-bridge-server.conf"
    copy.write_text(text)
    return f"include {copy};"


def shop_at(address: str) -> str:
    """A shop behind a proxy: every path, and the client as nginx tells it."""
    return f"location / {{ proxy_pass http://{address}; proxy_set_header Host $http_host; }}"


@contextmanager
def routed(
    sidecar: str, shop: str, *, read_timeout: str = "", folder: Path | None = None, before: str = ""
) -> Iterator[PrivateNginx]:
    """nginx, started: the shipped files, then what the shop has (`shop`), with `before` at the top of the block."""
    server = f"{before}\n{server_part(folder or Path(), read_timeout=read_timeout)}\n{shop}"
    with PrivateNginx(server, http=http_part(sidecar)) as nginx:
        yield nginx


def post(
    nginx: PrivateNginx,
    target: str,
    body: bytes | Iterator[bytes] = BODY,
    method: str = "POST",
    **headers: str,
) -> Answer:
    """One request; header names are given with underscores. An iterator is sent in chunks, without a length."""
    connection = http.client.HTTPConnection(nginx.host, nginx.port, timeout=30)
    sent = {"Host": "shop.example", **FORM, **{name.replace("_", "-"): value for name, value in headers.items()}}
    try:
        connection.request(method, target, body=body, headers=sent, encode_chunked=not isinstance(body, bytes))
        response = connection.getresponse()
        found = {name.lower(): value for name, value in response.getheaders()}
        return Answer(status=response.status, headers=found, body=response.read())
    finally:
        connection.close()
