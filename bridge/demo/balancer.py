"""One address for two web servers, as a load balancer gives a busy shop: their file locks do not exclude each other."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import TYPE_CHECKING

from flask import Flask
from werkzeug.wrappers import Request

from bridge.demo.storefront.front_desk import FrontDesk

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


class TwoWebServers:
    """Shoppers stay with the first web server, webhooks go to both in turn; the page's switch holds for both."""

    def __init__(self, first: Flask, second: Flask) -> None:
        self._apps: tuple[WSGIApplication, WSGIApplication] = (first, second)
        self._desks: tuple[FrontDesk, FrontDesk] = (first.extensions["front_desk"], second.extensions["front_desk"])
        self._turns = itertools.cycle((0, 1))

    @property
    def guarded(self) -> bool:
        """Whether the bridge's shim works on both."""
        return self._desks[0].guarded

    @guarded.setter
    def guarded(self, on: bool) -> None:
        for desk in self._desks:
            desk.guarded = on

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Pass the request on."""
        self._desks[1].guarded = self._desks[0].guarded
        webhook = Request(environ).args.get("controller") == "webhook"
        return self._apps[next(self._turns) if webhook else 0](environ, start_response)
