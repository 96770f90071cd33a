"""What `mollie-bridge doctor` makes of a shop that Mollie does not reach, and of a module that does not guard."""

from __future__ import annotations

import subprocess

import pytest
from werkzeug.wrappers import Request, Response

from bridge.diagnosis.findings import Outcome
from tests.integration.patient import Patient, answering, changed, configured
from tests.services.process import free_port
from tests.shim.web_server import MODULE

pytestmark = [pytest.mark.mariadb, pytest.mark.php, pytest.mark.nginx, pytest.mark.slow, pytest.mark.req("B10")]


# The shop


def moved(request: Request) -> Response:
    return Response("", 301, headers={"Location": "https://www.example.com/elsewhere?secret=1"})


def test_a_webhook_that_is_redirected(patient: Patient) -> None:
    with answering(moved) as url, configured(patient, "PS_SHOP_DOMAIN", url.removeprefix("http://")):
        found = patient.examined()

    assert found.failed == {"shop.webhook", "shim.answers"}
    assert found["shop.webhook"].seen.endswith("a redirect to https://www.example.com/elsewhere")


def test_a_shop_that_nobody_reaches(patient: Patient) -> None:
    with configured(patient, "PS_SHOP_DOMAIN", f"127.0.0.1:{free_port()}"):
        found = patient.examined()

    assert found.failed == {"shop.webhook", "shim.answers"}
    assert found["shim.installed"].outcome is Outcome.OK, "its tables can still be read"
    assert found["shim.hooks"].outcome is Outcome.OK


def test_a_shop_without_an_address(patient: Patient) -> None:
    with configured(patient, "PS_SHOP_DOMAIN", None):
        found = patient.examined()

    assert found.failed == {"shop.address"}
    assert found["shop.webhook"].outcome is Outcome.UNTESTED


def test_a_shop_that_is_reached_another_way_from_here(patient: Patient) -> None:
    patient.write(webhooks={"shop_url": patient.world.server.url})
    with configured(patient, "PS_SHOP_DOMAIN", "shop.invalid"):
        assert patient.examined().failed == set()


def test_a_shop_in_maintenance(patient: Patient) -> None:
    with configured(patient, "PS_SHOP_ENABLE", "0"):
        assert patient.examined().failed == {"shop.open"}


def test_a_mollie_module_that_is_disabled(patient: Patient) -> None:
    disable = "DELETE s FROM ps_module_shop s JOIN ps_module m ON m.id_module = s.id_module WHERE m.name = 'mollie'"
    enable = "INSERT INTO ps_module_shop (id_module, id_shop) SELECT id_module, 1 FROM ps_module WHERE name = 'mollie'"
    with changed(patient, disable, enable):
        found = patient.examined()

    assert found.failed == {"shop.webhook"}
    assert found["shop.webhook"].seen.endswith("answered 404")


# The shop's module


def test_a_module_that_is_not_installed(patient: Patient) -> None:
    patient.world.server.admin("uninstall")
    try:
        found = patient.examined()
    finally:
        patient.world.install_shim()

    assert found.failed == {"shim.installed", "shim.configured", "shim.answers"}
    assert found["shim.locks"].outcome is Outcome.UNTESTED


def test_a_module_that_is_disabled(patient: Patient) -> None:
    patient.world.server.admin("disable")
    try:
        found = patient.examined()
    finally:
        patient.world.server.admin("enable")

    assert found.failed == {"shim.installed", "shim.answers"}
    assert found["shim.installed"].seen == "version 0.1.0, disabled"


def test_a_module_of_another_version(patient: Patient) -> None:
    statement = f"UPDATE ps_module SET version = '{{}}' WHERE name = '{MODULE}'"
    with changed(patient, statement.format("0.0.9"), statement.format("0.1.0")):
        found = patient.examined()

    assert found.failed == {"shim.installed"}


