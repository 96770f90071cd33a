"""A small shop for the browser: it counts what reaches it, and answers as a test tells it to."""

from __future__ import annotations

import json
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from tests.browser.checkout_page import HERE, Checkout

VIEWS = HERE.parents[1] / "ps_module_shim" / "molliebridge" / "views"
JQUERY = Path("/usr/share/javascript/jquery/jquery.min.js")
"""Debian's libjs-jquery, the 3.x that PrestaShop has shipped since 1.7.8."""

HOSTED_PAGE = '<!doctype html><title>Mollie</title><h1>Pay here</h1><a href="/order">Cancel</a>'
STYLE = ".ps-hidden-by-js { display: none; } .btn.disabled { opacity: 0.5; }"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request as the shop saw it; `fields` holds the body's, `query` the address's."""

    method: str
    path: str
    query: dict[str, str]
    fields: dict[str, str]
    headers: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """`drop`: a network error in place of an answer; `is_cut`: one amid the body; `until`: wait for this first."""

    status: int = 200
    body: str = "ok"
    headers: dict[str, str] = field(default_factory=dict)
    drop: bool = False
    is_cut: bool = False
    until: threading.Event | None = None


NOTHING = Answer(status=204, body="")
"""The browser stays where it is."""


def html_answer(status: int, body: object) -> Answer:
    """JSON as the Mollie module's controllers send it: under PrestaShop's text/html."""
    return Answer(status=status, body=json.dumps(body), headers={"Content-Type": "text/html; charset=utf-8"})


def json_answer(status: int, body: object) -> Answer:
    """JSON as the shim sends it."""
    return Answer(status=status, body=json.dumps(body), headers={"Content-Type": "application/json"})


class BrowserShop:
    """The shop: `checkout` is what /order shows, `answers[path]` what comes next (the last one stays)."""

    def __init__(self) -> None:
        self.base = ""
        self.checkout = Checkout()
        self.policy: str | None = None
        self.calls: list[Call] = []
        self.answers: dict[str, list[Answer]] = defaultdict(list, {"/pressed": [NOTHING], "/token-used": [NOTHING]})
        self.files: dict[str, Callable[[], tuple[str, str]]] = {
            "/order": lambda: ("text/html", self.checkout.html()),
            "/settings.js": lambda: ("text/javascript", self.checkout.settings(self.base)),
            "/jquery.js": lambda: ("text/javascript", JQUERY.read_text()),
            "/core.js": lambda: ("text/javascript", (HERE / "scripts" / "core.js").read_text()),
            "/module.js": lambda: ("text/javascript", (HERE / "scripts" / "module.js").read_text()),
            "/theme.css": lambda: ("text/css", STYLE),
            "/hosted": lambda: ("text/html", HOSTED_PAGE),
        }

    def to(self, path: str, method: str | None = None) -> list[Call]:
        """The calls of a path so far, of one HTTP method if given."""
        return [call for call in list(self.calls) if call.path == path and method in {None, call.method}]

    def answer(self, path: str, *answers: Answer) -> None:
        """Answer the calls of a path one after the other; the last answer stays."""
        self.answers[path] = list(answers)

    def answer_to(self, call: Call) -> Answer:
        """What a call gets: a file, what the test has said, or Mollie's page."""
        if call.path in self.files or call.path.startswith("/shim/"):
            kind, text = self._file(call.path)
            policy = {"Content-Security-Policy": self.policy} if self.policy and kind == "text/html" else {}
            return Answer(body=text, headers={"Content-Type": f"{kind}; charset=utf-8", **policy})
        self.calls.append(call)
        told = self.answers[call.path]
        if told:
            return told.pop(0) if len(told) > 1 else told[0]
        return Answer(status=303, headers={"Location": "/hosted"})

    def _file(self, path: str) -> tuple[str, str]:
        if path in self.files:
            return self.files[path]()
        kind = {"js": "text/javascript", "css": "text/css"}[path.rpartition(".")[2]]
        return kind, (VIEWS / path.removeprefix("/shim/")).read_text()


class Handler(BaseHTTPRequestHandler):
    """HTTP for the shop above."""

    shop: BrowserShop

    def do_GET(self) -> None:
        self._reply("")

    def do_POST(self) -> None:
        self._reply(self.rfile.read(int(self.headers.get("Content-Length", 0))).decode())

    def _reply(self, body: str) -> None:
        parts = urlsplit(self.path)
        if parts.path == "/favicon.ico":
            self._send(Answer(status=204, body=""))
            return
        call = Call(
            method=self.command,
            path=parts.path,
            query=dict(parse_qsl(parts.query, keep_blank_values=True)),
            fields=dict(parse_qsl(body, keep_blank_values=True)),
            headers={name.lower(): value for name, value in self.headers.items()},
        )
        answer = self.shop.answer_to(call)
        if not answer.is_cut:
            self._wait(answer)
        if answer.drop:
            # Not in silence, after which Chromium repeats some requests by itself, but with what no browser accepts.
            self.wfile.write(b"HTTP/1.0 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n")
            return
        self._send(answer)

    def _send(self, answer: Answer) -> None:
        body = answer.body.encode()
        try:
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            if answer.status != 204:
                self.send_header("Content-Length", str(len(body) + 100 * answer.is_cut))
            self.end_headers()
            self.wfile.write(body)
            if answer.is_cut:
                self._wait(answer)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True  # the browser has gone elsewhere

    def _wait(self, answer: Answer) -> None:
        if answer.until and not answer.until.wait(60):
            raise TimeoutError(f"nobody let {self.path} be answered")

    def log_message(self, template: str, *args: object) -> None:
        """Say nothing: `calls` is the log."""


@contextmanager
def browser_shop() -> Iterator[BrowserShop]:
    """A shop on a free port of 127.0.0.1, until the block ends."""
    shop = BrowserShop()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("ShopHandler", (Handler,), {"shop": shop}))
    server.daemon_threads = True
    server.block_on_close = False
    shop.base = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield shop
    finally:
        server.shutdown()
        server.server_close()
        thread.join(30)
