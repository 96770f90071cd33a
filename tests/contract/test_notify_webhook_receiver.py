"""What the documentation says of the webhook, and the receiver in PHP that it shows."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from bridge.adapters.clock import SystemClock
from bridge.adapters.notify_webhook import WebhookNotifier, body_of
from bridge.domain.errors import NotifyRefused
from bridge.domain.notices import FACTS, NoticeKind
from bridge.ports.clock import Clock
from tests.fakes.clock import FakeClock
from tests.services.php import PrivatePhpServer
from tests.unit.notices import a_notice
from tests.unit.pages import page, section, table

SECRET = "a-secret-that-the-receiver-knows"
NOTICE = a_notice(channel="webhook")


def send(server: PrivatePhpServer, *, secret: str | None = SECRET, clock: Clock | None = None) -> None:
    notifier = WebhookNotifier(f"{server.url}/notices.php", secret=secret, clock=clock)
    try:
        notifier.send(NOTICE)
    finally:
        notifier.close()


def test_the_body_is_the_one_that_is_documented() -> None:
    (example,) = re.findall(r"^```json\n(.*?)^```$", page("how-to/be-told.md"), re.DOTALL | re.MULTILINE)

    assert json.loads(example) == body_of(NOTICE)


def test_every_name_of_the_body_is_documented() -> None:
    documented = [row[0] for row in table(section(page("how-to/be-told.md"), "### The body"))]

    assert documented == list(body_of(NOTICE))


@pytest.mark.parametrize("kind", NoticeKind)
def test_every_fact_of_the_detail_is_documented(kind: NoticeKind) -> None:
    rows = table(section(page("how-to/be-told.md"), "### The body"), number=1)
    (names,) = [names for documented, names in rows if documented == kind]

    assert re.sub(r" \(.*?\)", "", names).split(", ") == list(FACTS[kind])


@pytest.fixture
def documented_receiver(tmp_path: Path) -> Iterator[PrivatePhpServer]:
    """The receiver in PHP that the documentation shows, which keeps notices in `tmp_path`."""
    (code,) = re.findall(r"^```php\n(.*?)^```$", page("how-to/be-told.md"), re.DOTALL | re.MULTILINE)
    (tmp_path / "notices.php").write_text(code)
    (tmp_path / "notices").mkdir()
    with PrivatePhpServer(tmp_path, NOTICES_SECRET=SECRET) as server:
        yield server


@pytest.mark.php
def test_the_documented_receiver_keeps_each_notice_once(documented_receiver: PrivatePhpServer, tmp_path: Path) -> None:
    for _ in range(2):
        send(documented_receiver)

    (kept,) = (tmp_path / "notices").iterdir()
    assert kept.read_text() == body_of(NOTICE)["text"]


@pytest.mark.php
@pytest.mark.parametrize("secret", [None, "another secret than the receiver's"])
def test_the_documented_receiver_takes_nothing_that_is_not_signed(
    documented_receiver: PrivatePhpServer, tmp_path: Path, secret: str | None
) -> None:
    with pytest.raises(NotifyRefused, match="403"):
        send(documented_receiver, secret=secret)

    assert list((tmp_path / "notices").iterdir()) == []


@pytest.mark.php
def test_the_documented_receiver_takes_no_old_signature(documented_receiver: PrivatePhpServer) -> None:
    clock = FakeClock(SystemClock().now() - timedelta(minutes=6))
    with pytest.raises(NotifyRefused, match="403"):
        send(documented_receiver, clock=clock)
