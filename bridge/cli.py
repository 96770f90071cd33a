"""The command line: `mollie-bridge`."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from bridge import __version__
from bridge.config import CONFIG_VARIABLE, Settings, find_config, load_settings
from bridge.domain.errors import BridgeError, ConfigurationError


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="mollie-bridge")
def commands() -> None:
    """One cart is paid once: the sidecar between PrestaShop and Mollie."""


def main() -> None:
    """Run a command; what goes wrong on purpose is told in one line each, without a stack trace."""
    try:
        commands()
    except ConfigurationError as error:
        for fault in error.faults:
            click.echo(f"mollie-bridge: {fault}", err=True)
        sys.exit(2)
    except BridgeError as error:
        click.echo(f"mollie-bridge: {error}", err=True)
        sys.exit(1)


def _settings(config: Path | None) -> Settings:
    """The settings; the path is left in the environment for the server's processes."""
    path = config or find_config()
    if path is not None:
        os.environ[CONFIG_VARIABLE] = str(path.resolve())
    return load_settings(path)


REFUND_STATES = ("proposed", "queued", "sent", "refunded", "failed", "uncertain", "dropped")

config_option = click.option(
    "--config",
    "-c",
    type=click.Path(path_type=Path, dir_okay=False),
    help=f"The configuration file (else ${CONFIG_VARIABLE}, else the environment alone).",
)


@commands.command()
@click.option("--shop", type=click.Path(path_type=Path), required=True, help="The shop's folder (/var/www/shop).")
@click.option(
    "--config",
    "-c",
    type=click.Path(path_type=Path, dir_okay=False),
    help=f"The file to write (else ${CONFIG_VARIABLE}, else /etc/mollie-bridge/config.toml).",
)
@click.option("--yes", is_flag=True, help="Change a file that is there already without asking.")
def init(shop: Path, config: Path | None, yes: bool) -> None:
    """Set up the bridge for a shop: tables, configuration, tokens."""
    from bridge.commands.init import PLACE, run_init  # noqa: PLC0415

    sys.exit(0 if run_init(shop, config or find_config() or PLACE, yes=yes) else 1)


@commands.command()
@config_option
@click.option("--shop", type=click.Path(path_type=Path), help="The shop's folder: more can be looked at then.")
@click.option("--json", "as_json", is_flag=True, help="A JSON object instead of a table.")
def doctor(config: Path | None, shop: Path | None, as_json: bool) -> None:
    """Prove the set-up: database, rights, clocks, Mollie, locks, sidecar, webhook, module."""
    from bridge.commands.doctor import print_unloadable, run_doctor  # noqa: PLC0415

    try:
        settings = _settings(config)
    except ConfigurationError as error:
        if not as_json:
            raise
        print_unloadable(error)
        sys.exit(2)
    sys.exit(0 if run_doctor(settings, config or find_config(), shop=shop, as_json=as_json) else 1)


@commands.command()
@config_option
def serve(config: Path | None) -> None:
    """Run the sidecar."""
    from bridge.server import serve as run  # noqa: PLC0415  (the other commands start quicker without it)

    settings = _settings(config)
    run(settings)


@commands.command()
@config_option
def migrate(config: Path | None) -> None:
    """Make or update the bridge's own tables."""
    from bridge.adapters.ledger import create_engine  # noqa: PLC0415
    from bridge.adapters.migrations import migrate as run  # noqa: PLC0415
    from bridge.adapters.migrations import schema_version  # noqa: PLC0415

    database = _settings(config).database
    engine = create_engine(database.url.get_secret_value())
    run(engine, database.prefix)
    click.echo(f"tables {database.prefix}molbridge_* are at version {schema_version(engine, database.prefix)}")


@commands.command()
@config_option
@click.option("--json", "as_json", is_flag=True, help="A JSON array instead of a table.")
def locks(config: Path | None, as_json: bool) -> None:
    """Show who works on which cart now."""
    from bridge.commands.locks import find_holds, print_holds  # noqa: PLC0415

    print_holds(find_holds(_settings(config)), as_json=as_json)


@commands.command()
@config_option
@click.option("--once", is_flag=True, required=True, help="Make one pass and exit; the server makes them by itself.")
def janitor(config: Path | None, once: bool) -> None:  # noqa: ARG001  (there is nothing but once)
    """Put right what was left lying: due deliveries and refunds, silent payments, old rows. For a cron job."""
    from bridge.commands.queues import run_janitor  # noqa: PLC0415

    sys.exit(0 if run_janitor(_settings(config)) else 1)


@commands.command()
@config_option
@click.argument("delivery_id", required=False)
@click.option("--cart", "cart_id", type=click.IntRange(min=1), help="What failed of this cart.")
@click.option("--dead", is_flag=True, help="All that were given up.")
def replay(config: Path | None, delivery_id: str | None, cart_id: int | None, dead: bool) -> None:
    """Work on deliveries again, here and now: one by its id, a cart's, or all that are dead."""
    from bridge.commands.queues import print_deliveries  # noqa: PLC0415
    from bridge.commands.queues import replay as run  # noqa: PLC0415

    if sum((delivery_id is not None, cart_id is not None, dead)) != 1:
        raise click.UsageError("name one of: DELIVERY_ID, --cart, --dead")
    replayed = run(_settings(config), delivery_id=delivery_id, cart_id=cart_id)
    print_deliveries(replayed)
    sys.exit(0 if all(delivery.state == "done" for delivery in replayed) else 1)


