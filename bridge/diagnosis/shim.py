"""The shop's module: is it there, is it configured, and what does PHP under the web server say of sidecar and locks."""

from __future__ import annotations

import hmac
from typing import Any, Final

from bridge import __version__
from bridge.diagnosis.database import judge_clock
from bridge.diagnosis.findings import Check, Verdict, failed, ok, warning
from bridge.diagnosis.installation import Installation
from bridge.diagnosis.selftest import NotTold, Told
from bridge.diagnosis.untestable import Untestable

MODULE: Final = "molliebridge"
HOOKS: Final = (
    "actionFrontControllerInitBefore",
    "actionFrontControllerInitAfter",
    "actionFrontControllerSetMedia",
    "actionObjectOrderAddBefore",
)
"""On every PrestaShop; a test holds them to the module's own list."""
SINCE_9: Final = ("actionValidateOrderBefore",)

CLOCK_LIMIT: Final = 2.0
"""Seconds: PHP compares the end of a lease with its own clock."""

_INSTALL: Final = "install and enable the module molliebridge: docs/how-to/install-the-shim.md"
_CONFIGURE: Final = "the module's page in the back office"
_PASTE: Final = f"paste auth.shop_token into {_CONFIGURE}"


def _installed(installation: Installation) -> Verdict:
    try:
        row = _module(installation)
    except Untestable:
        told = _told(installation)
        return _right_version(told.text("version"), "it answers")
    if row is None:
        return failed("the module molliebridge is not installed", _INSTALL)
    if not row.active or not row.shops:
        return failed(f"version {row.version}, disabled", _INSTALL)
    return _right_version(str(row.version), "enabled")


def _right_version(version: str, seen: str) -> Verdict:
    if version == __version__:
        return ok(f"version {version}, {seen}")
    return failed(f"version {version}, this program is {__version__}", "upload the zip of this version: make shim")


def _module(installation: Installation) -> Any:
    rows = installation.rows(
        "SELECT m.id_module, m.active, m.version, COUNT(s.id_shop) AS shops "  # noqa: S608
        f"FROM {installation.table('module')} m LEFT JOIN {installation.table('module_shop')} s "
        "ON s.id_module = m.id_module WHERE m.name = :name GROUP BY m.id_module, m.active, m.version",
        name=MODULE,
    )
    return rows[0] if rows else None


def _hooks(installation: Installation) -> Verdict:
    answer = _answer(installation)
    if isinstance(answer, Told) and isinstance(answer.whole.get("missing_hooks"), list):
        missing = [str(name) for name in answer.whole["missing_hooks"]]
    else:
        missing = _missing_in_tables(installation)
    if missing:
        return failed(
            f"not registered: {', '.join(missing)}", "open the module's page in the back office: it registers them"
        )
    return ok("all are registered")


def _missing_in_tables(installation: Installation) -> list[str]:
    module = _module(installation)
    if module is None:
        raise Untestable("the module is not installed")
    rows = installation.rows(
        "SELECT LOWER(h.name) AS name "  # noqa: S608
        f"FROM {installation.table('hook')} h JOIN {installation.table('hook_module')} m ON m.id_hook = h.id_hook "
        "WHERE m.id_module = :module",
        module=int(module.id_module),
    )
    version = installation.shop_settings.get("PS_VERSION_DB", "")
    wanted = HOOKS + (SINCE_9 if version.partition(".")[0].isdigit() and int(version.partition(".")[0]) >= 9 else ())
    registered = {row.name for row in rows}
    return [hook for hook in wanted if hook.lower() not in registered]


def _configured(installation: Installation) -> Verdict:
    stored = installation.shop_settings
    token = stored.get("MOLLIEBRIDGE_TOKEN", "")
    if not token:
        return failed("the module has no token, so that it guards nothing", _PASTE)
    if not hmac.compare_digest(token.encode(), installation.settings.auth.shop_token.get_secret_value().encode()):
        return failed("the module has another token than auth.shop_token", _PASTE)
    directory = stored.get("MOLLIEBRIDGE_LOCK_DIR", "")
    locks = installation.settings.locks
    if locks.backend == "flock" and directory and directory.rstrip("/") != str(locks.directory).rstrip("/"):
        return failed(
            f"the module locks in {directory}, the sidecar in {locks.directory}", f"make them the same: {_CONFIGURE}"
        )
    return ok("the same token; " + (f"locks in {directory}" if directory else "locks in PHP's temporary directory"))


def _answers(installation: Installation) -> Verdict:
    answer = _answer(installation)
    if isinstance(answer, Told):
        seen = f"PHP {answer.text('php')} ({answer.text('sapi')}), PrestaShop {answer.text('prestashop')}"
        return ok(seen)
    match (answer.status, answer.error):
        case (403, "signature"):
            return failed("the module has another token than auth.shop_token", _PASTE)
        case (401, "clock"):
            return failed("the web server's clock is more than a minute off", "set both clocks by NTP")
        case (503, "unconfigured"):
            return failed("the module has no token", _PASTE)
        case (404, _):
            return failed(f"{answer.seen}: no such module, or no self-test in it", _INSTALL)
        case (0, _):
            return failed(answer.seen, "put right what shop.webhook says")
        case (status, _) if 300 <= status < 400:
            return failed(f"{answer.seen}, a redirect", "put right what shop.webhook says")
        case _:
            return failed(answer.seen, "see PHP's log")


