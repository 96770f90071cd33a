"""What `mollie-bridge doctor` makes of locks that keep nobody away, of Redis, and of the sidecar."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import create_engine
from werkzeug.wrappers import Response

from bridge.adapters.ledger import SqlLedger
from bridge.adapters.prestashop import SqlShop
from bridge.diagnosis.findings import Outcome
from bridge.domain.records import DeliveryState
from tests.contract.ledger_builders import CART, a_delivery
from tests.integration.patient import ROOT, Patient, answering, configured
from tests.services.process import free_port
from tests.services.redis import PrivateRedis

pytestmark = [pytest.mark.mariadb, pytest.mark.php, pytest.mark.nginx, pytest.mark.slow, pytest.mark.req("B10")]


# Locks


def test_a_lock_directory_that_is_not_there(patient: Patient) -> None:
    patient.write(locks={"directory": "/nowhere/locks"})

    found = patient.examined()

    assert found.failed == {"locks.directory", "shim.locks", "sidecar.configuration"}
    assert found["locks.directory"].seen == "the lock directory /nowhere/locks does not exist"


def test_a_module_that_is_told_another_directory(patient: Patient, tmp_path: Path) -> None:
    with configured(patient, "MOLLIEBRIDGE_LOCK_DIR", str(tmp_path)):
        found = patient.examined()

    assert found.failed == {"shim.configured", "shim.locks"}
    assert found["shim.locks"].seen.startswith(f"PHP locks in {tmp_path}, the sidecar in")


def test_a_directory_that_php_may_not_write(patient: Patient) -> None:
    with configured(patient, "MOLLIEBRIDGE_LOCK_DIR", "/proc/1"):
        found = patient.examined()

    assert found.failed == {"shim.configured", "shim.locks"}
    assert found["shim.locks"].seen == "PHP can not lock files in /proc/1"


def test_a_directory_of_the_same_name_that_is_another_one(patient: Patient, tmp_path: Path) -> None:
    # What PrivateTmp does, the other way round: here the doctor sees another directory than PHP.
    inside = 'mount --bind "$0" "$1" && shift && exec "$@"'
    doctor = [sys.executable, "-m", "bridge.cli", "doctor", "--json", "--config", str(patient.config)]
    user = [] if os.geteuid() == 0 else ["--map-root-user"]
    ran = subprocess.run(
        ["unshare", *user, "--mount", "sh", "-c", inside, str(tmp_path), str(patient.world.server.temp), *doctor],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=90,
    )

    assert ran.returncode == 1, ran.stderr
    bad = {row["check"]: row for row in json.loads(ran.stdout)["checks"] if row["outcome"] == "failed"}
    assert set(bad) == {"shim.locks"}
    assert "not the same directory (PrivateTmp" in bad["shim.locks"]["seen"]


def test_a_unit_of_php_with_a_tmp_of_its_own(patient: Patient) -> None:
    found = patient.examined(private=("php8.2-fpm.service",))

    assert found["locks.private_tmp"].outcome is Outcome.WARNING
    assert found["locks.private_tmp"].seen.startswith("php8.2-fpm.service: PrivateTmp=yes")


def test_private_tmp_does_not_matter_elsewhere(patient: Patient) -> None:
    patient.write(locks={"directory": "/run/lock"})

    assert patient.examined(private=("apache2.service",))["locks.private_tmp"].outcome is Outcome.OK


@pytest.mark.redis
def test_redis_that_forgets(patient: Patient, redis_server: PrivateRedis) -> None:
    patient.write(locks={"backend": "redis", "redis_url": redis_server.url})
    with redis_server.client() as client:
        client.config_set("maxmemory-policy", "allkeys-lru")
        found = patient.examined()
        client.config_set("maxmemory-policy", "noeviction")

    assert found["redis.reachable"].outcome is Outcome.OK
    assert {"redis.eviction", "redis.persistence"} <= found.warned
    assert found["sidecar.configuration"].outcome is Outcome.FAILED, "the sidecar still runs with files"


@pytest.mark.redis
def test_redis_that_keeps_what_it_is_told(patient: Patient) -> None:
    with PrivateRedis(durable=True) as durable:
        patient.write(locks={"backend": "redis", "redis_url": durable.url})
        found = patient.examined()

    assert found["redis.eviction"].outcome is found["redis.persistence"].outcome is Outcome.OK
    assert found["shim.locks"].outcome is Outcome.UNTESTED


def test_redis_that_does_not_answer(patient: Patient) -> None:
    patient.write(locks={"backend": "redis", "redis_url": f"redis://:secret@127.0.0.1:{free_port()}/0"})

    found = patient.examined()

    assert found.failed == {"redis.reachable", "sidecar.configuration"}
    assert "secret" not in found["redis.reachable"].seen


# The sidecar


def test_a_sidecar_that_does_not_run(patient: Patient) -> None:
    port = free_port()
    patient.write(server={"bind": f"127.0.0.1:{port}"})
    with configured(patient, "MOLLIEBRIDGE_ENDPOINT", f"http://127.0.0.1:{port}"):
        found = patient.examined()

    assert found.failed == {"sidecar.answers", "shim.sidecar"}
    assert found["sidecar.version"].outcome is Outcome.UNTESTED


def test_a_sidecar_with_other_tokens(patient: Patient) -> None:
    patient.write(auth={"shop_token": "another-token-0123456789abcdef0123456789"})

    found = patient.examined()

    assert found.failed == {"sidecar.answers", "shim.configured", "shim.answers"}


def test_a_sidecar_of_another_version(patient: Patient) -> None:
    status = {"version": "9.9.9", "mode": "enforce", "percentage": 100, "lock_backend": "flock"}
    status["lock_directory"] = str(patient.world.server.temp)
    with answering(lambda _: Response(json.dumps({"data": status}), mimetype="application/json")) as url:
        patient.write(server={"bind": url.removeprefix("http://")})
        found = patient.examined()

    assert found.failed == {"sidecar.version"}
    assert "9.9.9" in found["sidecar.version"].seen


def test_a_program_that_is_no_sidecar(patient: Patient) -> None:
    with answering(lambda _: Response("hello")) as url:
        patient.write(server={"bind": url.removeprefix("http://")})
        found = patient.examined()

    assert found.failed == {"sidecar.answers"}
    assert "not a sidecar's" in found["sidecar.answers"].seen


def test_a_sidecar_that_was_not_restarted_after_a_change(patient: Patient) -> None:
    patient.write(rollout={"percentage": 50})

    found = patient.examined()

    assert found.failed == {"sidecar.configuration"}
    assert "sidecar.rollout" in found.warned


def test_deliveries_that_were_given_up(patient: Patient) -> None:
    engine = create_engine(patient.database.url)
    ledger = SqlLedger(engine, "ps_", lambda connection: SqlShop(connection, "ps_"))
    ledger.in_cart(CART, lambda tx: tx.save_delivery(replace(a_delivery(), state=DeliveryState.DEAD)))
    try:
        found = patient.examined()
    finally:
        patient.database.execute("DELETE FROM ps_molbridge_delivery")
        engine.dispose()

    assert found["queues.waiting"].outcome is Outcome.WARNING
    assert found["queues.waiting"].seen == "1 dead deliveries"
