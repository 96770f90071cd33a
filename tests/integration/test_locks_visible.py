"""Who works on which cart now: on the command line, in the API, and as plain SQL in any client."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.integration.sidecar import ADMIN_TOKEN
from tests.integration.world import World
from tests.services.php import start_php
from tests.services.program import run_program
from tests.services.waiting import wait_until

pytestmark = [pytest.mark.mariadb, pytest.mark.slow, pytest.mark.req("P6")]

ROOT = Path(__file__).parents[2]
REPORT = ROOT / "sql/reports/locks_held.sql"

HOLD = """
require '/usr/share/php/Symfony/Component/Lock/autoload.php';
$factory = new Symfony\\Component\\Lock\\LockFactory(new Symfony\\Component\\Lock\\Store\\FlockStore($argv[1]));
$lock = $factory->createLock($argv[2]);
$lock->acquire(true);
echo "held\\n";
fgets(STDIN);
"""


def shown(world: World) -> list[dict[str, Any]]:
    """What `mollie-bridge locks --json` prints."""
    rows = json.loads(run_program("locks", "--json", "--config", str(world.sidecar.config)).stdout)
    assert isinstance(rows, list)
    return rows


def take_lease(world: World) -> tuple[int, str]:
    cart_id, _ = world.new_cart()
    taken = world.sidecar.post("/v1/leases", {"shop_id": 1, "cart_id": cart_id, "purpose": "import"})
    assert taken.status == 201, taken
    return cart_id, str(taken.data["token"])


def test_a_lease_is_seen_on_the_command_line_in_the_api_and_by_sql(world: World) -> None:
    cart_id, token = take_lease(world)

    on_command_line = [row for row in shown(world) if row["key"] == f"webhook-cart-{cart_id}"]
    in_api = world.sidecar.get("/v1/locks", token=ADMIN_TOKEN).data["leases"]
    by_sql = world.rows(REPORT.read_text())
    world.sidecar.post(f"/v1/leases/{token}/complete", {"outcome": "done"})

    assert {row["seen_in"] for row in on_command_line} == {"lock", "row"}
    assert {row["purpose"] for row in on_command_line if row["seen_in"] == "row"} == {"caller:import"}
    assert [row["cart_id"] for row in in_api] == [cart_id]
    assert [(row[1], row[2], row[7]) for row in by_sql] == [(cart_id, "caller:import", 0)]
    assert token not in json.dumps(on_command_line) + json.dumps(in_api) + str(by_sql)
    assert world.rows(REPORT.read_text()) == ()


@pytest.mark.php
def test_a_lock_that_php_holds_is_seen_on_the_command_line(world: World) -> None:
    cart_id, _ = world.new_cart()
    key = f"webhook-cart-{cart_id}"
    with start_php(HOLD, str(world.sidecar.folder), key) as shop:
        try:
            rows = wait_until(lambda: [row for row in shown(world) if row["key"] == key], interval=0.2)
        finally:
            shop.kill()

    assert [row["seen_in"] for row in rows] == ["lock"]
    assert str(shop.pid) in rows[0]["holder"]
    assert "php" in rows[0]["holder"]


def test_nothing_held_is_said_in_words(world: World) -> None:
    printed = run_program("locks", "--config", str(world.sidecar.config)).stdout

    assert printed == "Nobody holds a lock or a lease.\n"
