"""`mollie-bridge doctor` on a healthy installation, and what it makes of each thing that is broken on purpose."""

from __future__ import annotations

import json

import pytest

from bridge.adapters.migrations import HEAD
from bridge.diagnosis.examination import CHECKS
from bridge.diagnosis.findings import Outcome
from tests.contract.raw_server import raw_server
from tests.integration.patient import PASSWORD, USER, Patient, changed, configured
from tests.integration.sidecar import ADMIN_TOKEN, SHOP_TOKEN

pytestmark = [pytest.mark.mariadb, pytest.mark.php, pytest.mark.nginx, pytest.mark.slow, pytest.mark.req("B10")]

REDIS = {"redis.reachable", "redis.eviction", "redis.persistence"}


# Health


def test_nothing_is_wrong_with_a_healthy_installation(patient: Patient) -> None:
    found = patient.examined()

    assert {name: found[name].seen for name in found.failed} == {}
    assert found.warned == {"shop.address"}, "the stand-in shop has no SSL"
    assert found.with_outcome(Outcome.UNTESTED) == REDIS


def test_each_check_makes_one_line_in_the_documented_order(patient: Patient) -> None:
    assert list(patient.examined().findings) == [check.name for check in CHECKS]


def test_without_the_shops_folder_the_module_itself_tells_the_rest(patient: Patient) -> None:
    found = patient.examined(with_shop=False)

    assert found.failed == set()
    assert found["shim.installed"].seen == "version 0.1.0, it answers"
    assert found["shim.hooks"].outcome is Outcome.OK


def test_the_command_prints_a_table_and_succeeds(patient: Patient) -> None:
    ran = patient.told("--shop", str(patient.shop))

    assert (ran.returncode, ran.stderr) == (0, "")
    assert "each sees the other's lock in" in ran.stdout
    assert "0 failed" not in ran.stdout
    assert not [secret for secret in (SHOP_TOKEN, ADMIN_TOKEN, PASSWORD) if secret in ran.stdout]


def test_it_leaves_no_file_behind(patient: Patient) -> None:
    patient.examined()

    assert list(patient.world.server.temp.glob("*selftest*")) == []
    assert list(patient.world.server.temp.glob("*doctor*")) == []


def test_the_json_has_a_stable_shape_and_no_secret(patient: Patient) -> None:
    ran = patient.told("--json", "--shop", str(patient.shop))
    told = json.loads(ran.stdout)

    assert list(told) == ["healthy", "counts", "checks"]
    assert told["healthy"] is True
    assert set(told["counts"]) == {"ok", "warning", "failed", "not tested"}
    assert {tuple(row) for row in told["checks"]} == {("check", "outcome", "tested", "seen", "advice")}
    assert sum(told["counts"].values()) == len(told["checks"]) == len(CHECKS)
    assert not [secret for secret in (SHOP_TOKEN, ADMIN_TOKEN, PASSWORD) if secret in ran.stdout]


# Configuration


def test_a_configuration_that_does_not_load(patient: Patient) -> None:
    patient.write(gate={"wiat": 2})

    plain, as_json = patient.told(), patient.told("--json")

    assert plain.returncode == as_json.returncode == 2
    assert plain.stderr == "mollie-bridge: gate.wiat: there is no such setting\n"
    told = json.loads(as_json.stdout)
    assert [(row["check"], row["outcome"]) for row in told["checks"]] == [("config.loads", "failed")]


def test_a_folder_that_is_no_shop(patient: Patient) -> None:
    ran = patient.told("--shop", "/nowhere")

    assert ran.returncode == 2
    assert len(ran.stderr.splitlines()) == 1


def test_a_configuration_that_everybody_can_read(patient: Patient) -> None:
    patient.config.chmod(0o644)

    ran = patient.told("--json")

    row = next(row for row in json.loads(ran.stdout)["checks"] if row["check"] == "config.file")
    assert ran.returncode == 1
    assert row["outcome"] == "failed"
    assert row["advice"].endswith(f"chmod 0600 {patient.config}")


# Database


def test_a_wrong_password_of_the_database(patient: Patient) -> None:
    patient.write(database={"url": patient.sections["database"]["url"].replace(PASSWORD, "another")})

    found = patient.examined(with_shop=False)

    assert found.failed == {"database.reachable"}
    assert "refused" in found["database.reachable"].seen
    assert found["database.rights"].outcome is Outcome.UNTESTED
    assert found["sidecar.answers"].outcome is Outcome.OK, "the others still run"


def test_a_wrong_prefix(patient: Patient) -> None:
    patient.write(database={"prefix": "xy_"})

    found = patient.examined(with_shop=False)

    assert found.failed == {"database.schema", "database.rights"}