def _reaches(installation: Installation) -> Verdict:
    told = _told(installation)
    if told.whole.get("reaches_sidecar") is True:
        return ok("PHP reaches the sidecar, and it takes the token")
    sidecar = told.whole.get("sidecar")
    heard = sidecar if isinstance(sidecar, dict) else {}
    if heard.get("reachable") is True:
        return failed("the sidecar refuses the module's token", _PASTE)
    reason = str(heard.get("reason") or "no answer")[:200]
    return failed(f"PHP does not reach the sidecar: {reason}", f"put right its address on {_CONFIGURE}, or start it")


_LEFT_OUT: Final = {
    "shops": (
        "shops that have the Mollie module and not this one on all its hooks",
        "choose each at the top of the back office, enable the module there and open its page",
    ),
    "hooks": ("hooks that are switched off", "switch them on: Design > Positions"),
    "groups": (
        "customer groups that may use the Mollie module and not this one",
        "tick this module for them: Customer settings > Groups, or reset the module",
    ),
    "devices": ("a kind of device", "enable the module for computers, tablets and phones"),
    "not_native": ("all modules that are not PrestaShop's own", "Advanced Parameters > Performance: allow them"),
}
"""Why PrestaShop leaves an installed module out (`Reach` of the module), and what to do about it."""


def _is_called(installation: Installation) -> Verdict:
    unguarded = _told(installation).whole.get("unguarded")
    if not isinstance(unguarded, dict):
        raise Untestable("the module does not tell: it is of an older version")
    if not unguarded:
        return ok("for all shoppers and all its hooks")
    seen = "; ".join(_left_out(str(kind), names) for kind, names in unguarded.items())
    todo = "; ".join(_LEFT_OUT[kind][1] for kind in unguarded if kind in _LEFT_OUT)
    return failed(f"left out: {seen}", todo or "see the module's page in the back office")


def _left_out(kind: str, names: object) -> str:
    what = _LEFT_OUT[kind][0] if kind in _LEFT_OUT else kind
    listed = ", ".join(str(name)[:60] for name in names) if isinstance(names, list) else ""
    return f"{what} ({listed})" if listed else what


def _locks(installation: Installation) -> Verdict:
    backend = installation.settings.locks.backend
    if backend != "flock":
        raise Untestable(f"the lock backend is {backend}: PHP's files guard nothing then")
    told = _told(installation)
    directory = str(told.lock.get("directory", "?"))
    here = installation.settings.locks.directory
    if told.lock.get("state") == "broken":
        return failed(f"PHP can not lock files in {directory}", "let PHP's user write there, or name another directory")
    php_sees_us = told.lock.get("state") == "held"
    we_see_php = installation.selftest.php_is_seen
    if php_sees_us and we_see_php:
        return ok(f"each sees the other's lock in {here}")
    if directory.rstrip("/") != str(here).rstrip("/"):
        return failed(
            f"PHP locks in {directory}, the sidecar in {here}: nobody is kept away",
            f"make them the same: locks.directory, and Lock directory on {_CONFIGURE}",
        )
    return failed(
        f"both lock in {here}, and it is not the same directory (PrivateTmp, or a container): nobody is kept away",
        "use a directory outside of /tmp on both sides: docs/how-to/run-as-a-service.md",
    )


def _clock(installation: Installation) -> Verdict:
    answer = _answer(installation)
    now = answer.whole.get("now") if isinstance(answer, Told) else answer.now
    if not isinstance(now, int | float):
        raise Untestable(_why(answer))
    heard_at = installation.kept.get("selftest_at")
    assert isinstance(heard_at, float)
    return judge_clock(float(now) - heard_at, CLOCK_LIMIT, "PHP")


def _policy(installation: Installation) -> Verdict:
    policy = installation.shop_settings.get("MOLLIEBRIDGE_POLICY") or "open"
    words = {
        "open": "the sale goes on, under a lock of the module's own",
        "closed": "the shopper is asked to try again",
    }
    if policy not in words:
        return warning(f"MOLLIEBRIDGE_POLICY is {policy!r}", f"choose open or closed: {_CONFIGURE}")
    return ok(words[policy])


def _told(installation: Installation) -> Told:
    answer = _answer(installation)
    if isinstance(answer, NotTold):
        raise Untestable(_why(answer))
    return answer


def _why(answer: Told | NotTold) -> str:
    return f"the module's self-test did not run: {answer.seen}" if isinstance(answer, NotTold) else "it was not told"


def _answer(installation: Installation) -> Told | NotTold:
    if "selftest_at" not in installation.kept:
        before = installation.clock.now().timestamp()
        _ = installation.selftest.answer
        # The middle between asking and hearing; PHP tells its time at the end of its work.
        installation.kept["selftest_at"] = (before + installation.clock.now().timestamp()) / 2
    return installation.selftest.answer


CHECKS = (
    Check("shim.installed", "the module is installed, enabled and of this version", _installed),
    Check("shim.hooks", "the module's hooks are registered", _hooks),
    Check("shim.configured", "the module has the token and the lock directory", _configured),
    Check("shim.policy", "what happens while the sidecar is silent", _policy),
    Check("shim.answers", "the module answers a signed call under the web server", _answers),
    Check("shim.called", "PrestaShop calls the module for everybody", _is_called),
    Check("shim.sidecar", "PHP reaches the sidecar", _reaches),
    Check("shim.locks", "PHP and the sidecar each see the other's lock", _locks),
    Check("clock.php", "this host's clock and PHP's agree", _clock),
)
