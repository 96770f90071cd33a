"""`mollie-bridge init`: from a shop's folder to a configuration, asking nothing that can be found out.

The order is what makes a killed run harmless: look, ask, make the tables (each step of which can be done again), put
the whole file into its place, say what is next. Run again it does what is missing, and changes nothing that is there.
"""

from __future__ import annotations

import secrets
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import click
from sqlalchemy import URL, Engine, make_url
from sqlalchemy.exc import ArgumentError

from bridge import config_example
from bridge.adapters.ledger import create_engine
from bridge.adapters.migrations import HEAD, migrate, schema_version
from bridge.adapters.prestashop.parameters import SOCKETS, ShopParameters, read_parameters
from bridge.adapters.prestashop.survey import ShopSurvey, survey_shop
from bridge.commands import config_file
from bridge.diagnosis.host import PHP_SETTINGS, find_php_temp, units_with_private_tmp
from bridge.diagnosis.untestable import Untestable
from bridge.domain.errors import BridgeError, ConfigurationError, StoreDown

PLACE: Final = Path("/etc/mollie-bridge/config.toml")
SERVICE_LOCKS: Final = Path("/run/lock/mollie-bridge")
"""The directory that the systemd unit's tmpfiles make, for PHP and the sidecar."""

_TEMPORARY: Final = Path("/tmp")  # noqa: S108  (PHP's own default)
_SHORTEST_TOKEN: Final = 32
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


class NotAllowed(BridgeError):
    """The file that is there would have to be changed, and nobody said that it may."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """Where this host is looked at; tests name other places."""

    systemctl: str = "systemctl"
    php_settings: Path = PHP_SETTINGS
    service_locks: Path = SERVICE_LOCKS
    sockets: tuple[Path, ...] = SOCKETS


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is to be written: `changes` by section and name, in a file that is new (`is_new`) or there already."""

    changes: dict[tuple[str, str], str] = field(repr=False)
    is_new: bool
    shop_token: str | None = field(repr=False, default=None)

    @property
    def names(self) -> list[str]:
        """The settings that change."""
        return [f"{section}.{name}" for section, name in self.changes]


def run_init(shop: Path, config: Path, *, yes: bool, host: Host | None = None) -> bool:
    """Set the bridge up for the shop in that folder; whether all is done. Raises `BridgeError`."""
    host = host or Host()
    parameters = read_parameters(shop, sockets=host.sockets)
    engine, survey = _enter(parameters, host)
    try:
        _tell_survey(parameters, survey)
        values = config_file.read_values(config)
        plan = _plan(values, engine.url, parameters.prefix, _lock_directory(survey, host))
        config_file.prepare_folder(config)
        if plan.changes and not plan.is_new:
            _ask(config, plan, yes=yes)
        fault = _make_tables(engine, parameters.prefix)
        if plan.changes:
            config_file.write(config, _text(config, plan))
    finally:
        engine.dispose()
    _tell_config(config, plan)
    _tell_next(shop, config, plan, host, survey)
    if fault is not None:
        click.echo(f"mollie-bridge: {fault}", err=True)
    return fault is None


# Looking


def _enter(parameters: ShopParameters, host: Host) -> tuple[Engine, ShopSurvey]:
    """The shop's database, entered as the shop does it: `localhost` is a socket to PHP, also with a port beside it."""
    urls = [parameters.url]
    if parameters.socket is None and parameters.host == "localhost":
        there = [path for path in host.sockets if path.is_socket()]
        urls += [parameters.url.set(port=None).update_query_dict({"unix_socket": str(path)}) for path in there]
    fault: StoreDown | None = None
    for url in urls:
        engine = create_engine(url, pool_size=1)
        try:
            return engine, survey_shop(engine, parameters.prefix)
        except StoreDown as error:
            fault = fault or error
            engine.dispose()
    assert fault is not None
    raise fault


def _lock_directory(survey: ShopSurvey, host: Host) -> Path:
    """The directory that PHP locks in: what the module is told, else the service's, else PHP's temporary one."""
    if survey.shim_lock_directory:
        return Path(survey.shim_lock_directory)
    if host.service_locks.is_dir():
        return host.service_locks
    return find_php_temp(host.php_settings) or _TEMPORARY


# Deciding


def _plan(values: dict[str, Any] | None, url: URL, prefix: str, locks: Path) -> Plan:
    """What of the file is missing or wrong. A user of the bridge's own, tokens and all else that is there are kept."""
    found = values or {}
    changes: dict[tuple[str, str], str] = {}
    database, auth = _section(found, "database"), _section(found, "auth")
    if not _same_database(str(database.get("url", "")), url):
        changes["database", "url"] = url.render_as_string(hide_password=False)
    if database.get("prefix", "ps_") != prefix:
        changes["database", "prefix"] = prefix
    token = None
    if _is_no_token(auth.get("shop_token")):
        token = changes["auth", "shop_token"] = secrets.token_hex(32)
    if _is_no_token(auth.get("admin_token")):
        changes["auth", "admin_token"] = secrets.token_hex(32)
    if values is None and locks != _TEMPORARY:
        changes["locks", "directory"] = str(locks)
    return Plan(changes=changes, is_new=values is None, shop_token=token)