def test_tables_of_another_version(patient: Patient) -> None:
    statement = "UPDATE ps_molbridge_version SET version_num = '{}'"
    with changed(patient, statement.format("0001"), statement.format(HEAD)):
        older = patient.examined()["database.schema"]
    with changed(patient, statement.format("9999"), statement.format(HEAD)):
        newer = patient.examined()["database.schema"]

    assert (older.outcome, older.advice) == (Outcome.FAILED, "run mollie-bridge migrate")
    assert newer.outcome is Outcome.FAILED
    assert "newer program" in newer.advice


@pytest.mark.parametrize(
    ("revoked", "named"),
    [
        ("INSERT ON ps_molbridge_audit", "INSERT on ps_molbridge_audit"),
        ("SELECT ON ps_orders", "SELECT on ps_orders"),
        ("UPDATE (reason) ON ps_mollie_payments", "UPDATE (bank_status, reason, updated_at) on ps_mollie_payments"),
    ],
)
def test_a_right_that_is_missing(patient: Patient, revoked: str, named: str) -> None:
    user = f"'{USER}'@'127.0.0.1'"
    with changed(patient, f"REVOKE {revoked} FROM {user}", f"GRANT {revoked} TO {user}"):
        found = patient.examined()["database.rights"]

    assert found.outcome is Outcome.FAILED
    assert named in found.seen


def test_rights_that_nobody_needs(patient: Patient) -> None:
    user = f"'{USER}'@'127.0.0.1'"
    with changed(patient, f"GRANT UPDATE ON ps_orders TO {user}", f"REVOKE UPDATE ON ps_orders FROM {user}"):
        one = patient.examined()["database.excess"]
    with changed(patient, f"GRANT FILE ON *.* TO {user}", f"REVOKE FILE ON *.* FROM {user}"):
        everywhere = patient.examined()["database.excess"]

    assert (one.outcome, one.seen) == (Outcome.WARNING, f"{USER} may also write the shop's orders")
    assert "in every database" in everywhere.seen


def test_a_database_that_can_not_be_written(patient: Patient) -> None:
    with changed(patient, "SET GLOBAL read_only = 1", "SET GLOBAL read_only = 0"):
        assert patient.examined().failed == {"database.settings"}


def test_a_database_with_too_few_connections(patient: Patient) -> None:
    patient.write(database={"pool_size": 590})

    assert patient.examined()["database.settings"].outcome is Outcome.WARNING


def test_a_database_whose_clock_is_wrong(patient: Patient) -> None:
    ahead = "SET GLOBAL init_connect = 'SET timestamp = UNIX_TIMESTAMP() + 10'"
    with changed(patient, ahead, "SET GLOBAL init_connect = ''"):
        found = patient.examined()

    assert found.failed == {"clock.database"}
    assert found["clock.database"].seen.endswith("s ahead")


def test_a_host_whose_clock_is_wrong(patient: Patient) -> None:
    found = patient.examined(behind=90)

    assert found.failed == {"clock.database", "clock.mollie", "clock.php", "shim.answers"}
    assert found["clock.php"].seen.startswith("PHP is 90.")


# Mollie


def test_a_shop_without_a_mollie_key(patient: Patient) -> None:
    with configured(patient, "MOLLIE_API_KEY_TEST", ""):
        found = patient.examined()

    assert found.failed == {"mollie.key", "shop.webhook"}, "the module answers 401 without one"
    assert found["mollie.accepted"].outcome is Outcome.UNTESTED
    assert found["clock.mollie"].outcome is Outcome.OK, "the time is told to anybody"


def test_a_mollie_key_that_mollie_refuses(patient: Patient) -> None:
    with configured(patient, "MOLLIE_ENVIRONMENT", "1"), configured(patient, "MOLLIE_API_KEY", "live_nobodysKey"):
        found = patient.examined()

    assert found.failed == {"mollie.accepted"}
    assert found["mollie.key"].seen == "the live key of the shop"
    assert not [each for each in found.findings.values() if "nobodysKey" in each.seen + each.advice]


def test_mollie_that_can_not_be_reached(patient: Patient) -> None:
    patient.write(mollie={"endpoint": "http://127.0.0.1:9"})

    found = patient.examined()

    assert found.failed == {"mollie.reachable"}
    assert found["mollie.accepted"].outcome is Outcome.UNTESTED


def test_a_clock_that_is_not_mollies(patient: Patient) -> None:
    head = b"HTTP/1.1 200 OK\r\nDate: Sun, 01 Mar 2026 12:00:00 GMT\r\nContent-Length: 2\r\n\r\n{}"
    with raw_server(lambda connection, _: connection.sendall(head)) as mollie:
        patient.write(mollie={"endpoint": mollie.url})
        found = patient.examined()

    assert found.failed == {"clock.mollie"}
