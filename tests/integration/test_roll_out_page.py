"""Rolling out and upgrading with the commands of their pages: a step on, a step back, and what is to be looked at."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bridge.domain.cart import CartRef
from bridge.domain.rollout import Rollout, RolloutMode
from tests.integration.on_call import ROOT, OnCall, commands
from tests.integration.world import World, running_world
from tests.services.mariadb import Database, PrivateMariaDB

pytestmark = [pytest.mark.mariadb, pytest.mark.slow]

MIGRATOR = "mollie_bridge_migrate"


@pytest.fixture
def database(mariadb: PrivateMariaDB) -> Iterator[Database]:
    mariadb.start()
    yield mariadb.create_database("rolled_out")
    mariadb.start()
    mariadb.drop_database("rolled_out")


@pytest.fixture
def world(database: Database) -> Iterator[World]:
    with running_world(database, rollout={"mode": "observe"}) as running:
        running.mollie.webhooks.hold()
        yield running


@pytest.fixture
def on_call(world: World, tmp_path: Path) -> OnCall:
    return OnCall(world, tmp_path)


def set_step(world: World, **rollout: Any) -> None:
    """What the page says of each step: edit the file, restart."""
    world.sidecar.stop()
    world.sidecar.sections["rollout"] = rollout
    world.sidecar.start()


def two_payments(world: World) -> tuple[int, list[str]]:
    """A cart whose shopper was let through twice."""
    cart_id, _ = world.new_cart()
    transactions = []
    for _ in range(2):
        assert world.initiate(cart_id).status == 201
        transactions.append(world.shop.pay(cart_id).transaction_id)
    return cart_id, transactions


@pytest.mark.req("L17")
def test_after_a_week_of_observing_it_is_seen_what_guarding_would_have_done(world: World, on_call: OnCall) -> None:
    _, (first, second) = two_payments(world)
    for transaction in (first, second):
        world.mollie.pay(transaction)
        world.route_until_taken(transaction)

    seen = on_call.types(commands("roll-out.md", "1. Observe"))

    counted = {tuple(line.split("\t")) for line in seen.splitlines()[1:]}
    assert ("initiation.observed", "Proceed", "1", "1") in counted
    assert ("initiation.observed", "Resume", "1", "1") in counted
    assert {line[1] for line in counted if line[0] == "settlement.observed"} == {"Settle", "Surplus"}


@pytest.mark.req("L17")
def test_what_to_look_at_can_be_looked_at(world: World, on_call: OnCall) -> None:
    two_payments(world)

    seen = on_call.types(commands("roll-out.md", "What to look at before each step"))

    assert 'molbridge_observed_total{decision="Resume"} 1.0' in seen
    assert re.search(r"^warning +sidecar.rollout", seen, re.MULTILINE)


@pytest.mark.req("L17")
def test_a_payment_that_was_begun_while_it_was_watched_is_known_one_step_on(world: World) -> None:
    cart_id, _ = world.new_cart()
    assert world.initiate(cart_id).status == 201
    open_payment = world.shop.pay(cart_id)

    set_step(world, mode="enforce", percentage=100)

    answer = world.initiate(cart_id)
    assert (answer.status, answer.data["action"]) == (409, "resume")
    assert answer.data["checkout_url"] == open_payment.checkout_url


@pytest.mark.req("L17", "P11")
def test_one_step_back_stands_in_nobodys_way(world: World) -> None:
    set_step(world, mode="enforce", percentage=100)
    cart_id, _ = world.new_cart()
    _, first = world.open_payment(cart_id)
    assert world.initiate(cart_id).status == 409

    set_step(world, mode="observe")

    assert world.initiate(cart_id).status == 201
    second = world.shop.pay(cart_id).transaction_id
    for transaction in (first, second):
        world.mollie.pay(transaction)
        world.route_until_taken(transaction)
    assert len(world.references(cart_id)) == 1
    assert {str(row["bank_status"]) for row in world.shop.payments_of(cart_id)} == {"paid"}, "the module heard of both"


@pytest.mark.req("L17")
def test_who_is_guarded_at_ten_is_guarded_at_fifty() -> None:
    carts = [CartRef(shop_id=1, cart_id=number) for number in range(1, 2001)]
    guarded = {
        step: {cart for cart in carts if Rollout(mode=RolloutMode.ENFORCE, percentage=step).guards(cart)}
        for step in (10, 50, 100)
    }

    assert guarded[10] < guarded[50] < guarded[100] == set(carts)
    assert [round(len(guarded[step]) / 20) for step in (10, 50)] == pytest.approx([10, 50], abs=3)


@pytest.mark.req("L18")
def test_the_tables_are_brought_up_to_date_by_the_user_who_may(world: World, on_call: OnCall) -> None:
    text = commands("upgrade.md", "3. The tables")
    grants = (ROOT / "sql" / "grants.sql").read_text().replace("'localhost'", "'127.0.0.1'")
    world.database.run_script(grants)
    try:
        assert "ps_molbridge_* are at version" in on_call.types(text)
        assert MIGRATOR in text
        assert world.sidecar.get("/readyz").status == 200
    finally:
        users = ", ".join(
            f"'{user}'@'{at}'" for user in ("mollie_bridge", MIGRATOR) for at in ("localhost", "127.0.0.1")
        )
        world.database.execute(f"DROP USER IF EXISTS {users}")


@pytest.mark.req("L18")
def test_an_older_program_refuses_newer_tables(world: World, on_call: OnCall) -> None:
    world.sidecar.stop()
    world.database.execute("UPDATE ps_molbridge_version SET version_num = '9999'")

    with pytest.raises(AssertionError, match="of another version of this program"):
        on_call.types(".venv/bin/mollie-bridge serve --config config.toml")


@pytest.mark.req("L15", "L18")
def test_what_troubleshooting_says_to_run_runs(world: World, on_call: OnCall) -> None:
    set_step(world, mode="enforce", percentage=100)
    cart_id, _ = world.new_cart()
    world.open_payment(cart_id)
    assert world.initiate(cart_id).status == 409
    text = (ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```bash\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)

    audit, locks, dead = (on_call.types(blocks[0].splitlines()[0], each) for each in blocks_of(blocks, cart_id))

    assert '"decision": "Resume"' in audit or '"decision":"Resume"' in audit
    assert "webhook-cart" not in locks, "nobody works on a cart now"
    assert json.loads(dead)["data"] == {"deliveries": []}


def blocks_of(blocks: list[str], cart_id: int) -> list[str]:
    """The page's blocks about the cart with this number."""
    assert "/v1/carts/42/audit" in blocks[0]
    return [block.replace("/42/", f"/{cart_id}/") for block in blocks]
