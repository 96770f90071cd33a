"""The module's page in the back office, used as an employee uses it: by the addresses and the fields that it shows."""

from __future__ import annotations

import html
import json
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin

from tests.services.php import PhpRun
from tests.shim.web_server import WebServer

PREFIX = "molliebridge_"


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What one request to the page brought. `text` is its HTML; `address` where the request went to."""

    server: WebServer
    address: str
    text: str

    @property
    def told(self) -> dict[str, Any]:
        """What the template is given."""
        start, end = "<!-- configure.tpl ", " -->"
        found = json.loads(html.unescape(self.text.partition(start)[2].partition(end)[0]))["molliebridge"]
        assert isinstance(found, dict)
        return found

    @property
    def fields(self) -> dict[str, str]:
        """The form's fields as the browser would send them unchanged."""
        form = re.search(r"<form[^>]*>(.*?)</form>", self.text, re.DOTALL)
        assert form is not None
        values = json.loads(html.unescape(form[1]))["values"]
        return {str(name): str(value) for name, value in values.items()}

    def submit(self, **entered: str) -> Page:
        """Fill in some fields (by their names without prefix) and press Save."""
        form = re.search(r'<form data-action="([^"]*)" action="([^"]*)"', self.text)
        assert form is not None
        posted = self.fields | {PREFIX + name: value for name, value in entered.items()} | {form[1]: "1"}
        return _request(self.server, urljoin(self.address, html.unescape(form[2])), posted)

    def press_test(self) -> PhpRun:
        """What the script behind the test button gets for its POST."""
        target = urljoin(self.address, str(self.told["testUrl"]))
        return self.server.admin("page", {"to": target, "post": {}}, check=False)


def open_page(server: WebServer) -> Page:
    """Follow the module manager's link."""
    return _request(server, _address_of(server), {})


def _address_of(server: WebServer) -> str:
    # The host is PHP's own on the command line; what counts is the path under the back office's folder.
    nine = int(str(server.settings.get("version", "9.1.4")).partition(".")[0]) >= 9
    token = server.admin("token").json["page"]
    if nine:
        return f"http://localhost/admin/improve/modules/manage/action/configure/molliebridge?_token={token}"
    return f"http://localhost/admin/index.php?controller=AdminModules&configure=molliebridge&token={token}"


def _request(server: WebServer, address: str, posted: dict[str, str]) -> Page:
    run = server.admin("page", {"to": address, "post": posted}, check=False)
    return Page(server=server, address=address, text=str(run.json["page"]))