@pytest.mark.parametrize("hook", ["actionFrontControllerInitAfter", "actionValidateOrderBefore"])
def test_a_hook_that_is_not_registered(patient: Patient, hook: str) -> None:
    ours = f"FROM ps_hook h, ps_module m WHERE h.name = '{hook}' AND m.name = '{MODULE}'"
    gone = f"DELETE r FROM ps_hook_module r JOIN (SELECT h.id_hook, m.id_module {ours}) x USING (id_hook, id_module)"
    back = (
        f"INSERT INTO ps_hook_module (id_module, id_shop, id_hook, position) SELECT m.id_module, 1, h.id_hook, 1 {ours}"
    )
    with changed(patient, gone, back):
        found = patient.examined()

    assert found.failed == {"shim.hooks"}
    assert found["shim.hooks"].seen == f"not registered: {hook}"


def test_a_hook_that_is_switched_off(patient: Patient) -> None:
    statement = "UPDATE ps_hook SET active = {} WHERE name = 'actionFrontControllerInitAfter'"
    with changed(patient, statement.format(0), statement.format(1)):
        found = patient.examined()

    assert found.failed == {"shim.called"}
    assert found["shim.called"].seen == "left out: hooks that are switched off (actionFrontControllerInitAfter)"


def test_a_customer_group_for_which_the_module_is_not_called(patient: Patient) -> None:
    ours = f"SELECT id_module FROM ps_module WHERE name = '{MODULE}'"
    gone = f"DELETE FROM ps_module_group WHERE id_group = 3 AND id_module = ({ours})"
    back = f"INSERT INTO ps_module_group (id_module, id_shop, id_group) SELECT m.id_module, 1, 3 FROM ({ours}) m"
    with changed(patient, gone, back):
        found = patient.examined()

    assert found.failed == {"shim.called"}
    assert "customer groups that may use the Mollie module and not this one (" in found["shim.called"].seen


def test_a_shop_of_a_multishop_that_has_the_mollie_module_alone(patient: Patient) -> None:
    made = (
        "INSERT INTO ps_shop (id_shop, id_shop_group, name, color, id_category, theme_name, active, deleted)"
        " VALUES (2, 1, 'Outlet', '', 2, 'classic', 1, 0)"
    )
    theirs = "SELECT id_module, 2 FROM ps_module WHERE name = 'mollie'"
    enabled = f"INSERT INTO ps_module_shop (id_module, id_shop) {theirs}"
    with (
        changed(patient, made, "DELETE FROM ps_shop WHERE id_shop = 2"),
        changed(patient, enabled, "DELETE FROM ps_module_shop WHERE id_shop = 2"),
    ):
        found = patient.examined()

    assert found.failed == {"shim.called"}
    assert "not this one on all its hooks (Outlet)" in found["shim.called"].seen


def test_a_module_without_a_token(patient: Patient) -> None:
    with configured(patient, "MOLLIEBRIDGE_TOKEN", None):
        found = patient.examined()

    assert found.failed == {"shim.configured", "shim.answers"}
    assert found["shim.answers"].seen == "the module has no token"


def test_a_module_with_another_address_of_the_sidecar(patient: Patient) -> None:
    with configured(patient, "MOLLIEBRIDGE_ENDPOINT", f"http://127.0.0.1:{free_port()}"):
        found = patient.examined()

    assert found.failed == {"shim.sidecar"}
    assert "does not reach the sidecar" in found["shim.sidecar"].seen


def test_a_policy_that_is_none(patient: Patient) -> None:
    with configured(patient, "MOLLIEBRIDGE_POLICY", "maybe"):
        assert "shim.policy" in patient.examined().warned


def test_nobody_without_the_token_is_answered(patient: Patient) -> None:
    page = f"{patient.world.server.url}/index.php?fc=module&module={MODULE}&controller=selftest"
    nonce = "0" * 32
    for header in ("", "t=1,nonce=x,v1=y", f"t=1772366400,nonce={nonce},v1={nonce * 2}"):
        told = subprocess.run(
            ["curl", "-sS", "-X", "POST", "-d", "hold_ms=9000", "-H", f"X-Molliebridge-Selftest: {header}", page],
            capture_output=True,
            text=True,
            check=True,
        )
        assert told.stdout == '{"error":"signature"}'