def _section(values: dict[str, Any], name: str) -> dict[str, Any]:
    found = values.get(name, {})
    return found if isinstance(found, dict) else {}


def _same_database(written: str, url: URL) -> bool:
    """Whether the file names that database. Of the shop's own user the password counts, too; of another one nothing."""
    try:
        there = make_url(written)
    except ArgumentError:
        return False
    if there.username != url.username:
        return there.database == url.database
    return (_server(there), there.database, there.password) == (_server(url), url.database, url.password)


def _server(url: URL) -> str:
    """Which server that is; a socket and the usual port of this host are two ways into one."""
    port = url.port or 3306
    is_here = "unix_socket" in url.query or (url.host in _LOOPBACK and port == 3306)
    return "this host's" if is_here else f"{url.host}:{port}"


def _is_no_token(value: object) -> bool:
    return not isinstance(value, str) or len(value) < _SHORTEST_TOKEN or value.startswith("replace-me")


def _ask(config: Path, plan: Plan, *, yes: bool) -> None:
    question = f"{config} is there already. Change {', '.join(plan.names)} in it?"
    if yes:
        return
    if not sys.stdin.isatty():
        raise NotAllowed(f"{question} Nobody is here to ask: --yes says so")
    if not click.confirm(question):
        raise NotAllowed("nothing was changed")


# Doing


def _make_tables(engine: Engine, prefix: str) -> str | None:
    """Make the bridge's tables, or say why not."""
    before = schema_version(engine, prefix)
    if before == HEAD:
        click.echo(f"Tables       {prefix}molbridge_* are there, version {HEAD}")
        return None
    try:
        migrate(engine, prefix)
    except ConfigurationError as error:
        return f"{error.faults[0]}. Run sql/schema.sql as an administrator of the database, then init again"
    click.echo(f"Tables       {prefix}molbridge_* {'made' if before is None else 'brought up to date'}, version {HEAD}")
    return None


def _text(config: Path, plan: Plan) -> str:
    text = config_example.render() if plan.is_new else config.read_text(encoding="utf-8")
    for (section, name), value in plan.changes.items():
        text = config_file.set_value(text, section, name, value)
    return text


# Telling


def _tell_survey(parameters: ShopParameters, survey: ShopSurvey) -> None:
    where = parameters.socket or f"{parameters.host}:{parameters.port}"
    click.echo(f"Database     {parameters.database} at {where}, prefix {parameters.prefix!r}, user {parameters.user}")
    if survey.mollie_version is None and not survey.has_payments:
        click.echo("Mollie       the Mollie module is not installed in this shop: install it first")
        return
    mode = "live" if survey.live else "test"
    has_key = survey.has_live_key if survey.live else survey.has_test_key
    version = survey.mollie_version or "of an unknown version"
    click.echo(f"Mollie       module {version}, {mode} mode, {'its key is there' if has_key else 'ITS KEY IS MISSING'}")


def _tell_config(config: Path, plan: Plan) -> None:
    if not plan.changes:
        click.echo(f"Settings     {config} is as it should be: nothing was changed")
    elif plan.is_new:
        click.echo(f"Settings     {config} written, mode 0600")
    else:
        click.echo(f"Settings     {config}: changed {', '.join(plan.names)}")


def _tell_next(shop: Path, config: Path, plan: Plan, host: Host, survey: ShopSurvey) -> None:
    values = config_file.read_values(config) or {}
    directory = Path(str(_section(values, "locks").get("directory", _TEMPORARY)))
    bind = str(_section(values, "server").get("bind", "127.0.0.1:8787"))
    click.echo("\nOn the page of the shop's module (docs/how-to/install-the-shim.md):")
    click.echo(f"  Address of the bridge  {bind if bind.startswith('unix:') else f'http://{bind}'}")
    shown = plan.shop_token or f"(shown once; it is auth.shop_token in {config})"
    click.echo(f"  Token                  {shown}")
    php_temp = find_php_temp(host.php_settings) or _TEMPORARY
    click.echo(f"  Lock directory         {'(leave it empty)' if directory == php_temp else directory}")
    for warning in _warnings(directory, host):
        click.echo(f"\nWARNING: {warning}")
    module = "" if survey.shim_version else "\n  make shim, and upload the zip in the shop's back office"
    click.echo(
        f"\nNext:{module}\n  mollie-bridge serve --config {config}, or as a service: docs/how-to/run-as-a-service.md"
    )
    click.echo(f"  mollie-bridge doctor --config {config} --shop {shop}")


def _warnings(directory: Path, host: Host) -> list[str]:
    if directory != _TEMPORARY and _TEMPORARY not in directory.parents:
        return []
    try:
        units = units_with_private_tmp(host.systemctl)
    except Untestable:
        return []
    if not units:
        return []
    fault = f"{', '.join(units)} has a /tmp of its own (PrivateTmp): lock files in {directory} would keep nobody away."
    return [f"{fault} Set locks.directory to {host.service_locks}, see docs/how-to/run-as-a-service.md"]
