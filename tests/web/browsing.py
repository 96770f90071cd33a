"""A browser's part in tests of the merchant's page: it keeps cookies, follows what it is told, and reads."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.web.caller import ADMIN_TOKEN

ORIGIN = "http://localhost"
LOGIN = "/dashboard/login"


@dataclass(frozen=True, slots=True, kw_only=True)
class Browsing:
    """One browser. Forms are sent with the origin that a page of ours has, unless a test says otherwise."""

    client: FlaskClient

    def get(self, path: str = "/dashboard", **headers: str) -> TestResponse:
        return self.client.get(path, headers=headers)

    def send(self, path: str, fields: dict[str, str] | None = None, *, origin: str | None = ORIGIN) -> TestResponse:
        headers = {} if origin is None else {"Origin": origin}
        return self.client.post(path, data=fields or {}, headers=headers)

    def sign_in(self, token: str = ADMIN_TOKEN, **fields: str) -> TestResponse:
        return self.send(LOGIN, {"token": token, **fields})

    def form_token(self, path: str = "/dashboard") -> str:
        """What the forms of a page send along."""
        found = re.search(r'name="form_token" value="([^"]+)"', self.get(path).text)
        assert found
        return html.unescape(found[1])


def browsing(app: Flask) -> Browsing:
    return Browsing(client=app.test_client())


def text_of(answer: TestResponse) -> str:
    """What a reader sees: without tags, with the letters that entities stand for."""
    bare = re.sub(r"<(style|script)\b.*?</\1>", " ", answer.text, flags=re.DOTALL)
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", bare))).strip()