@commands.command()
@config_option
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="Payments made on or after this day (UTC).")
@click.option("--shop-id", type=click.IntRange(min=1), default=1, show_default=True, help="Of a multishop.")
@click.option("--rate", type=click.FloatRange(0.1, 50), default=5.0, show_default=True, help="Questions a second.")
@click.option("--fix", is_flag=True, help="Do what is safe: decide again under the cart's lease, correct rows.")
@click.option(
    "--notebook",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("mollie-bridge-reconcile.jsonl"),
    show_default=True,
    help="Where each page is written down; the next call goes on there.",
)
@click.option("--format", "form", type=click.Choice(("table", "json", "csv")), default="table", show_default=True)
def reconcile(
    config: Path | None, since: datetime | None, shop_id: int, rate: float, fix: bool, notebook: Path, form: str
) -> None:
    """Hold Mollie's payments against the shop and the ledger. Changes nothing without --fix. Exit code 1: findings."""
    from bridge.commands.reconcile import Options, show  # noqa: PLC0415
    from bridge.commands.reconcile import reconcile as run  # noqa: PLC0415

    begin = since.replace(tzinfo=UTC) if since else None
    options = Options(shop_id=shop_id, since=begin, rate=rate, fix=fix, notebook=notebook)
    outcome = run(_settings(config), options)
    show(outcome, form=form)
    sys.exit(1 if outcome.left else 0)


@commands.group()
def refunds() -> None:
    """The refunds that need a person, and what is to become of them."""


@refunds.command("list")
@config_option
@click.option("--state", type=click.Choice(REFUND_STATES), help="Only these; else those that need a person.")
@click.option("--json", "as_json", is_flag=True, help="A JSON array instead of a table.")
def list_refunds(config: Path | None, state: str | None, as_json: bool) -> None:
    """Show refunds."""
    from bridge.commands.queues import list_refunds as find  # noqa: PLC0415
    from bridge.commands.queues import print_refunds  # noqa: PLC0415

    print_refunds(find(_settings(config), state=state), as_json=as_json)


@refunds.command()
@config_option
@click.argument("refund_id")
def approve(config: Path | None, refund_id: str) -> None:
    """Make a proposed refund, now."""
    from bridge.commands.queues import decide_refund  # noqa: PLC0415

    refund = decide_refund(_settings(config), refund_id, approve=True)
    click.echo(f"{refund.money} of {refund.transaction_id}: {refund.state.value}")
    if refund.state in ("failed", "dropped"):
        click.echo(f"not made: {refund.last_error}", err=True)
        sys.exit(1)


@refunds.command()
@config_option
@click.argument("refund_id")
def reject(config: Path | None, refund_id: str) -> None:
    """Do not make a proposed refund."""
    from bridge.commands.queues import decide_refund  # noqa: PLC0415

    refund = decide_refund(_settings(config), refund_id, approve=False)
    click.echo(f"{refund.money} of {refund.transaction_id}: {refund.state.value}")


@commands.command()
@config_option
@click.option(
    "--shop", type=click.Path(path_type=Path, file_okay=False), help="A shop's folder; nothing need be installed."
)
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="Only what happened since that day (YYYY-MM-DD).")
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json", "csv", "markdown", "html"]),
    default="table",
    show_default=True,
    help="How it is written.",
)
@click.argument("names", nargs=-1)
def report(config: Path | None, shop: Path | None, since: datetime | None, form: str, names: tuple[str, ...]) -> None:
    """What went wrong and what it cost: all reports, or those named. Exits with 1 when something needs a person."""
    from bridge.commands import report as run  # noqa: PLC0415

    unknown = [name for name in names if name not in run.known_names()]
    if unknown:
        raise click.UsageError(f"there is no report {', '.join(unknown)}. There are: {', '.join(run.known_names())}")
    if shop is not None and config is not None:
        raise click.UsageError("--shop and --config exclude each other")
    source = run.of_settings(_settings(config)) if shop is None else run.of_shop(shop)
    told = run.look(source, names, since=since.date() if since else None)
    run.write(told, run.Format(form))
    sys.exit(1 if told.needs_a_person else 0)


@commands.command()
@click.option("--once", is_flag=True, help="Run the scenario, print it, exit: 0 when the cart was paid once.")
@click.option("--port", default=8080, show_default=True, help="Port of the storefront.")
def demo(once: bool, port: int) -> None:
    """See a cart paid twice, and then once: shop, Mollie and sidecar on this machine."""
    from bridge.demo.run import run  # noqa: PLC0415

    sys.exit(run(once=once, port=port))


if __name__ == "__main__":
    main()
