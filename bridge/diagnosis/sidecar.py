"""The sidecar: does it answer, is it this program with this configuration, and what waits for a person."""

from __future__ import annotations

from bridge import __version__
from bridge.adapters.ledger import SqlLedger
from bridge.adapters.prestashop import SqlShop
from bridge.diagnosis.findings import Check, Verdict, failed, ok, warning
from bridge.diagnosis.installation import Installation
from bridge.diagnosis.untestable import Untestable
from bridge.domain.errors import StoreDown

_RESTART = "restart it: systemctl restart mollie-bridge"
_REFUNDS_FOR_A_PERSON = ("proposed", "uncertain", "failed")


def _answers(installation: Installation) -> Verdict:
    status = installation.sidecar
    if status.fault:
        return failed(f"{status.where}: {status.fault}", "start it: systemctl start mollie-bridge")
    if status.status in (401, 403):
        return failed(
            f"{status.where} refuses auth.shop_token",
            "it was started with another configuration: restart it, or name the configuration it runs with",
        )
    if status.status != 200:
        return failed(f"{status.where} answered {status.status}", "see its log: journalctl -u mollie-bridge")
    return ok(f"{status.where} answers, mode {status.text('mode')}")


def _same_program(installation: Installation) -> Verdict:
    running = _told(installation, "version")
    if running == __version__:
        return ok(f"version {running}")
    return failed(f"the sidecar is {running}, this program {__version__}", _RESTART)


def _same_configuration(installation: Installation) -> Verdict:
    running = _told(installation, "lock_backend")
    locks = installation.settings.locks
    wanted = [locks.backend, str(locks.directory) if locks.backend == "flock" else ""]
    there = [running, installation.sidecar.text("lock_directory") if locks.backend == "flock" else ""]
    rollout = installation.settings.rollout
    wanted += [rollout.mode.value, str(rollout.percentage)]
    there += [installation.sidecar.text("mode"), str(installation.sidecar.told.get("percentage"))]
    if wanted == there:
        return ok(" ".join(part for part in there if part) + " %")
    return failed(
        f"it runs with {' '.join(filter(None, there))} %, configured is {' '.join(filter(None, wanted))} %",
        _RESTART,
    )


def _guards(installation: Installation) -> Verdict:
    rollout = installation.settings.rollout
    if rollout.mode.value == "observe" or rollout.percentage == 0:
        return warning("no cart is guarded (rollout)", "when you have watched enough: rollout.mode, rollout.percentage")
    if rollout.percentage < 100:
        return warning(f"{rollout.percentage} of 100 carts are guarded", "raise rollout.percentage step by step to 100")
    return ok("every cart is guarded")


def _queues(installation: Installation) -> Verdict:
    if installation.database_fault is not None:
        raise Untestable("the database does not answer")
    ledger = SqlLedger(
        installation.engine, installation.prefix, lambda connection: SqlShop(connection, installation.prefix)
    )
    try:
        figures = ledger.queues.figures(installation.clock.now())
    except StoreDown as error:
        raise Untestable(str(error)) from error
    waiting = {
        "dead deliveries (mollie-bridge replay --dead)": figures.deliveries.get("dead", 0),
        **{
            f"{state} refunds (mollie-bridge refunds list)": figures.refunds.get(state, 0)
            for state in _REFUNDS_FOR_A_PERSON
        },
    }
    seen = [f"{number} {what.partition(' (')[0]}" for what, number in waiting.items() if number]
    if not seen:
        return ok("nothing waits for a person")
    look = [what.partition("(")[2].rstrip(")") for what, number in waiting.items() if number]
    return warning(", ".join(seen), "look at them: " + ", ".join(dict.fromkeys(look)))


def _told(installation: Installation, name: str) -> str:
    if installation.sidecar.status != 200 or not installation.sidecar.told:
        raise Untestable("the sidecar does not answer")
    return installation.sidecar.text(name)


CHECKS = (
    Check("sidecar.answers", "the sidecar answers and takes the shop's token", _answers),
    Check("sidecar.version", "the sidecar is this program", _same_program),
    Check("sidecar.configuration", "it runs with this configuration", _same_configuration),
    Check("sidecar.rollout", "it guards", _guards),
    Check("queues.waiting", "nothing waits for a person", _queues),
)
