"""Mollie: is there a key, does Mollie take it, and does Mollie's clock say the same time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

import requests

from bridge.adapters.prestashop import SqlShop
from bridge.diagnosis.database import judge_clock
from bridge.diagnosis.findings import Check, Verdict, failed, ok, warning
from bridge.diagnosis.installation import Installation
from bridge.diagnosis.untestable import Untestable
from bridge.domain.errors import StoreDown
from bridge.ports.shop import MollieAccess

CLOCK_LIMIT: Final = 30.0
"""Seconds; Mollie's Date header has whole seconds, and nothing of ours is compared with it to the second."""

_TIMEOUT: Final = (3.0, 10.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Heard:
    status: int
    body: dict[str, Any]
    date: str
    before: datetime
    after: datetime


def find_access(installation: Installation) -> MollieAccess | None:
    """The key that the bridge uses for the first shop, found as the bridge finds it. Raises `Untestable`."""
    own = installation.settings.mollie.api_key
    if own is not None:
        key = own.get_secret_value()
        return MollieAccess(api_key=key, live=key.startswith("live_"))
    if installation.database_fault is not None:
        raise Untestable("the database does not answer")
    shop = SqlShop(installation.engine, installation.prefix)
    try:
        return shop.find_mollie_access(next(iter(shop.shop_ids()), 1))
    except StoreDown as error:
        raise Untestable(str(error)) from error


def _key(installation: Installation) -> Verdict:
    access = find_access(installation)
    if access is None:
        return failed("the shop has no key for the mode it is in", "enter the API key in the Mollie module")
    mode = "live" if access.live else "test"
    if not access.api_key.startswith(f"{mode}_"):
        return failed(f"the {mode} key does not begin with {mode}_", "enter the API key in the Mollie module again")
    whence = "of the configuration" if installation.settings.mollie.api_key else "of the shop"
    return ok(f"the {mode} key {whence}")


def _accepted(installation: Installation) -> Verdict:
    if find_access(installation) is None:
        raise Untestable("there is no key")
    heard = _ask(installation)
    if heard.status == 401:
        return failed("Mollie does not accept the key", "enter the API key in the Mollie module again")
    if heard.status != 200:
        return warning(f"Mollie answered {heard.status}", "try again later; see status.mollie.com")
    mode = str(heard.body.get("mode", "unknown"))
    seen = f"{mode} mode, profile {heard.body.get('name', '?')} ({heard.body.get('id', '?')})"
    return ok(seen)


def _clock(installation: Installation) -> Verdict:
    heard = _ask(installation)
    try:
        # An HTTP date is in GMT, whatever it calls it.
        told = parsedate_to_datetime(heard.date).replace(tzinfo=UTC)
    except (ValueError, TypeError):
        raise Untestable("Mollie's answer names no time") from None
    middle = heard.before + (heard.after - heard.before) / 2
    return judge_clock((told - middle).total_seconds(), CLOCK_LIMIT, "Mollie")


def _ask(installation: Installation) -> _Heard:
    """Mollie's answer about the key's profile (without a key: that there must be one), asked once.

    Raises `Unanswered`.
    """
    kept = installation.kept.get("mollie")
    if not isinstance(kept, _Heard):
        try:
            access = find_access(installation)
        except Untestable:
            access = None
        kept = installation.kept["mollie"] = _heard(installation, access)
    return kept


def _heard(installation: Installation, access: MollieAccess | None) -> _Heard:
    before = installation.clock.now()
    try:
        answer = requests.get(
            f"{installation.settings.mollie.endpoint.rstrip('/')}/v2/profiles/me",
            headers={"Authorization": f"Bearer {access.api_key}"} if access else {},
            timeout=_TIMEOUT,
            allow_redirects=False,
        )
    except (requests.RequestException, UnicodeError) as error:
        raise Unanswered(f"Mollie does not answer ({type(error).__name__})") from None
    try:
        body = answer.json()
    except ValueError:
        body = {}
    return _Heard(
        status=answer.status_code,
        body=body if isinstance(body, dict) else {},
        date=answer.headers.get("Date", ""),
        before=before,
        after=installation.clock.now(),
    )


class Unanswered(Untestable):
    """Mollie could not be reached; the message names the kind of error, never the key."""


def _reachable(installation: Installation) -> Verdict:
    try:
        heard = _ask(installation)
    except Unanswered as error:
        return failed(
            f"{installation.settings.mollie.endpoint}: {error}",
            "let this host call https://api.mollie.com (DNS, firewall, proxy)",
        )
    return ok(f"{installation.settings.mollie.endpoint} answered {heard.status}")


CHECKS = (
    Check("mollie.key", "there is a Mollie key", _key),
    Check("mollie.reachable", "Mollie is reached from this host", _reachable),
    Check("mollie.accepted", "Mollie accepts the key", _accepted),
    Check("clock.mollie", "this host's clock and Mollie's agree", _clock),
)
