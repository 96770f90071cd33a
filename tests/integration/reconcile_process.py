"""`mollie-bridge reconcile` as a process, and a Mollie that can be stopped at any page."""

from __future__ import annotations

import json
import os
import subprocess
import threading
import tomllib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from tests.integration.sidecar import _toml
from tests.integration.world import World
from tests.services.process import ServerFailed
from tests.services.program import Captured
from tests.services.waiting import wait_until

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


ROOT = Path(__file__).parents[2]
LIST = "/v2/payments"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A question to Mollie; `begin` is the first payment of a page that is asked for (None: the newest)."""

    method: str
    path: str
    begin: str | None

    @property
    def is_page(self) -> bool:
        return self.path == LIST and self.method == "GET"


@dataclass(slots=True, kw_only=True)
class Turnstile:
    """Mollie, one account for each key, giving pages of `size`; one question can be kept waiting until it is let go."""

    accounts: Mapping[str, WSGIApplication]
    size: int
    asked: list[Asked] = field(default_factory=list)
    before: Callable[[Asked], None] | None = None

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        query = parse_qs(environ.get("QUERY_STRING", ""))
        asked = Asked(method=environ["REQUEST_METHOD"], path=environ["PATH_INFO"], begin=query.get("from", [None])[0])
        self.asked.append(asked)
        if asked.is_page:
            wanted = {"limit": str(self.size)} | ({"from": asked.begin} if asked.begin else {})
            environ["QUERY_STRING"] = "&".join(f"{name}={value}" for name, value in wanted.items())
        if self.before is not None:
            self.before(asked)
        key = environ.get("HTTP_AUTHORIZATION", "").rpartition(" ")[2]
        return self.accounts.get(key, self.accounts[""])(environ, start_response)

    @contextmanager
    def stopping_at(self, which: Callable[[Asked], bool]) -> Iterator[threading.Event]:
        """Keep the first such question waiting as long as the block lasts; the event says that it has come."""
        has_come, let_go = threading.Event(), threading.Event()

        def stop(asked: Asked) -> None:
            if not has_come.is_set() and which(asked):
                has_come.set()
                let_go.wait(60)

        self.before = stop
        try:
            yield has_come
        finally:
            self.before = None
            let_go.set()

    def pages(self) -> list[str | None]:
        """The beginnings of the pages that were asked for, in this order."""
        return [asked.begin for asked in self.asked if asked.is_page]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A run of the command that is over."""

    code: int
    out: str
    error: str

    @property
    def told(self) -> dict[str, Any]:
        """Its JSON."""
        told = json.loads(self.out)
        assert isinstance(told, dict)
        return told

    @property
    def findings(self) -> Counter[tuple[str, str]]:
        """Kind and transaction of each finding."""
        return Counter((each["kind"], each["transaction"]) for each in self.told["findings"])


@dataclass(slots=True, kw_only=True)
class Command:
    """`mollie-bridge reconcile` as a process of its own, in a folder of its own, with a configuration of its own."""

    folder: Path
    config: dict[str, dict[str, Any]]

    @property
    def notebook(self) -> Path:
        return self.folder / "mollie-bridge-reconcile.jsonl"

    def start(self, *options: str, **sections: dict[str, Any]) -> Captured:
        """Begin; the rate is high unless `--rate` says otherwise."""
        config = self.folder / f"config-{os.urandom(4).hex()}.toml"
        merged = {name: self.config.get(name, {}) | sections.get(name, {}) for name in self.config | sections}
        config.write_text(_toml(merged))
        rate = () if "--rate" in options else ("--rate", "50")
        return Captured("reconcile", "--config", str(config), *rate, *options, cwd=self.folder)

    def run(self, *options: str, **sections: dict[str, Any]) -> Ended:
        """From beginning to end."""
        return ended(self.start(*options, **sections))

    def pages_kept(self) -> int:
        """How many whole lines of pages stand in the notebook."""
        return max(0, self.notebook.read_bytes().count(b"\n") - 1) if self.notebook.exists() else 0


def ended(process: Captured) -> Ended:
    """Wait for the end."""
    try:
        out, error = process.communicate(timeout=150)
    except subprocess.TimeoutExpired:
        process.kill()
        raise ServerFailed(f"reconcile did not end: {process.communicate(timeout=10)}") from None
    return Ended(code=process.wait(), out=out, error=error)


def command_of(world: World, folder: Path, mollie_url: str) -> Command:
    """The command beside the world's sidecar: same database, same locks; Mollie through the turnstile."""
    config: dict[str, dict[str, Any]] = tomllib.loads(world.sidecar.config.read_text())
    config["mollie"] = {"endpoint": mollie_url}
    config.pop("server", None)
    return Command(folder=folder, config=config)


def wait_for(event: threading.Event, process: Captured) -> None:
    """Wait for it, or fail with what the process said."""
    wait_until(lambda: event.is_set() or process.poll() is not None, 100)
    if not event.is_set():
        raise ServerFailed(f"reconcile ended before, with {ended(process).error!r}")
