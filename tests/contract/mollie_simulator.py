"""A running simulator, a real Mollie client for it, and a shop that notes its webhook calls."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from flask import Flask, Response, request
from mollie.api.client import Client

from bridge.demo.serving import serve_in_thread
from bridge.demo.simulator import MollieSimulator, create_app

# A minute of the retry schedule in 2 ms: all ten attempts, 26 hours, are made within four seconds.
FAST = 0.002 / 60


@dataclass(slots=True)
class Shop:
    """Answers webhook calls with the next of `answers` (200 when there is none left) and notes what came."""

    url: str = ""
    answers: list[int] = field(default_factory=list)
    calls: list[tuple[str, str]] = field(default_factory=list)
    together: threading.Barrier | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self) -> Response:
        with self.lock:
            self.calls.append((request.form["id"], request.query_string.decode()))
            status = self.answers.pop(0) if self.answers else 200
        if self.together is not None:
            self.together.wait(5)
        return Response("", status, {"Location": "/elsewhere"} if status in (301, 302) else {})


@dataclass(slots=True)
class Rig:
    """What a test about the simulator needs; `client` is the real mollie-api-python client."""

    simulator: MollieSimulator
    client: Any  # a `Client`; the library types its answers as plain dictionaries and its lists not at all
    url: str
    shop: Shop

    def body(self, **changes: Any) -> dict[str, Any]:
        """A sound creation request."""
        sound = {
            "amount": {"currency": "EUR", "value": "14.40"},
            "description": "Order 1",
            "redirectUrl": "http://shop.test/return?cart_id=1",
            "webhookUrl": f"{self.shop.url}/webhook?security_token=abc",
            "metadata": {"cart_id": 1},
            "method": "ideal",
        }
        return {key: value for key, value in {**sound, **changes}.items() if value is not ...}

    def new_payment(self, **changes: Any) -> str:
        """The id of a payment made through the API."""
        return str(self.client.payments.create(self.body(**changes)).id)

    def new_client(self, timeout: int = 10) -> Any:
        """Another client, as another thread needs it."""
        client = Client(api_endpoint=self.url, timeout=timeout)
        client.set_api_key("test_key")
        return client


@contextmanager
def running_rig(simulator: MollieSimulator | None = None) -> Iterator[Rig]:
    """Simulator and shop on free ports, until the block ends."""
    simulator = simulator or MollieSimulator(webhook_time_scale=FAST)
    shop = Shop()
    app = Flask("shop")
    app.add_url_rule("/webhook", view_func=shop.take, methods=["POST"])
    with serve_in_thread(app) as shop_server, serve_in_thread(create_app(simulator)) as server:
        shop.url = shop_server.url
        client = Client(api_endpoint=server.url)
        client.set_api_key("test_key")
        yield Rig(simulator=simulator, client=client, url=server.url, shop=shop)
    simulator.close()
